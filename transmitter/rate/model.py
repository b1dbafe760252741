"""What is traded: the price of a symbol, of a keyframe, and of quality.

Density has one number, the price of a keyframe: the loss, summed over the frames of a gap, that a keyframe in
it must save. Quality has one too, the CRF. How the two go together on a clip is measured
(`transmitter.rate.plan`); the model here says how they go on from there, and prices gaps against each other.
Its coefficients were fitted to pyramids on clips that the laboratory does not measure with
(docs/decisions/0009-pyramid.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from semvid.phy.adaptation import LinkAdapter
from semvid.video.probe import SourceInfo

# How the loss of a coded picture grows with the CRF, and how its bytes shrink.
_LOSS_PER_CRF_BELOW_60: Final = 0.055
_LOSS_PER_CRF_ABOVE_60: Final = 0.10
_BYTES_PER_CRF_BELOW_60: Final = 0.08
_BYTES_PER_CRF_ABOVE_60: Final = 0.11
_OFFSET: Final = 0.05  # of the bridging error; bytes of the keyframe that ends a gap go by the two together
_PRICE_AT_60: Final = 2.0
_PILOT_FACTOR: Final = 1.03
_SIDE_SYMBOLS_PER_BIT: Final = 0.95  # at 10 dB, header and captions of a short clip
_TYPICAL_BULK_BYTES, _TYPICAL_SIDE_BYTES = 1000, 6


@dataclass(frozen=True, slots=True)
class LinkPrice:
    """What the link charges; the values of `AT_10_DB` were measured, others follow in proportion.

    Attributes:
        bits_per_symbol: information of keyframes per channel use, repetitions to be expected included.
        block_symbols: of a block beside its keyframes' bits: control word, preamble, side information.
        fixed_symbols: of sounding, header, captions and end.
    """

    bits_per_symbol: float
    block_symbols: float
    fixed_symbols: float

    @classmethod
    def of(cls, adapter: LinkAdapter) -> LinkPrice:
        """The price at the SNR that ``adapter`` has observed."""
        usual = LinkAdapter()
        usual.observe(10.0, 10.0)
        bits, usual_bits = (
            a.bulk_bits_per_symbol(_TYPICAL_BULK_BYTES) / a.bulk_transmissions(_TYPICAL_BULK_BYTES)
            for a in (adapter, usual)
        )
        overhead, usual_overhead = (a.overhead_symbols(_TYPICAL_SIDE_BYTES) for a in (adapter, usual))
        dearer = overhead / usual_overhead
        return cls(
            AT_10_DB.bits_per_symbol * bits / usual_bits,
            AT_10_DB.block_symbols * dearer,
            AT_10_DB.fixed_symbols * dearer,
        )

    def symbols_of(self, size: float) -> float:
        """Channel uses of a block whose keyframes have ``size`` bytes, pilots and control word counted."""
        return size * 8 / self.bits_per_symbol * _PILOT_FACTOR + self.block_symbols

    def symbols_beside(self, size: float) -> float:
        """Channel uses of ``size`` bytes of side information in the protected part of a block."""
        return size * 8 * _SIDE_SYMBOLS_PER_BIT * self.block_symbols / AT_10_DB.block_symbols


AT_10_DB: Final = LinkPrice(bits_per_symbol=2.7, block_symbols=55.0, fixed_symbols=250.0)


def coded_size(source: SourceInfo, scale: float) -> tuple[int, int]:
    """Width and height of coded keyframes when both are divided by ``scale``; at least one pixel each."""
    return max(1, round(source.width / scale)), max(1, round(source.height / scale))


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What the planner decides for one clip.

    Attributes:
        crf: AV1 quality of keyframes.
        price: of a keyframe, see the module's text.
        scale: what width and height of coded pictures are divided by.
        preset: of SVT-AV1.
        detail, restoration: what the receiver puts back (`semvid.images.finishing`).
        link: what it charges.
    """

    crf: float
    price: float
    scale: float = 1.0
    preset: int = 4
    detail: int = 0
    restoration: int = 0
    link: LinkPrice = AT_10_DB

    def resource(self) -> dict[str, float]:
        """For reports."""
        return {
            "crf": self.crf,
            "price": round(self.price, 4),
            "scale": round(self.scale, 3),
            "preset": self.preset,
            "detail": self.detail,
            "restoration": self.restoration,
            "bits_per_symbol": round(self.link.bits_per_symbol, 3),
        }


def gap_loss(frames: int, error: float) -> float:
    """Summed loss of the frames between two keyframes, beyond what they lose by being coded.

    Args:
        frames: from one keyframe to the next.
        error: `transmitter.keyframes.bridging.bridging_error` of the gap.
    """
    return (frames - 1) * error * error


def keyframe_cost(price: float, error: float) -> float:
    """Price of the keyframe that ends a gap: what is bridged badly is predicted badly too."""
    return price * (error + _OFFSET)


def deserved_price(crf: float) -> float:
    """The price of keyframes that goes with a quality, up to a factor that belongs to the clip.

    A byte saves as much loss spent on density as spent on quality where the price is the loss of coding times
    the ratio of its growth to that of bytes.
    """
    below = crf <= 60
    loss_rate = _LOSS_PER_CRF_BELOW_60 if below else _LOSS_PER_CRF_ABOVE_60
    bytes_rate = _BYTES_PER_CRF_BELOW_60 if below else _BYTES_PER_CRF_ABOVE_60
    return _PRICE_AT_60 * math.exp(loss_rate * (crf - 60)) * loss_rate / bytes_rate


def bytes_factor(crf: float) -> float:
    """Bytes of a keyframe relative to CRF 60."""
    rate = _BYTES_PER_CRF_BELOW_60 if crf <= 60 else _BYTES_PER_CRF_ABOVE_60
    return math.exp(-rate * (crf - 60))


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
