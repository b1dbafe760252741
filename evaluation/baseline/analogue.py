"""Symbols that are no bits, in bursts with pilots: what the learned code sends."""

from bisect import bisect_right
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.link import Air
from semvid.accounting import Ledger, SymbolClass
from semvid.phy.arrays import Symbols
from semvid.phy.channel_estimate import estimate_channel
from semvid.phy.layout import GOLDEN_RATIO, MAX_BLOCK_SYMBOLS, layout, total_symbols
from semvid.phy.pilots import pilot_symbols

_LEAST: Final = 1e-9  # noise variance, of symbols of unit mean power


def analogue_symbols(count: int, pilot_spacing: int) -> int:
    """Channel uses of ``count`` symbols, pilots included, in as few bursts as can be."""
    return sum(total_symbols(size, pilot_spacing) for size in _sizes(count, pilot_spacing))


def analogue_capacity(channel_uses: int, pilot_spacing: int) -> int:
    """The most symbols that cross in so many channel uses; 0 if none do."""
    found = bisect_right(
        range(max(0, channel_uses) + 1),
        channel_uses,
        key=lambda count: analogue_symbols(count, pilot_spacing),
    )
    return max(0, found - 1)


def send_analogue(
    symbols: Symbols, pilot_spacing: int, air: Air, ledger: Ledger
) -> tuple[Symbols, NDArray[np.float64]]:
    """Sends symbols in as few bursts as can be, dealt out so that each has nearly the same power.

    Preamble, scattered pilots and the spreading of symbols over the burst are those of every other burst;
    there is no control word: what the symbols are has crossed before.

    Args:
        symbols: complex64 [n] of unit mean power.
        pilot_spacing: one of `semvid.phy.layout.PILOT_SPACINGS`.
        air: to cross.
        ledger: counts them as coded pictures, and their pilots.

    Returns:
        Equalised symbols, complex64 [n], and the noise variance of each as the receiver estimates it.
    """
    equalised, no = np.empty(len(symbols), np.complex64), np.empty(len(symbols))
    for numbers in _parts(len(symbols), pilot_spacing):
        data = symbols[numbers]
        places = layout(len(data), pilot_spacing)
        pilots = pilot_symbols(len(places.pilots))
        burst = np.empty(places.total, np.complex64)
        burst[places.pilots], burst[places.data] = pilots, data
        ledger.add(SymbolClass.PILOT, len(places.pilots))
        ledger.add(SymbolClass.KEYFRAME, len(data))
        received = air.cross(burst).astype(np.complex128)
        unknown = np.zeros(places.total, np.int8)
        channel = estimate_channel(received, places.pilots, pilots, unknown)
        equalised[numbers], noise = channel.equalise(received, places.data)
        no[numbers] = np.maximum(noise, _LEAST)
    return equalised, no


def _parts(count: int, pilot_spacing: int) -> list[NDArray[np.int64]]:
    """Which symbols go into which burst.

    In the order of the fractional part of ``k * golden ratio``, as `semvid.phy.layout` spreads them: every
    part of a patch is dealt evenly. Taking turns would give one burst all first symbols, which are stronger.
    """
    if not count:
        return []
    order = np.argsort(np.arange(count) * GOLDEN_RATIO % 1.0)
    ends = np.cumsum(_sizes(count, pilot_spacing))
    return [np.sort(part) for part in np.split(order, ends[:-1])]


def _sizes(count: int, pilot_spacing: int) -> list[int]:
    """Symbols of each burst."""
    bursts = 1 if count else 0
    while bursts and total_symbols(-(-count // bursts), pilot_spacing) > MAX_BLOCK_SYMBOLS:
        bursts += 1
    return [len(range(first, count, bursts)) for first in range(bursts)]
