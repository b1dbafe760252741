"""Where everything sits in a burst.

    preamble (16 pilots) | data with one scattered pilot after every 31 or every 127 symbols

The sender takes the wide spacing on links that do not fade within a burst; the receiver finds which it was
together with the control word.

Data symbols (control word, protected, bulk, in this order) are spread over the burst in the order of the
fractional part of ``k * golden ratio`` (Crozier, "New high-spread high-distance interleavers for
turbo-codes", 2000), which spreads every run of symbols evenly. Each code block therefore sees all fades of
the burst, and the control word, once decoded, serves as extra pilots everywhere. (NR does the same with
interleaved CCE-to-REG and VRB-to-PRB mappings, TS 38.211 clauses 7.3.2.2 and 7.3.1.6.)
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from semvid.phy.arrays import Indices

PREAMBLE_SYMBOLS = 16
DENSE_SPACING, SPARSE_SPACING = PILOT_SPACINGS = (32, 128)  # every so many symbols after the preamble
MAX_BLOCK_SYMBOLS = 65_536
GOLDEN_RATIO = (1 + math.sqrt(5)) / 2


@dataclass(frozen=True, eq=False)
class Layout:
    """Positions in one burst.

    Attributes:
        total: symbols of the burst, n.
        pilots: int32, positions of all pilots, ascending: the preamble, then the scattered ones.
        data: int32[data symbols], the position of the k-th data symbol.
    """

    total: int
    pilots: Indices
    data: Indices


def total_symbols(data_symbols: int, pilot_spacing: int = DENSE_SPACING) -> int:
    """Length of the burst that carries ``data_symbols`` data symbols."""
    return PREAMBLE_SYMBOLS + data_symbols + data_symbols // (pilot_spacing - 1)


def data_symbols_in(total: int, pilot_spacing: int = DENSE_SPACING) -> int | None:
    """Inverse of `total_symbols`; None where no burst has this length."""
    body = total - PREAMBLE_SYMBOLS
    data_symbols = body - body // pilot_spacing
    return data_symbols if body > 0 and total_symbols(data_symbols, pilot_spacing) == total else None


@lru_cache(maxsize=64)
def layout(data_symbols: int, pilot_spacing: int = DENSE_SPACING) -> Layout:
    """The layout of a burst with ``data_symbols`` data symbols."""
    total = total_symbols(data_symbols, pilot_spacing)
    body = np.arange(total - PREAMBLE_SYMBOLS)
    scattered = body % pilot_spacing == pilot_spacing - 1
    pilots = np.concatenate([np.arange(PREAMBLE_SYMBOLS), PREAMBLE_SYMBOLS + body[scattered]])
    places = PREAMBLE_SYMBOLS + body[~scattered]
    order = np.argsort(np.argsort(np.arange(data_symbols) * GOLDEN_RATIO % 1.0))
    return Layout(total, pilots.astype(np.int32), places[order].astype(np.int32))
