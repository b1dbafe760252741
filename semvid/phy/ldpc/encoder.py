"""LDPC encoding of one code block (TS 38.212 clause 5.3.2).

In both base graphs every parity column after the first is the only unknown of one row, with shift 0: columns
1..3 of core rows 0..2, then one column per extension row. The first follows from the sum of the core rows.
"""

import numba
import numpy as np

from semvid.compiled import njit
from semvid.phy.arrays import Bits, Indices
from semvid.phy.ldpc.base_graphs import CORE_ROWS, LdpcCode


@njit()
def _add_rotated(total: Bits, column: Bits, shift: int) -> None:
    size = total.size
    for z in range(size - shift):
        total[z] ^= column[z + shift]
    for z in range(size - shift, size):
        total[z] ^= column[z + shift - size]


@njit()
def _add_row(
    total: Bits, word: Bits, columns: Indices, shifts: Indices, first: int, last: int, skipped: int
) -> None:
    for edge in range(first, last):
        if columns[edge] < skipped:
            _add_rotated(total, word[columns[edge]], shifts[edge])


@njit()
def _fill_parity(
    word: Bits, columns: Indices, shifts: Indices, row_start: Indices, information: int, first_shift: int
) -> None:
    size = word.shape[1]
    total = np.zeros(size, np.uint8)
    for row in range(CORE_ROWS):
        _add_row(total, word, columns, shifts, row_start[row], row_start[row + 1], information)
    for z in range(size):
        word[information, (z + first_shift) % size] = total[z]
    for row in range(row_start.size - 1):
        if row == CORE_ROWS - 1:  # the core has one row more than columns left to solve
            continue
        parity = information + row + (1 if row < CORE_ROWS else 0)
        _add_row(word[parity], word, columns, shifts, row_start[row], row_start[row + 1], parity)


def encode(code: LdpcCode, information: Bits) -> Bits:
    """Encodes one code block.

    Args:
        code: the code.
        information: uint8[code.information_bits] of 0 and 1.

    Returns:
        uint8[code.codeword_bits], the mother code word: information, filler (zeros), parity.

    Raises:
        ValueError: the wrong number of bits.
    """
    if information.shape != (code.information_bits,):
        raise ValueError(f"the code takes {code.information_bits} bits, got {information.shape}")
    word = np.zeros((code.total_columns, code.lifting_size), np.uint8)
    word.reshape(-1)[: code.information_bits] = information
    _fill_parity(
        word,
        code.columns,
        code.shifts,
        code.row_start,
        code.information_columns,
        numba.int64(code.first_parity_shift),
    )
    return word.reshape(-1)
