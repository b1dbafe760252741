"""Quality and density of keyframes, decided together.

Every symbol must buy the same: a keyframe more, or all keyframes better. Both are priced by one model of what
a viewer loses and one slope, the loss that a unit of CBR must save to be worth sending. For a given slope the
model says which CRF a clip deserves and, frame by frame, where the next keyframe is cheapest.

The coefficients are in units of LPIPS and were set by hand on the clips of results/rate_quality.md, so that
table shows how the model does on clips that it knows (docs/decisions/0005-one-slope.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

DEFAULT_SLOPE: Final = 120.0
"""LPIPS per unit of CBR."""

# What a viewer loses on a coded picture at CRF 57, and how it grows with the CRF.
_LOSS_AT_57: Final = 0.084
_LOSS_PER_CRF: Final = 0.068
# What a viewer loses on a regenerated picture, from the error measured on small copies.
_LOSS_PER_ERROR: Final = 0.45
_HARMLESS_ERROR: Final = 0.055
# Bytes of a predicted keyframe at CRF 57, from the same error, and how they shrink with the CRF.
_BYTES_AT_57: Final = 2144.0
_BYTES_EXPONENT: Final = 0.84
_BYTES_OFFSET: Final = 0.02
_BYTES_PER_CRF: Final = 0.117
# Symbols of a block beside its keyframe's bits: pilots, control word, preamble, side information.
_PILOT_FACTOR: Final = 1.03
_BLOCK_SYMBOLS: Final = 120.0
BITS_PER_SYMBOL: Final = 2.45  # information, at 10 dB; the price of a byte in the model


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What the optimiser decides for one clip.

    Attributes:
        crf: AV1 quality of keyframes.
        slope: loss that a unit of CBR must save.
        bytes_scale: bytes of this clip's keyframes relative to the model's.
    """

    crf: int
    slope: float
    bytes_scale: float

    def at(self, crf: int) -> OperatingPoint:
        """The same clip and slope at another quality."""
        return replace(self, crf=crf)

    def resource(self) -> dict[str, float]:
        """For reports."""
        return {"crf": self.crf, "slope": self.slope, "bytes_scale": round(self.bytes_scale, 4)}


@dataclass(frozen=True, slots=True)
class GapCost:
    """Prices a gap between two keyframes.

    Attributes:
        point: quality and slope.
        samples: of one source frame (3 * width * height): what a CBR refers to.
    """

    point: OperatingPoint
    samples: int

    def per_frame(self, frames: int, error: float) -> float:
        """Loss and priced symbols of a gap, a frame.

        Args:
            frames: from one keyframe to the next.
            error: `transmitter.keyframes.bridging.bridging_error` of the gap.
        """
        symbols = symbols_of(self.predicted_bytes(error))
        return (self.loss(frames, error) + self.point.slope * symbols / self.samples) / frames

    def loss(self, frames: int, error: float) -> float:
        """Summed loss of the frames of a gap, one keyframe counted."""
        coded = coding_loss(self.point.crf)
        bridged = _LOSS_PER_ERROR * max(0.0, error - _HARMLESS_ERROR)
        return (frames - 1) * math.hypot(coded, bridged) + coded

    def predicted_bytes(self, error: float) -> float:
        """Bytes of the keyframe that ends a gap."""
        at_57 = _BYTES_AT_57 * math.pow(error + _BYTES_OFFSET, _BYTES_EXPONENT)
        return self.point.bytes_scale * at_57 * bytes_factor(self.point.crf)


def coding_loss(crf: float) -> float:
    """Loss of a coded picture (LPIPS)."""
    return _LOSS_AT_57 * math.exp(_LOSS_PER_CRF * (crf - 57))


def bytes_factor(crf: float) -> float:
    """Bytes of a keyframe relative to CRF 57."""
    return math.exp(-_BYTES_PER_CRF * (crf - 57))


def symbols_of(size: float) -> float:
    """Channel uses of a block whose keyframe has ``size`` bytes, pilots and control word counted."""
    return size * 8 / BITS_PER_SYMBOL * _PILOT_FACTOR + _BLOCK_SYMBOLS
