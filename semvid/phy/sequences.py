"""The pseudo-random sequences of TS 38.211 clause 5.2.1: pilots and scrambling are made of them."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from semvid.phy.arrays import Bits, Llrs

_DISCARDED = 1600  # N_c
_REGISTER = 31


def _m_sequence(seed: int, taps: tuple[int, ...], length: int) -> NDArray[np.uint8]:
    """``x(n + 31) = sum of x(n + t) over taps``, mod 2.

    Squaring the recurrence (mod 2) spreads it: ``x(n + 31 * 2^k) = sum of x(n + t * 2^k)``, so that the known
    part about doubles at each step.
    """
    known = np.array([seed >> i & 1 for i in range(_REGISTER)], np.uint8)
    while len(known) < length:
        scale = 1 << ((len(known) // _REGISTER).bit_length() - 1)
        start = len(known) - _REGISTER * scale
        count = (_REGISTER - max(taps)) * scale
        fresh = np.zeros(count, np.uint8)
        for tap in taps:
            fresh ^= known[start + tap * scale : start + tap * scale + count]
        known = np.concatenate([known, fresh])
    return known[:length]


@lru_cache(maxsize=16)
def _gold(c_init: int, length: int) -> Bits:
    first = _m_sequence(1, (0, 3), _DISCARDED + length)
    second = _m_sequence(c_init, (0, 1, 2, 3), _DISCARDED + length)
    sequence = (first ^ second)[_DISCARDED:]
    sequence.setflags(write=False)
    return sequence


def gold_sequence(c_init: int, length: int) -> Bits:
    """The first ``length`` bits of the Gold sequence with initial value ``c_init``; read-only."""
    return _gold(c_init, max(1024, 1 << (length - 1).bit_length()))[:length]


def scramble(bits: Bits, c_init: int) -> Bits:
    """Adds the sequence to the bits (TS 38.211 clause 7.3.1.1): even a constant payload has unit power."""
    return bits ^ gold_sequence(c_init, len(bits))


def descramble(llrs: Llrs, c_init: int) -> Llrs:
    """Undoes `scramble` on LLRs."""
    sign = np.float32(1) - np.float32(2) * gold_sequence(c_init, len(llrs)).astype(np.float32)
    return llrs * sign
