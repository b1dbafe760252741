"""Video codes on a single picture: AV1 and H.265 (what BPG is made of), as elementary streams without SEI."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain
from typing import Final

import av
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext

from evaluation.methods.video_code import AV1, H265, Setting, VideoCode, encode
from semvid.errors import InvalidInput
from semvid.images.types import Picture
from semvid.images.yuv import from_yuv420

_ANY_RATE: Final = Fraction(25)  # a still has none; encoders want one


class Intra:
    """A `StillCode` of one key picture, 4:2:0, full-range BT.601.

    Args:
        name: see `StillCode`.
        code: its encoder.
        crfs: the qualities.
    """

    def __init__(self, name: str, code: VideoCode, crfs: Sequence[float]) -> None:
        self.name, self._code, self.qualities = name, code, crfs
        self.settings = f"{code.encoder} {code.options(code.crfs[0], None)} av {av.__version__}"

    def encode(self, picture: Picture, quality: float) -> bytes:
        """See `StillCode.encode`."""
        setting = Setting(scale=1, step=1, crf=quality, final=True)
        return b"".join(encode(self._code, [picture], _ANY_RATE, setting).packets)

    def decode(self, data: bytes) -> Picture:
        """See `StillCode.decode`."""
        decoder = av.CodecContext.create(self._code.decoder, "r")
        assert isinstance(decoder, VideoCodecContext)
        decoder.thread_count = 1
        try:
            packet = av.Packet(self._code.restore(data))
            frames = list(chain(decoder.decode(packet), decoder.decode(None)))
        except FFmpegError as error:
            raise InvalidInput(f"{self.name}: {len(data)} bytes that its decoder refuses: {error}") from error
        if len(frames) != 1 or frames[0].format.name != "yuv420p":
            raise InvalidInput(f"{self.name}: {len(data)} bytes that hold no picture in 4:2:0")
        planes = frames[0].to_ndarray().astype(np.uint8, copy=False)
        return from_yuv420(planes, frames[0].width, frames[0].height)


def _svt_av1(crf: float, pixels_per_s: float | None) -> dict[str, str]:  # noqa: ARG001
    # tune=1 is PSNR, by which this field compares; avif=1 is the encoder's mode for stills
    return {"preset": "4", "svtav1-params": f"keyint=-1:lp=1:tune=1:avif=1:crf={crf:g}"}


def _x265(crf: float, pixels_per_s: float | None) -> dict[str, str]:  # noqa: ARG001
    # ipratio=1: the quantiser of the picture is the CRF, and not one finer: 51 is the coarsest. A breath of
    # adaptive quantisation makes fractions of the CRF count: without it 1 is a step of 14 % in bytes.
    quantiser = "ipratio=1:aq-mode=1:aq-strength=0.2"
    quiet = "info=0:repeat-headers=1:log-level=none:frame-threads=1:pools=none"
    return {"preset": "veryslow", "tune": "psnr", "crf": f"{crf:g}", "x265-params": f"{quantiser}:{quiet}"}


_AV1_CRFS: Final = range(63, 9, -1)
_H265_CRFS: Final = [half / 2 for half in range(102, 23, -1)]
AV1_STILL: Final = Intra(
    "av1", VideoCode("libsvtav1", "libdav1d", _AV1_CRFS, _svt_av1, AV1.strip, AV1.restore), _AV1_CRFS
)
H265_STILL: Final = Intra(
    "h265", VideoCode("libx265", "hevc", range(51, 11, -1), _x265, H265.strip), _H265_CRFS
)
