r"""Where a burst begins in a stream of samples, and how far off the carrier is.

At every sample ``d`` the known preamble :math:`c` is correlated piece by piece, the pieces put together
for each of a row of carrier offsets :math:`f` by a Fourier transform, and the outcome compared with the
energy that is there:

.. math:: \rho(d) = \max_f \frac{\left| \sum_{k=0}^{N-1} c_k^* y_{d + k} e^{-j 2 \pi f k} \right|^2}
                               {N \sum_k |y_{d + k}|^2} \in [0, 1].

Over noise alone, whatever its power, :math:`\rho` at one offset has the distribution Beta(1, N - 1), so
that :math:`P(\rho > \eta) = (1 - \eta)^{N - 1}`: the threshold follows from the false alarms that are
allowed (S. M. Kay, "Fundamentals of Statistical Signal Processing: Detection Theory", section 9.4). With
a burst its mean is about
:math:`\mathrm{SNR} / (1 + \mathrm{SNR})`.

Where it peaks, time and carrier are refined by turns: the offset at the maximum of the periodogram of
:math:`c_k^* y_{d + k}`, which is its maximum-likelihood estimate (D. C. Rife, R. R. Boorstyn,
"Single-tone parameter estimation from discrete-time observations", IEEE Transactions on Information
Theory 20 (1974)), the time at the maximum of the correlation between samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semvid.phy.arrays import Reals, Symbols
from semvid.phy.radio.pulse import Samples, filtered, matched

PIECE = 8  # symbols correlated at once
MAX_OFFSET = 1 / 32
"""Cycles per symbol, to each side: a piece loses 0.9 dB there, and the matched filter little."""
_FALSE_ALARMS = 1e-10  # per sample
_HALF_SYMBOL, _NARROWER = 0.5, 0.25  # of the steps to both sides by which a maximum is refined
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A burst that was found.

    Attributes:
        time: of the preamble's first symbol, in samples.
        offset: of the carrier, cycles per symbol.
        likeness: rho, 0..1.
    """

    time: float
    offset: float
    likeness: float

    @property
    def snr(self) -> float:
        """Es/N0 as the preamble shows it, a ratio; at least 1e-3."""
        return max(self.likeness / max(1 - self.likeness, 1e-6), 1e-3)


def threshold(preamble: int) -> float:
    """The likeness that noise alone exceeds once in 1e10 samples."""
    bins = int(2 * MAX_OFFSET * _bins(preamble)) + 1
    return float(1 - (_FALSE_ALARMS / bins) ** (1 / (preamble - 1)))


def likeness(y: NDArray[np.complex128], preamble: Symbols, samples_per_symbol: int) -> tuple[Reals, Reals]:
    """How like the preamble the row of symbols is that begins at each sample, and the best carrier offset.

    Args:
        y: complex128[m], the matched filter's output at every sample.
        preamble: complex64[N], N a multiple of 8.
        samples_per_symbol: of ``y``.

    Returns:
        float64[m - (N - 1) * samples_per_symbol] twice: rho, and cycles per symbol; empty where ``y`` is
        shorter.
    """
    count, sps = len(preamble), samples_per_symbol
    starts = max(0, len(y) - (count - 1) * sps)
    best, offset = np.zeros(starts), np.zeros(starts)
    size = _bins(count) // PIECE
    frequencies = np.fft.fftfreq(size, PIECE)
    within = np.abs(frequencies) <= MAX_OFFSET
    for phase in range(min(sps, starts)):
        z = y[phase::sps]
        here = len(z) - count + 1
        pieces = np.stack(
            [
                np.correlate(z[k : k + here + PIECE - 1], preamble[k : k + PIECE], "valid")
                for k in range(0, count, PIECE)
            ]
        )
        spectrum = np.abs(np.fft.fft(pieces, size, axis=0)[within]) ** 2
        energy = np.concatenate([[0.0], np.cumsum(np.abs(z) ** 2)])
        energy = count * (energy[count:] - energy[:-count])
        strongest = np.argmax(spectrum, axis=0)
        top = spectrum[strongest, np.arange(here)]
        # a cumulative sum leaves crumbs where nothing was received at all
        there = energy > 1e-9 * max(float(energy.max()), 1e-300)
        best[phase::sps] = np.where(there, top / np.where(there, energy, 1.0), 0.0)
        offset[phase::sps] = frequencies[within][strongest]
    return np.minimum(best, 1.0), offset


