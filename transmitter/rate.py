"""Quality and density of keyframes, decided together by one price.

A symbol costs the same wherever it is spent: on a keyframe more, on all keyframes a little better, or on a
finer first picture that the later ones inherit from. The price is the slope: the loss that a unit of CBR must
save to be worth sending. For a given slope the model says which CRF is right and, gap by gap, whether a
keyframe inside pays.

The coefficients are in units of LPIPS and were fitted to uniform keyframes on the clips of
results/rate_quality.md, so that table shows how the model does on clips that it knows. How they were found,
and what else was tried: docs/decisions/0005-one-slope.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

DEFAULT_SLOPE: Final = 150.0
"""LPIPS per unit of CBR."""

# What a viewer loses on a coded picture at CRF 60, and how it grows with the CRF.
_LOSS_AT_60: Final = 0.09
_LOSS_PER_CRF_BELOW_60: Final = 0.065
_LOSS_PER_CRF_ABOVE_60: Final = 0.10
# What a viewer loses beyond that on a regenerated picture, from the error measured on small copies.
_LOSS_PER_SQUARED_ERROR: Final = 0.6
# Bytes of a predicted keyframe at CRF 60 from the same error, and how they shrink with the CRF.
_BYTES_AT_60: Final = 2270.0
_BYTES_OFFSET: Final = 0.05
_BYTES_PER_CRF_BELOW_60: Final = 0.08
_BYTES_PER_CRF_ABOVE_60: Final = 0.11
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
        finer_start: quantiser steps by which a picture that starts a sequence is finer than the others.
    """

    crf: int
    slope: float
    bytes_scale: float
    finer_start: int = 0

    def at(self, crf: int) -> OperatingPoint:
        """The same clip and slope at another quality."""
        return replace(self, crf=crf)

    def resource(self) -> dict[str, float]:
        """For reports."""
        return {
            "crf": self.crf,
            "slope": round(self.slope, 3),
            "bytes_scale": round(self.bytes_scale, 4),
            "finer_start": self.finer_start,
        }


@dataclass(frozen=True, slots=True)
class GapCost:
    """Prices a gap between two keyframes.

    Attributes:
        point: quality and slope.
        samples: of one source frame (3 * width * height): what a CBR refers to.
    """

    point: OperatingPoint
    samples: int

    def of_gap(self, frames: int, error: float) -> float:
        """Summed loss of a gap's frames, the keyframe at its end counted, and the price of its symbols.

        Args:
            frames: from one keyframe to the next.
            error: `transmitter.keyframes.bridging.bridging_error` of the gap.
        """
        symbols = symbols_of(self.predicted_bytes(error))
        coded = frames * coding_loss(self.point.crf)
        return coded + _bridged_loss(frames, error) + self.point.slope * symbols / self.samples

    def may_pay(self, frames: int, error: float) -> bool:
        """Whether a keyframe inside the gap could save more than its cheapest block costs."""
        return _bridged_loss(frames, error) > self.point.slope * symbols_of(0) / self.samples

    def predicted_bytes(self, error: float) -> float:
        """Bytes of the keyframe that ends a gap."""
        at_60 = _BYTES_AT_60 * (error + _BYTES_OFFSET)
        return self.point.bytes_scale * at_60 * bytes_factor(self.point.crf)


def _bridged_loss(frames: int, error: float) -> float:
    return (frames - 1) * _LOSS_PER_SQUARED_ERROR * error * error


def coding_loss(crf: float) -> float:
    """Loss of a coded picture (LPIPS)."""
    rate = _LOSS_PER_CRF_BELOW_60 if crf <= 60 else _LOSS_PER_CRF_ABOVE_60
    return _LOSS_AT_60 * math.exp(rate * (crf - 60))


def bytes_factor(crf: float) -> float:
    """Bytes of a keyframe relative to CRF 60."""
    rate = _BYTES_PER_CRF_BELOW_60 if crf <= 60 else _BYTES_PER_CRF_ABOVE_60
    return math.exp(-rate * (crf - 60))


def symbols_of(size: float) -> float:
    """Channel uses of a block whose keyframe has ``size`` bytes, pilots and control word counted."""
    return size * 8 / BITS_PER_SYMBOL * _PILOT_FACTOR + _BLOCK_SYMBOLS
