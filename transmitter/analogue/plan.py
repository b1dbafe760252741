"""Size, density and symbols of keyframes that cross as symbols without bits; the rules are in docs/jscc.md.

A keyframe gets the symbols of a CBR of `KEYFRAME_CBR`, or the `MAX_BULK_SYMBOLS` that one burst holds, and is
coded at the size at which a patch gets `PATCH_SYMBOLS` of them. Where a CBR is to be met, density gives way
first, down to the keyframes that there are at any density, and symbols after it; where there are more than
all keyframes take, each gets more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from semvid.errors import TransmissionFailed
from semvid.images.jscc.levels import LEVELS, PATCH
from semvid.options import TransmissionOptions
from semvid.phy.adaptation import MAX_BULK_SYMBOLS
from semvid.profile import Given
from semvid.video.probe import SourceInfo
from transmitter.rate.footage import Footage
from transmitter.rate.model import LinkPrice, coded_size, deserved_price
from transmitter.rate.plan import PRICES, SCALES

KEYFRAME_CBR: Final = 0.0374
"""Of a keyframe against its own samples: a point at which the code is measured (docs/jscc.md)."""
PATCH_SYMBOLS: Final = 40
"""Of a patch in the mean: with fewer, smaller pictures come out nearer to the source (docs/jscc.md)."""
LEAST_PATCH_SYMBOLS: Final = 8
"""Of a patch in the mean: with fewer, nothing is sent."""
_USUAL_CRF: Final = 60.0  # of AV1: without a target keyframes stand where they would for it
_PILOTS: Final = 1.03
_MAP_BITS: Final = 2.5  # of the rate map, a patch; and its head, bytes
_HEAD_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class AnaloguePlan:
    """What a transmission starts with.

    Attributes:
        price: of a keyframe (`transmitter.rate.model`).
        scale: what width and height of coded pictures are divided by.
        symbols: without bits, of a keyframe.
        keyframes_per_frame: how dense they are expected to be after the first; 0: nobody looked.
    """

    price: float
    scale: float
    symbols: int
    keyframes_per_frame: float = 0.0

    def resource(self) -> dict[str, float]:
        """For reports."""
        return {
            "price": round(self.price, 4),
            "scale": round(self.scale, 3),
            "keyframe_symbols": self.symbols,
        }


def plan_analogue(
    read: Callable[[], Footage], options: TransmissionOptions, source: SourceInfo, link: LinkPrice
) -> AnaloguePlan:
    """The plan for a clip; see the module's text.

    Args:
        read: gives excerpts of the clip; called where a CBR is to be met.
        options: of the transmission.
        source: of the clip.
        link: what it charges now.

    Raises:
        TransmissionFailed: the target CBR has no room for any keyframe that is worth sending.
    """
    least = least_symbols(source, SCALES[-1])
    usual = max(least, min(MAX_BULK_SYMBOLS, round(KEYFRAME_CBR * 3 * source.width * source.height)))
    if options.target_cbr is None or options.given is not Given.BOTH_ENDS:
        return AnaloguePlan(deserved_price(_USUAL_CRF), scale_for(source, usual), usual)
    footage, frames = read(), source.frame_count_hint
    budget = options.target_cbr * 3 * source.width * source.height * frames - link.fixed_symbols
    for price in PRICES:  # the lower, the denser
        density = _density(footage, price)
        keyframes = 1 + density * (frames - 1)
        symbols = _affordable(budget / keyframes, source, link)
        if symbols >= usual:
            break
    most = min(MAX_BULK_SYMBOLS, patches(source, 1.0) * LEVELS[-1])
    if symbols < least:
        needed = _cost(least, source, link)
        raise TransmissionFailed(
            f"option target_cbr: {options.target_cbr:g} allows {max(0, round(budget / keyframes)):,} symbols "
            f"for each of {keyframes:.0f} keyframes, and coding jscc sends none with fewer than "
            f"{needed:,.0f}; raise the target CBR, or take another coding"
        )
    symbols = min(symbols, most)
    return AnaloguePlan(price, scale_for(source, symbols), symbols, density)


def scale_for(source: SourceInfo, symbols: float) -> float:
    """The least divisor at which a patch gets `PATCH_SYMBOLS`; the largest if none does."""
    return next((s for s in SCALES if symbols >= PATCH_SYMBOLS * patches(source, s)), SCALES[-1])


def least_symbols(source: SourceInfo, scale: float) -> int:
    """Symbols without bits that a keyframe of this size takes at the least."""
    return LEAST_PATCH_SYMBOLS * patches(source, scale)


def patches(source: SourceInfo, scale: float) -> int:
    """Of a keyframe of this size."""
    width, height = coded_size(source, scale)
    return -(-width // PATCH) * -(-height // PATCH)


def _cost(symbols: float, source: SourceInfo, link: LinkPrice) -> float:
    """Channel uses of a keyframe: pilots, control word and rate map counted."""
    side = _HEAD_BYTES + _MAP_BITS / 8 * patches(source, scale_for(source, symbols))
    return _PILOTS * symbols + link.block_symbols + link.symbols_beside(side)


def _affordable(channel_uses: float, source: SourceInfo, link: LinkPrice) -> int:
    """The inverse of `_cost`, about; 0 where the rest takes all."""
    beside = _cost(0.0, source, link)
    for _ in range(2):  # the size, and the map with it, depends on what is left
        symbols = max(0.0, channel_uses - beside) / _PILOTS
        beside = _cost(symbols, source, link) - _PILOTS * symbols
    return int(symbols)


def _density(footage: Footage, price: float) -> float:
    """Keyframes a frame, the first not counted."""
    keyframes = frames = 0
    for part in footage.parts:
        selected = footage.keyframes(part, price)
        keyframes += len(selected) - 1
        frames += footage.frames(part, selected)
    return keyframes / max(1, frames)
