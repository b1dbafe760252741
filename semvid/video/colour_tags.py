"""What a source says of its colour: the code points of ITU-T H.273, as FFmpeg passes them on.

What is left open is taken as players take it: video without a matrix is BT.709 from 720 lines on and BT.601
below, video without primaries has those of BT.709, without a transfer function it is ordinary SDR.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from av.buffer import Buffer
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from semvid.errors import UnsupportedMedia
from semvid.semantics.hdr import HdrColour, HdrTransfer

HD_HEIGHT = 720  # pixels
PQ, HLG = HdrTransfer.PQ.value, HdrTransfer.HLG.value
BT709, BT601, BT2020 = 1, 6, 9  # matrix coefficients and primaries alike
YCGCO, FROM_PRIMARIES = 8, 12  # matrix coefficients
IDENTITY, _UNSPECIFIED, _RESERVED = 0, 2, 3  # matrix coefficients
_FULL = 2  # AVCOL_RANGE_JPEG
_USUAL_PEAK = 1000.0  # cd/m2: BT.2100's reference display, where the source does not name its own
_LEAST_PEAK, _MOST_PEAK = 100.0, 10_000.0  # cd/m2; what lies outside is no display

MATRICES = {
    IDENTITY: "none: RGB or grey",
    BT709: "BT.709",
    4: "FCC",
    5: "BT.601",
    BT601: "BT.601",
    7: "SMPTE 240M",
    YCGCO: "YCgCo",
    BT2020: "BT.2020",
    FROM_PRIMARIES: "derived from the primaries",
}
"""Matrix coefficients that can be decoded."""

_REFUSED_MATRICES = {
    10: "BT.2020 constant luminance",
    11: "SMPTE ST 2085",
    13: "constant luminance derived from the primaries",
    14: "ICtCp",
    15: "IPT-PQ-C2",
    16: "YCgCo-Re",
    17: "YCgCo-Ro",
}
PRIMARIES = {
    BT709: "BT.709",
    4: "BT.470 M",
    5: "BT.601 625 lines",
    BT601: "BT.601 525 lines",
    7: "SMPTE 240M",
    8: "film",
    BT2020: "BT.2020",
    10: "CIE XYZ",
    11: "DCI-P3",
    12: "Display P3",
    22: "EBU 3213",
}
TRANSFERS = {
    1: "BT.709",
    4: "gamma 2.2",
    5: "gamma 2.8",
    6: "BT.601",
    7: "SMPTE 240M",
    8: "linear",
    9: "logarithmic 100:1",
    10: "logarithmic 316:1",
    11: "xvYCC",
    12: "BT.1361",
    13: "sRGB",
    14: "BT.2020",
    15: "BT.2020",
    PQ: "PQ",
    17: "SMPTE ST 428",
    HLG: "HLG",
}


@dataclass(frozen=True, slots=True)
class ColourTags:
    """The colour of a source, nothing left open.

    Attributes:
        matrix, primaries, transfer: numbers of H.273, keys of `MATRICES`, `PRIMARIES`, `TRANSFERS`.
        full_range: black and white are the least and the largest code, not 16 and 235 of 256.
        peak: of PQ, cd/m2: the lightest that the source says it holds; 1000 for all else.
    """

    matrix: int = BT709
    primaries: int = BT709
    transfer: int = BT709
    full_range: bool = False
    peak: float = _USUAL_PEAK

    @property
    def hdr(self) -> bool:
        """Whether its light goes beyond diffuse white."""
        return self.transfer in (PQ, HLG)

    @property
    def kept(self) -> HdrColour | None:
        """What pictures of it are that are not tone-mapped; None: it is no HDR."""
        return HdrColour(HdrTransfer(self.transfer), self.primaries) if self.hdr else None

    def describe(self) -> dict[str, str | float]:
        """In words, for a resource or a report."""
        return {
            "primaries": PRIMARIES[self.primaries],
            "transfer": TRANSFERS[self.transfer],
            "matrix": MATRICES[self.matrix],
            "range": "full" if self.full_range else "limited",
            **({"peak_cd_m2": self.peak} if self.transfer == PQ else {}),
        }


def is_rgb(pixels: VideoFormat) -> bool:
    """Whether samples are red, green and blue, or look them up."""
    return pixels.is_rgb or pixels.has_palette


def is_grey(pixels: VideoFormat) -> bool:
    """Whether there is no colour, with alpha or without."""
    return not is_rgb(pixels) and (len(pixels.components) == 1 or pixels.name.startswith("ya"))


def colour_of(frame: VideoFrame) -> ColourTags:
    """How the samples of ``frame`` are meant.

    Raises:
        UnsupportedMedia: matrix coefficients that cannot be decoded.
    """
    plain = is_rgb(frame.format) or is_grey(frame.format)
    transfer = frame.color_trc if frame.color_trc in TRANSFERS else BT709
    wide = transfer in (PQ, HLG) or frame.colorspace == BT2020
    primaries = frame.color_primaries
    if primaries not in PRIMARIES:
        primaries = BT2020 if wide else BT709
    return ColourTags(
        IDENTITY if plain else _matrix(frame, wide or primaries == BT2020),
        primaries,
        transfer,
        _is_full_range(frame, plain),
        _peak(frame) if transfer == PQ else _USUAL_PEAK,
    )


def _matrix(frame: VideoFrame, wide: bool) -> int:
    matrix = frame.colorspace
    if matrix in (IDENTITY, _UNSPECIFIED, _RESERVED):  # no YCbCr can have the identity
        usual = BT709 if frame.height >= HD_HEIGHT else BT601
        return BT2020 if wide else usual
    if matrix not in MATRICES:
        name = _REFUSED_MATRICES.get(matrix, "not defined")
        accepted = ", ".join(dict.fromkeys(list(MATRICES.values())[1:]))
        raise UnsupportedMedia(
            f"the colour matrix of the video is number {matrix} of ITU-T H.273 ({name}), which semvid does "
            f"not decode; accepted are {accepted}: export the video with one of these"
        )
    return matrix


def _is_full_range(frame: VideoFrame, usually: bool) -> bool:
    if frame.color_range:
        return frame.color_range == _FULL
    return usually or frame.format.name.startswith("yuvj")


def _peak(frame: VideoFrame) -> float:
    """MaxCLL (CTA-861.3) where it is stated, otherwise the mastering display's (SMPTE ST 2086), cd/m2."""
    side_data = cast("Mapping[str, Buffer]", frame.side_data)
    stated = 0.0
    if "CONTENT_LIGHT_LEVEL" in side_data:
        stated = float(struct.unpack_from("=I", bytes(side_data["CONTENT_LIGHT_LEVEL"]))[0])
    if not stated and "MASTERING_DISPLAY_METADATA" in side_data:
        # AVMasteringDisplayMetadata: eight rationals of chromaticities, two of luminance, two flags
        *_, numerator, denominator, _, has_luminance = struct.unpack_from(
            "=20i2i", bytes(side_data["MASTERING_DISPLAY_METADATA"])
        )
        stated = numerator / denominator if has_luminance and denominator else 0.0
    return min(max(stated, _LEAST_PEAK), _MOST_PEAK) if stated else _USUAL_PEAK
