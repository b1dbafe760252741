"""Cyclic redundancy checks of TS 38.212 clause 5.1: registers start at zero, most significant bit first."""

from dataclasses import dataclass

import numpy as np

from semvid.compiled import njit
from semvid.phy.arrays import Bits


@njit()
def _remainder(bits: Bits, polynomial: int, length: int) -> int:
    register = 0
    top = length - 1
    mask = (1 << length) - 1
    for bit in bits:
        feedback = (register >> top) ^ bit
        register = (register << 1) & mask
        if feedback:
            register ^= polynomial
    return register


@dataclass(frozen=True)
class Crc:
    """One cyclic code.

    Attributes:
        length: parity bits.
        polynomial: generator without its leading term, most significant bit first.
    """

    length: int
    polynomial: int

    def parity(self, bits: Bits) -> Bits:
        """The parity bits, uint8[length], of ``bits``, uint8[n]."""
        value = int(_remainder(np.ascontiguousarray(bits, dtype=np.uint8), self.polynomial, self.length))
        return np.array([value >> shift & 1 for shift in range(self.length - 1, -1, -1)], np.uint8)

    def attach(self, bits: Bits) -> Bits:
        """``bits`` followed by their parity bits: uint8[n + length]."""
        return np.concatenate([bits, self.parity(bits)])

    def holds(self, bits: Bits) -> bool:
        """Whether ``bits`` end in the parity of what stands before."""
        if len(bits) <= self.length:
            return False
        return bool(np.array_equal(self.parity(bits[: -self.length]), bits[-self.length :]))


CRC16 = Crc(16, 0x1021)  # g_CRC16
CRC24A = Crc(24, 0x864CFB)  # g_CRC24A, transport blocks
CRC24B = Crc(24, 0x800063)  # g_CRC24B, code blocks
