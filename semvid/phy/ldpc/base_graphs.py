"""The two base graphs and the codes lifted from them (TS 38.212 clause 5.3.2).

`base_graph_1.csv` and `base_graph_2.csv` hold Tables 5.3.2-2 and 5.3.2-3: row, column and the shift
V(i, j) for each of the eight lifting sets of Table 5.3.2-1.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semvid.phy.arrays import Indices

LIFTING_SET_BASES = (2, 3, 5, 7, 9, 11, 13, 15)  # set i holds base * 2^j up to 384 (Table 5.3.2-1)
MAX_LIFTING_SIZE = 384
MAX_INFORMATION_BITS = {1: 8448, 2: 3840}  # of one code block, K_cb of clause 5.2.2
INFORMATION_COLUMNS = {1: 22, 2: 10}
CORE_ROWS = 4
MAX_ROW_WEIGHT = 19  # edges of the heaviest row, in base graph 1
PUNCTURED_COLUMNS = 2  # the first two columns are never sent


@cache
def lifting_sizes() -> dict[int, int]:
    """Every lifting size Z of Table 5.3.2-1 in ascending order, with the index of its set."""
    sizes = {
        base << power: index
        for index, base in enumerate(LIFTING_SET_BASES)
        for power in range(8)
        if base << power <= MAX_LIFTING_SIZE
    }
    return dict(sorted(sizes.items()))


@cache
def _table(base_graph: int) -> NDArray[np.int32]:
    path = Path(__file__).with_name(f"base_graph_{base_graph}.csv")
    return np.loadtxt(path, dtype=np.int32, delimiter=",", comments="#")


@dataclass(frozen=True, eq=False)
class LdpcCode:
    """One LDPC code: a lifted base graph, and how many of its information bits are used.

    Edge ``e`` of the lifted graph joins check row ``r`` (``row_start[r] <= e < row_start[r + 1]``) with
    column ``columns[e]``: check ``z`` of the row looks at bit ``(z + shifts[e]) mod lifting_size``.

    Attributes:
        base_graph: 1 or 2.
        lifting_size: Z, bits per column.
        information_bits: K', payload of a code block with its CRCs, before filler bits.
        columns, shifts: int32[edges], in the order of the rows.
        row_start: int32[check rows + 1].
        first_parity_shift: rotation left over when the four core rows are added up; solves the first parity
            column (the two other shifts of that column cancel).
    """

    base_graph: int
    lifting_size: int
    information_bits: int
    columns: Indices
    shifts: Indices
    row_start: Indices
    first_parity_shift: int

    @property
    def information_columns(self) -> int:
        """Columns of information and filler bits: 22 or 10."""
        return INFORMATION_COLUMNS[self.base_graph]

    @property
    def check_rows(self) -> int:
        """Rows of the base graph: 46 or 42."""
        return len(self.row_start) - 1

    @property
    def total_columns(self) -> int:
        """Columns of the base graph: 68 or 52."""
        return self.information_columns + self.check_rows

    @property
    def codeword_bits(self) -> int:
        """Bits of the mother code word, the punctured columns and filler bits among them."""
        return self.total_columns * self.lifting_size

    @property
    def filler_end(self) -> int:
        """K: filler bits take the positions ``information_bits .. filler_end - 1``."""
        return self.information_columns * self.lifting_size


@lru_cache(maxsize=64)
def _lifted(base_graph: int, lifting_size: int) -> tuple[Indices, Indices, Indices, int]:
    table = _table(base_graph)
    rows, columns = table[:, 0], table[:, 1]
    shifts = table[:, 2 + lifting_sizes()[lifting_size]] % lifting_size
    row_start = np.searchsorted(rows, np.arange(rows[-1] + 2))
    first_parity = shifts[(columns == INFORMATION_COLUMNS[base_graph]) & (rows < CORE_ROWS)]
    (left_over,) = [s for s in first_parity if np.count_nonzero(first_parity == s) == 1]
    return (
        np.ascontiguousarray(columns),
        np.ascontiguousarray(shifts),
        row_start.astype(np.int32),
        int(left_over),
    )


def used_columns(base_graph: int, transport_block_bits: int) -> int:
    """K_b of clause 5.2.2: information columns that carry payload, which fixes the lifting size."""
    if base_graph == 1:
        return 22
    if transport_block_bits > 640:
        return 10
    if transport_block_bits > 560:
        return 9
    return 8 if transport_block_bits > 192 else 6


@lru_cache(maxsize=512)
def ldpc_code(base_graph: int, information_bits: int, transport_block_bits: int | None = None) -> LdpcCode:
    """The code for code blocks of ``information_bits`` bits.

    Args:
        base_graph: 1 or 2.
        information_bits: K', 1..8448 (base graph 1) or 1..3840 (base graph 2).
        transport_block_bits: B, transport block with CRC, before segmentation; None: one code block.

    Raises:
        ValueError: no such base graph, or a code block that is empty or too long.
    """
    if base_graph not in INFORMATION_COLUMNS:
        raise ValueError(f"base graph must be 1 or 2, got {base_graph}")
    if not 1 <= information_bits <= MAX_INFORMATION_BITS[base_graph]:
        limit = MAX_INFORMATION_BITS[base_graph]
        raise ValueError(f"base graph {base_graph} codes 1..{limit} bits, got {information_bits}")
    width = used_columns(base_graph, transport_block_bits or information_bits)
    lifting_size = next(z for z in lifting_sizes() if width * z >= information_bits)
    return LdpcCode(base_graph, lifting_size, information_bits, *_lifted(base_graph, lifting_size))
