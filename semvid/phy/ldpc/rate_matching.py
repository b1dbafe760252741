"""Rate matching (TS 38.212 clause 5.4.2): bit selection by redundancy version, and bit interleaving.

The circular buffer is the code word without its punctured columns; filler bits are skipped. The buffer is
not limited (N_cb = N). Reading past its end repeats it, which is how very low rates come about.
"""

from functools import lru_cache

import numpy as np

from semvid.phy.arrays import LLR_LIMIT, Bits, Indices, Llrs
from semvid.phy.ldpc.base_graphs import PUNCTURED_COLUMNS, LdpcCode

REDUNDANCY_VERSIONS = (0, 2, 3, 1)  # in the order of sending, in which they complement each other best
_START_NUMERATOR = {1: (0, 17, 33, 56), 2: (0, 13, 25, 43)}  # Table 5.4.2.1-2
FILLER_LLR = 10.0 * LLR_LIMIT  # filler bits are known zeros


@lru_cache(maxsize=256)
def _circular_order(code: LdpcCode, rv: int) -> Indices:
    """Code word positions in the order in which redundancy version ``rv`` sends them, once around."""
    first = PUNCTURED_COLUMNS * code.lifting_size
    positions = np.arange(first, code.codeword_bits, dtype=np.int32)
    columns = code.total_columns - PUNCTURED_COLUMNS
    start = _START_NUMERATOR[code.base_graph][rv] * len(positions) // (columns * code.lifting_size)
    positions = np.roll(positions, -start * code.lifting_size)
    return positions[(positions < code.information_bits) | (positions >= code.filler_end)]


def rate_match(codeword: Bits, code: LdpcCode, coded_bits: int, qm: int, rv: int) -> Bits:
    """Selects and interleaves the bits to send.

    Args:
        codeword: uint8[code.codeword_bits] from `encoder.encode`.
        coded_bits: E, bits to send, a multiple of ``qm``.
        qm: bits per symbol.
        rv: redundancy version, 0..3.

    Returns:
        uint8[coded_bits], ``qm`` consecutive bits to a symbol.
    """
    order = _circular_order(code, rv)
    chosen = np.resize(codeword[order], coded_bits)
    return np.ascontiguousarray(chosen.reshape(qm, -1).T).reshape(-1)


def new_soft_buffer(code: LdpcCode) -> Llrs:
    """An empty soft buffer: float32[code.codeword_bits], nothing known but the filler bits."""
    buffer = np.zeros(code.codeword_bits, np.float32)
    buffer[code.information_bits : code.filler_end] = FILLER_LLR
    return buffer


def accumulate(buffer: Llrs, llrs: Llrs, code: LdpcCode, qm: int, rv: int) -> None:
    """Adds what one transmission says about the bits to the soft buffer (incremental redundancy).

    LLRs that are not finite count as erasures; others are limited to `LLR_LIMIT`.

    Args:
        buffer: float32[code.codeword_bits], changed in place.
        llrs: float32[coded_bits] in the order of `rate_match`.
    """
    order = _circular_order(code, rv)
    clean = np.nan_to_num(llrs, nan=0.0, posinf=0.0, neginf=0.0).clip(-LLR_LIMIT, LLR_LIMIT)
    selected = clean.reshape(-1, qm).T.reshape(-1)
    for turn in range(0, len(selected), len(order)):
        part = selected[turn : turn + len(order)]
        buffer[order[: len(part)]] += part
