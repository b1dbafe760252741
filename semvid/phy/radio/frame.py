"""Known symbols around a burst, and where everything sits.

    preamble | up to a quarter `stretch` of the burst | reference | up to `stretch` symbols | reference | ...

All are QPSK from the sequence of TS 38.211 clause 5.2.1. A preamble says which of :data:`NUMBERS` bursts
in turn it is, so that one that comes late is not taken for the next.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from semvid.phy.arrays import Symbols
from semvid.phy.qam import map_bits
from semvid.phy.sequences import gold_sequence
from semvid.waveform import RadioFrame

NUMBERS = 16
_PREAMBLE_SEED, _REFERENCE_SEED = 0x5A0, 0x5B0  # c_init; the preamble's goes up with the number


@dataclass(frozen=True, eq=False)
class Places:
    """Positions in a framed burst.

    Attributes:
        total: symbols with all that is around.
        data: int64[n], of the burst's own symbols, in order.
        references: int64[r], where each block of reference symbols begins.
    """

    total: int
    data: NDArray[np.int64]
    references: NDArray[np.int64]


@lru_cache(maxsize=64)
def places(frame: RadioFrame, symbols: int) -> Places:
    """Where everything of a burst of so many symbols sits."""
    number = np.arange(symbols, dtype=np.int64)
    stretch = np.arange(frame.stretches(symbols), dtype=np.int64)
    ends = np.minimum(frame.stretch // 4 + stretch * frame.stretch, symbols)
    before = np.searchsorted(ends, number, "right")  # references before each symbol
    return Places(
        symbols + frame.known(symbols),
        frame.preamble + number + before * frame.reference,
        frame.preamble + ends + stretch * frame.reference,
    )


def preamble_symbols(frame: RadioFrame, number: int) -> Symbols:
    """The preamble of a burst, complex64[frame.preamble] of unit power, by its number modulo `NUMBERS`."""
    return map_bits(gold_sequence(_PREAMBLE_SEED + number % NUMBERS, 2 * frame.preamble), qm=2)


def reference_symbols(frame: RadioFrame) -> Symbols:
    """One block of references, complex64[frame.reference] of unit power."""
    return map_bits(gold_sequence(_REFERENCE_SEED, 2 * frame.reference), qm=2)


def framed(symbols: Symbols, frame: RadioFrame, number: int) -> Symbols:
    """A burst, complex64[n], with what is around it, complex64[n + frame.known(n)].

    Args:
        symbols: at least 1.
        frame: how many known symbols.
        number: of the burst, as it is looked for.
    """
    where = places(frame, len(symbols))
    on_air = np.empty(where.total, np.complex64)
    on_air[: frame.preamble] = preamble_symbols(frame, number)
    on_air[where.data] = symbols
    on_air[where.references[:, None] + np.arange(frame.reference)] = reference_symbols(frame)
    return on_air
