"""Decoder pictures <-> uint8 RGB: as a BT.709 screen shows it, or, of HDR that is kept, in its own values.

swscale's default flags darken a round trip by more than one level on average; rounding and full chroma
interpolation are therefore asked for in both directions. What swscale gets wrong goes through
`semvid.video.rendering` instead.
"""

from dataclasses import replace
from typing import cast

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)
from numpy.typing import NDArray

from semvid.errors import UnsupportedMedia
from semvid.semantics.hdr import HdrColour
from semvid.video.colour_tags import BT601, BT709, BT2020, IDENTITY, ColourTags, colour_of, is_grey, is_rgb
from semvid.video.transfer import SCREEN

_SCALER = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.BITEXACT
)
_SWSCALE_MATRICES = {
    BT709: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    BT601: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    BT2020: Colorspace.BT2020,
}


def to_rgb(
    frame: VideoFrame, reformatter: VideoReformatter, kept: HdrColour | None = None
) -> NDArray[np.uint8]:
    """Converts a decoded frame to [height, width, 3] RGB, full range; alpha is dropped.

    Matrix, range, primaries and transfer function are what the frame is tagged with.

    Args:
        frame: of any pixel format.
        reformatter: of this stream.
        kept: what the frame is, where only matrix and range are to be undone: R'G'B' keep primaries and
            transfer function. None: the picture is of BT.709, and HDR is tone-mapped.

    Raises:
        UnsupportedMedia: a matrix that cannot be decoded; a frame that is not ``kept``.
        av.FFmpegError: a pixel format that swscale cannot read.
    """
    tags = colour_of(frame)
    if kept is not None:
        from semvid.video.rendering import code_values

        if tags.kept != kept:
            raise UnsupportedMedia(
                "the colours change within the video, and only one kind of HDR can be kept; send it with hdr "
                "tone-map"
            )
        return code_values(frame, tags, reformatter, _SCALER)
    if not _swscale_is_right(frame, tags):
        from semvid.video.rendering import render  # numba: most sources do without

        return render(frame, tags, reformatter, _SCALER)
    rgb = reformatter.reformat(
        frame,
        format="rgb24",
        src_colorspace=_SWSCALE_MATRICES.get(tags.matrix),
        dst_color_range=ColorRange.JPEG,
        interpolation=_SCALER,
        threads=1,
    )
    return cast("NDArray[np.uint8]", rgb.to_ndarray())


def tone_mapped(picture: NDArray[np.uint8], tags: ColourTags) -> NDArray[np.uint8]:
    """A picture of kept HDR as a BT.709 screen shows it.

    Args:
        picture: uint8 RGB [height, width, 3].
        tags: of the source that it is from.
    """
    from semvid.video.rendering import render

    frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    return render(frame, replace(tags, matrix=IDENTITY, full_range=True), VideoReformatter(), _SCALER)


def from_rgb(
    picture: NDArray[np.uint8],
    pixel_format: str,
    reformatter: VideoReformatter,
    kept: HdrColour | None = None,
) -> VideoFrame:
    """Converts RGB [height, width, 3] to a YCbCr frame of ``pixel_format``: limited range, tagged.

    It is of BT.709, or what ``kept`` says, with the matrix of BT.2020 (non-constant luminance).
    """
    frame = reformatter.reformat(
        VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24"),
        format=pixel_format,
        dst_colorspace=Colorspace.ITU709 if kept is None else Colorspace.BT2020,
        dst_color_range=ColorRange.MPEG,
        interpolation=_SCALER,
        threads=1,
    )
    if kept is None:
        frame.color_primaries, frame.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    else:
        frame.color_primaries, frame.color_trc = kept.primaries, kept.transfer
    return frame


def _swscale_is_right(frame: VideoFrame, tags: ColourTags) -> bool:
    """Only for SDR in the primaries of BT.709. It stretches grey and RGB of limited range as if it were full,
    takes the whitest code of full range with more than 8 bits for a little less, and knows eight matrices."""
    if tags.primaries != BT709 or tags.transfer not in SCREEN:
        return False
    if is_rgb(frame.format) or is_grey(frame.format):
        return tags.full_range
    deep = frame.format.components[0].bits > 8
    return tags.matrix in _SWSCALE_MATRICES and not (tags.full_range and deep)