def found(samples: Samples, preamble: Symbols, samples_per_symbol: int) -> Found | None:
    """The first burst in a row of samples whose preamble is all there; None: there is none.

    Args:
        samples: complex64[m].
        preamble: complex64[N] that is looked for.
        samples_per_symbol: of the pulses, a whole number.
    """
    rho, offsets = likeness(filtered(samples, samples_per_symbol), preamble, samples_per_symbol)
    above = np.flatnonzero(rho > threshold(len(preamble)))
    if not above.size:
        return None
    # parts of a preamble are like it, too: the best within its length
    candidates = rho[above[0] : above[0] + len(preamble) * samples_per_symbol]
    at = int(above[0]) + int(np.argmax(candidates))
    return refined(samples, preamble, samples_per_symbol, at, float(offsets[at]))


def refined(samples: Samples, preamble: Symbols, samples_per_symbol: int, at: int, offset: float) -> Found:
    """Time and carrier offset of a preamble that begins near sample ``at``, off by about ``offset``."""
    count, sps = len(preamble), samples_per_symbol
    symbol, time = np.arange(count), float(at)
    reach = (symbol[-1] + 2) * sps
    first = max(0, at - 64 * sps)
    near = samples[first : at + reach + 64 * sps]
    step_time, step_offset = _HALF_SYMBOL * sps, 1 / (4 * count)
    tones = np.zeros(count, np.complex128)
    for _ in range(_ROUNDS):
        turned = derotated(near, offset, sps)

        def correlation(late: float, turned: Samples = turned, time: float = time) -> float:
            y = matched(turned, time + late - first + symbol * float(sps), sps)
            return float(np.abs(np.vdot(preamble, y)) ** 2)

        time += step_time * _peak(*(correlation(late) for late in (-step_time, 0.0, step_time)))
        y = matched(turned, time - first + symbol * float(sps), sps)
        tones = y * preamble.conj()
        powers = [_power(tones, change) for change in (-step_offset, 0.0, step_offset)]
        offset += step_offset * _peak(*powers)
        step_time, step_offset = step_time * _NARROWER, step_offset * _NARROWER
    energy = count * float(np.sum(np.abs(tones) ** 2))
    return Found(time, offset, min(max(powers) / energy, 1.0) if energy else 0.0)


def derotated(samples: Samples, offset: float, samples_per_symbol: int) -> Samples:
    """Samples with a carrier offset of ``offset`` cycles per symbol taken out."""
    turns = offset / samples_per_symbol * np.arange(len(samples))
    turned: Samples = (samples * np.exp(-2j * np.pi * turns)).astype(np.complex64)
    return turned


def _power(tones: NDArray[np.complex128], offset: float) -> float:
    turns = np.exp(-2j * np.pi * offset * np.arange(len(tones)))
    return float(np.abs(np.sum(tones * turns)) ** 2)


def _peak(before: float, here: float, after: float) -> float:
    """Where a parabola through three values at -1, 0 and 1 peaks, within these."""
    bend = before - 2 * here + after
    if bend >= 0:
        return 1.0 if after > before else -1.0
    return float(np.clip(0.5 * (before - after) / bend, -1.0, 1.0))


def _bins(preamble: int) -> int:
    """Offsets that are tried, over a cycle per symbol: twice as fine as the preamble tells apart."""
    return 2 * preamble
