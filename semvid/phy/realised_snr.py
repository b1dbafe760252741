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

from semvid.phy.channel_estimate import SNR_CEILING_DB, SNR_FLOOR_DB

_BORDER_OFF = 8  # symbols


@dataclass(frozen=True, slots=True)
class BurstPower:
    """What one burst measured.

    Attributes:
        symbols: of the burst.
        known: how many of them are known and lie off a border of the fading.
        power: mean received power per symbol, linear: signal and noise.
        noise: mean noise power per symbol, on the same scale.
    """

    symbols: int = 0
    known: int = 0
    power: float = 0.0
    noise: float = 0.0

    @classmethod
    def measure(
        cls,
        received: NDArray[np.complex128],
        sent: NDArray[np.complex64],
        gain: NDArray[np.complex128],
        level: float,
    ) -> BurstPower:
        """Measures the power of all symbols, and the noise on known ones.

        Noise is what a constant gain leaves over on each stretch; every gain is fitted to the known symbols
        of its stretch and takes one degree of freedom. Gains that were improved by guesses at unknown symbols
        do not enter: where most guesses are wrong they follow the noise. Nor do symbols next to a border
        between stretches, which may lie a few symbols off.

        Args:
            received: complex128[n], divided by ``level``, its root mean square.
            sent: complex64[n], what was sent; 0 where that is not known.
            gain: complex128[n], as estimated; tells where stretches of constant gain begin, no more.
            level: scale of what was received.
        """
        borders = np.flatnonzero(gain[1:] != gain[:-1]) + 1
        clear = np.ones(len(received), bool)
        for off in range(-_BORDER_OFF, _BORDER_OFF):
            clear[np.clip(borders + off, 0, len(received) - 1)] = False
        places = np.flatnonzero((sent != 0) & clear)
        observed, values = received[places], sent[places]
        stretch = np.concatenate([[0], np.cumsum(gain[places[1:]] != gain[places[:-1]])])
        freedom = len(places) - int(stretch[-1]) - 1
        if freedom < 1:
            return cls(len(received), power=level**2)
        product = observed * values.conj()
        energy = np.bincount(stretch, np.abs(values) ** 2)
        fitted = (np.bincount(stretch, product.real) + 1j * np.bincount(stretch, product.imag)) / energy
        error = float(np.sum(np.abs(observed - fitted[stretch] * values) ** 2))
        return cls(len(received), len(places), level**2, level**2 * error / freedom)


@dataclass(slots=True)
class RealisedSnr:
    """Of all bursts so far: mean power over mean noise power, less one.

    Powers are averaged, not decibels: a burst in a fade counts with the little that it carried.

    Attributes:
        symbols, known: received so far, and those whose noise was averaged.
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
