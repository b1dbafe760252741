"""Quality and density of keyframes, decided together by one price.

A symbol costs the same wherever it is spent: on a keyframe more, on all keyframes a little better, or on a
finer first picture that the later ones inherit from. The price is the rd_lambda: the loss that a unit of CBR
must save to be worth sending. For a given rd_lambda the model says which CRF is right and, gap by gap,
whether a keyframe inside pays.

The coefficients are in units of LPIPS and were fitted to uniform keyframes on the clips that the laboratory
measures with, so its tables show how the model does on clips that it knows. How they were found, and what
else was tried: docs/decisions/0005-one-slope.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from semvid.phy.adaptation import LinkAdapter
from semvid.video.probe import SourceInfo

DEFAULT_RD_LAMBDA: Final = 150.0
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
_PILOT_FACTOR: Final = 1.03
_TYPICAL_KEYFRAME_BYTES, _TYPICAL_SIDE_BYTES = 600, 6


@dataclass(frozen=True, slots=True)
class LinkPrice:
    """What the link charges; the values of `AT_10_DB` were measured, others follow in proportion.

    Attributes:
        bits_per_symbol: information of keyframes per channel use.
        block_symbols: of a block beside its keyframe's bits: control word, preamble, side information.
        fixed_symbols: of sounding, header and end.
    """

    bits_per_symbol: float
    block_symbols: float
    fixed_symbols: float

    @classmethod
    def of(cls, adapter: LinkAdapter) -> LinkPrice:
        """The price at the SNR that ``adapter`` has observed."""
        usual = LinkAdapter()
        usual.observe(10.0, 10.0)
        bits, usual_bits = (a.bulk_bits_per_symbol(_TYPICAL_KEYFRAME_BYTES) for a in (adapter, usual))
        overhead, usual_overhead = (a.overhead_symbols(_TYPICAL_SIDE_BYTES) for a in (adapter, usual))
        dearer = overhead / usual_overhead
        return cls(
            AT_10_DB.bits_per_symbol * bits / usual_bits,
            AT_10_DB.block_symbols * dearer,
            AT_10_DB.fixed_symbols * dearer,
        )

    def symbols_of(self, size: float) -> float:
        """Channel uses of a block whose keyframe has ``size`` bytes, pilots and control word counted."""
        return size * 8 / self.bits_per_symbol * _PILOT_FACTOR + self.block_symbols


AT_10_DB: Final = LinkPrice(bits_per_symbol=2.45, block_symbols=120.0, fixed_symbols=600.0)


def coded_size(source: SourceInfo, shrink: int) -> tuple[int, int]:
    """Width and height of coded keyframes when both are divided by ``shrink``; at least one pixel each."""
    return max(1, round(source.width / shrink)), max(1, round(source.height / shrink))


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What the optimiser decides for one clip.

    Attributes:
        crf: AV1 quality of keyframes.
        rd_lambda: loss that a unit of CBR must save.
        bytes_scale: bytes of this clip's keyframes relative to the model's.
        finer_start: quantiser steps by which a picture that starts a sequence is finer than the others.
        shrink: what width and height of coded pictures are divided by.
        link: what it charges.
    """

    crf: int
    rd_lambda: float
    bytes_scale: float
    finer_start: int = 0
    shrink: int = 1
    link: LinkPrice = AT_10_DB

    def resource(self) -> dict[str, float]:
        """For reports."""
        return {
            "crf": self.crf,
            "rd_lambda": round(self.rd_lambda, 3),
            "bytes_scale": round(self.bytes_scale, 4),
            "finer_start": self.finer_start,
            "shrink": self.shrink,
            "bits_per_symbol": round(self.link.bits_per_symbol, 3),
        }


@dataclass(frozen=True, slots=True)
class GapCost:
    """Prices a gap between two keyframes.

    Attributes:
        point: quality and rd_lambda.
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
        symbols = self.point.link.symbols_of(self.predicted_bytes(error))
        coded = frames * coding_loss(self.point.crf)
        return coded + _bridged_loss(frames, error) + self.point.rd_lambda * symbols / self.samples

    def may_pay(self, frames: int, error: float) -> bool:
        """Whether a keyframe inside the gap could save more than its cheapest block costs."""
        cheapest = self.point.rd_lambda * self.point.link.symbols_of(0) / self.samples
        return _bridged_loss(frames, error) > cheapest

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


def deserved_rd_lambda(crf: float) -> float:
    """The rd_lambda at which a quality is right, up to a factor that belongs to the clip."""
    below = crf <= 60
    loss_rate = _LOSS_PER_CRF_BELOW_60 if below else _LOSS_PER_CRF_ABOVE_60
    bytes_rate = _BYTES_PER_CRF_BELOW_60 if below else _BYTES_PER_CRF_ABOVE_60
    return loss_rate * coding_loss(crf) / (bytes_rate * bytes_factor(crf))


@dataclass(frozen=True, slots=True)
class Forecast:
    """What frames cost, the first keyframe of a clip not counted.

    Attributes:
        fixed: symbols whatever the quality.
        scaled: symbols of keyframes at CRF 60.
        frames: that these were spent on.
    """

    fixed: float
    scaled: float
    frames: int

    @classmethod
    def of(cls, frames: int, symbols: float, keyframe_symbols: float, crf: float) -> Forecast:
        """From what ``frames`` did cost, keyframes at ``crf`` included."""
        return cls(symbols - keyframe_symbols, keyframe_symbols / bytes_factor(crf), frames)

    def at(self, crf: float) -> float:
        """Symbols of one frame more, at another quality; 0 without any frame to go by."""
        return (self.fixed + self.scaled * bytes_factor(crf)) / max(1, self.frames)

    def __add__(self, other: Forecast) -> Forecast:
        return Forecast(self.fixed + other.fixed, self.scaled + other.scaled, self.frames + other.frames)
