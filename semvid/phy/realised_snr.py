"""What SNR a whole transmission really had.

Power is measured on every symbol that was received, noise on those that are known: pilots, the control word,
and transport blocks once they are decoded, see `semvid.phy.block`; of a burst that could not be read the
preamble. Were the signal measured on known symbols alone, bursts in a fade, of which few symbols become
known, would hardly count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semvid.phy.arrays import Reals
from semvid.phy.channel_estimate import SNR_CEILING_DB, SNR_FLOOR_DB

_CUT = 3.0  # times the mean noise power
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class BurstPower:
    """What one burst measured.

    Attributes:
        symbols: of the burst.
        known: pairs of neighbours among them that are known.
        power: mean received power per symbol, linear: signal and noise.
        noise: mean noise power per symbol, on the same scale.
    """

    symbols: int = 0
    known: int = 0
    power: float = 0.0
    noise: float = 0.0

    @classmethod
    def measure(
        cls, received: NDArray[np.complex128], sent: NDArray[np.complex64], level: float
    ) -> BurstPower:
        """Measures the power of all symbols, and the noise on known ones that lie side by side.

        Two neighbours nearly always had the same gain, so what they differ by is noise; where the gain
        changed between them the difference is cut off as too large. The receiver's own estimate of the gain
        does not enter: where it misses a change of the gain it takes that for noise, and where it is improved
        by wrong guesses at unknown symbols it follows the noise.

        Args:
            received: complex128[n], divided by ``level``, its root mean square.
            sent: complex64[n], what was sent; 0 where that is not known.
            level: scale of what was received.
        """
        pairs = np.flatnonzero((sent[1:] != 0) & (sent[:-1] != 0))
        if not len(pairs):
            return cls(len(received), power=level**2)
        weight = np.zeros(len(sent))
        np.divide(1.0, np.abs(sent) ** 2, out=weight, where=sent != 0)
        gain = received * sent.conj() * weight
        spread = weight[pairs] + weight[pairs + 1]
        noise = _mean_below_cut(np.abs(gain[pairs + 1] - gain[pairs]) ** 2 / spread)
        return cls(len(received), len(pairs), level**2, level**2 * noise)


def _mean_below_cut(values: Reals) -> float:
    """Mean of exponentially distributed values of which some are too large by far.

    From the median as a first guess, the mean of those below three times the guess, put right by what an
    exponential distribution has there.
    """
    kept = 1 - _CUT / np.expm1(_CUT)
    mean = float(np.median(values)) / math.log(2)
    for _ in range(_ROUNDS):
        below = values[values <= _CUT * mean]
        if not len(below):  # all values are the same, 0
            break
        mean = float(np.mean(below)) / kept
    return mean


@dataclass(slots=True)
class RealisedSnr:
    """Of all bursts so far: mean power over mean noise power, less one.

    Powers are averaged, not decibels: a burst in a fade counts with the little that it carried.

    Attributes:
        symbols, known: received so far, and pairs of neighbours on which the noise was measured.
    """

    symbols: int = 0
    known: int = 0
    _energy: float = 0.0
    _noise: float = 0.0

    def add(self, burst: BurstPower) -> None:
        """Takes one more burst into account."""
        self.symbols += burst.symbols
        self.known += burst.known
        self._energy += burst.symbols * burst.power
        self._noise += burst.known * burst.noise

    @property
    def snr_db(self) -> float | None:
        """Es/N0 in dB, -30..60; None before anything is known."""
        if not self.known or self._noise <= 0:
            return None
        ratio = (self._energy / self.symbols) / (self._noise / self.known) - 1
        return min(10 * math.log10(max(ratio, 10 ** (SNR_FLOOR_DB / 10))), SNR_CEILING_DB)
