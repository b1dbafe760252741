"""Decoder pictures <-> uint8 RGB.

swscale's default flags darken a round trip by more than one level on average; rounding and full chroma
interpolation are therefore asked for in both directions. The transfer function is left as it is.
"""

from typing import cast

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

HD_HEIGHT = 720  # untagged video from here on means BT.709, below BT.601, as players assume
_SCALER = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.BITEXACT
)
_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED


def to_rgb(frame: VideoFrame, reformatter: VideoReformatter) -> NDArray[np.uint8]:
    """Converts a decoded frame to [height, width, 3] RGB, full range; an alpha channel is dropped.

    Matrix and range are those that the frame is tagged with.

    Raises:
        av.FFmpegError: a pixel format that swscale cannot read.
    """
    matrix: Colorspace | None = None
    if frame.colorspace == _UNSPECIFIED and frame.format.is_rgb is False:
        matrix = Colorspace.ITU709 if frame.height >= HD_HEIGHT else Colorspace.ITU601
    rgb = reformatter.reformat(
        frame,
        format="rgb24",
        src_colorspace=matrix,
        dst_color_range=ColorRange.JPEG,
        interpolation=_SCALER,
        threads=1,
    )
    return cast("NDArray[np.uint8]", rgb.to_ndarray())


def from_rgb(picture: NDArray[np.uint8], pixel_format: str, reformatter: VideoReformatter) -> VideoFrame:
    """Converts RGB [height, width, 3] to a YCbCr frame of ``pixel_format``: BT.709, limited range."""
    return reformatter.reformat(
        VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24"),
        format=pixel_format,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=_SCALER,
        threads=1,
    )
