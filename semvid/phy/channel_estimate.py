"""Channel gain and noise from known symbols, for a coherence length that the receiver does not know.

The gain is taken as constant on stretches whose number and borders are found from the known symbols
themselves: optimal partitioning of the squared error with a penalty for every border (Jackson et al., "An
algorithm for optimal partitioning of data on an interval", IEEE SPL 2005). Over AWGN that finds one stretch,
the average of all pilots; over block fading, one per fade. Rounds of two refinements then use the data
symbols: each border goes where the received constellation fits best, which matters most (a symbol under the
wrong gain misleads the decoder with certainty), and each gain is improved by the soft decisions on the
stretch's own data (a step of expectation maximisation).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from semvid.compiled import njit
from semvid.phy.arrays import Indices, Reals
from semvid.phy.qam import QAM_ORDERS, amplitudes

Complex128 = NDArray[np.complex128]

SNR_FLOOR_DB, SNR_CEILING_DB = -30.0, 60.0
_REFINEMENTS = 2  # rounds of placing borders and improving gains
_BORDER_REACH = 64  # symbols that a border may move in one round
_BORDER_PENALTY = 4.0  # nats beyond log(known symbols): about 1 % false borders over AWGN

_LEVELS = np.zeros((max(QAM_ORDERS) + 1, 16))
for _qm in QAM_ORDERS:
    _LEVELS[_qm, : 1 << _qm // 2] = amplitudes(_qm)


@dataclass(frozen=True, eq=False)
class ChannelEstimate:
    """The channel as the receiver sees it.

    Attributes:
        gain: complex128[n], channel gain of every symbol.
        gain_error: float64[n], expected squared error of the gain.
        no: noise variance per complex symbol, on the scale of the received symbols.
        stretches: stretches of constant gain that were told apart.
        known: known symbols used.
    """

    gain: Complex128
    gain_error: Reals
    no: float
    stretches: int
    known: int

    @property
    def snr_db(self) -> float:
        """Mean received Es/N0 in dB: mean squared gain over noise.

        Every stretch beyond the first adds ``no / known`` to the mean square, which is taken off; in dB a
        single stretch is unbiased as it is (log |h + e|^2 is harmonic in e).
        """
        power = float(np.mean(np.abs(self.gain) ** 2)) - (self.stretches - 1) * self.no / self.known
        return to_db(power / self.no)

    def effective_snr_db(self, positions: Indices) -> float:
        """Es/N0 in dB of the AWGN channel with the mean capacity of these symbols."""
        gain = np.abs(self.gain[positions]) ** 2
        capacity = float(np.mean(np.log2(1 + gain / (self.no + self.gain_error[positions]))))
        return to_db(2**capacity - 1)

    def confirmed(
        self, symbols: Complex128, positions: Indices, values: NDArray[np.complex64]
    ) -> ChannelEstimate:
        """The same gains with the noise as symbols show it that have become known since.

        Args:
            symbols: complex128[n] received.
            positions: int32[k] of the symbols that were decoded.
            values: complex64[k], what was sent there.
        """
        error = float(np.sum(np.abs(symbols[positions] - self.gain[positions] * values) ** 2))
        known = self.known + len(positions)
        return replace(self, no=(self.no * self.known + error) / known, known=known)

    def equalise(self, symbols: Complex128, positions: Indices) -> tuple[NDArray[np.complex64], Reals]:
        """Divides out the gain: complex64[m] symbols and float64[m] noise variance at ``positions``."""
        gain = self.gain[positions]
        power = np.maximum(np.abs(gain) ** 2, 1e-12)
        equalised = symbols[positions] * gain.conj() / power
        return equalised.astype(np.complex64), (self.no + self.gain_error[positions]) / power


def to_db(ratio: float) -> float:
    """Decibels, within what is reported of an SNR."""
    return float(np.clip(10 * np.log10(max(ratio, 1e-9)), SNR_FLOOR_DB, SNR_CEILING_DB))


@njit()
def _partition(observed: Complex128, no: float, penalty: float) -> NDArray[np.int64]:
    """Starts of the stretches of constant gain in ``observed`` that minimise error / no + penalty each."""
    count = observed.size
    total = np.zeros(count + 1, np.complex128)
    power = np.zeros(count + 1)
    for i in range(count):
        total[i + 1] = total[i] + observed[i]
        power[i + 1] = power[i] + observed[i].real ** 2 + observed[i].imag ** 2
    cost = np.zeros(count + 1)
    start = np.zeros(count + 1, np.int64)
    for end in range(1, count + 1):
        cost[end] = np.inf
        for first in range(end):
            difference = total[end] - total[first]
            energy = (difference.real**2 + difference.imag**2) / (end - first)
            value = cost[first] + (power[end] - power[first] - energy) / no + penalty
            if value < cost[end]:
                cost[end] = value
                start[end] = first
    borders = np.zeros(count, np.int64)
    found = 0
    end = count
    while end > 0:
        end = start[end]
        borders[found] = end
        found += 1
    return borders[:found][::-1].copy()


@njit()
def _log_likelihood(symbol: complex, gain: complex, no: float, levels: Reals) -> float:
    """Log-likelihood of a received symbol of unknown value, up to a constant."""
    scale = (gain.real**2 + gain.imag**2) / no
    centred = symbol / gain
    result = 0.0
    for part in (centred.real, centred.imag):
        best = -np.inf
        for level in levels:
            best = max(best, -((part - level) ** 2) * scale)
        total = 0.0
        for level in levels:
            total += np.exp(-((part - level) ** 2) * scale - best)
        result += best + np.log(total)
    return result


@njit()
def _place_borders(
    symbols: Complex128,
    known: Complex128,
    qm: NDArray[np.int8],
    borders: NDArray[np.int64],
    gains: Complex128,
    no: float,
    levels: Reals,
) -> None:
    """Moves the start of every stretch to where the received symbols fit best, at most `_BORDER_REACH`.

    ``known`` holds the known symbols and 0 elsewhere. Symbols of unknown value and modulation say nothing: a
    border among them goes to the middle.
    """
    for stretch in range(1, gains.size):
        low = max(borders[stretch - 1] + 1, borders[stretch] - _BORDER_REACH)
        high = min(borders[stretch + 1] - 1, borders[stretch] + _BORDER_REACH)
        left, right = gains[stretch - 1], gains[stretch]
        score, best, first, last = 0.0, 0.0, low, low
        for position in range(low, high):
            y, value, order = symbols[position], known[position], qm[position]
            if value != 0.0:
                score += (abs(y - right * value) ** 2 - abs(y - left * value) ** 2) / no
            elif order > 0:
                used = levels[order, : 1 << (order // 2)]
                score += _log_likelihood(y, left, no, used) - _log_likelihood(y, right, no, used)
            if score > best:
                best, first, last = score, position + 1, position + 1
            elif score == best:
                last = position + 1
        borders[stretch] = (first + last + 1) // 2


@njit()
def _moments(part: float, scale: float, levels: Reals) -> tuple[float, float]:
    """Mean and mean square of one amplitude, given what was received of it."""
    nearest = np.inf
    for level in levels:
        nearest = min(nearest, (part - level) ** 2)
    total, first, second = 0.0, 0.0, 0.0
    for level in levels:
        p = np.exp((nearest - (part - level) ** 2) * scale)
        total += p
        first += p * level
        second += p * level**2
    return first / total, second / total


@njit()
def _soft_decisions(
    symbols: Complex128,
    known: Complex128,
    qm: NDArray[np.int8],
    borders: NDArray[np.int64],
    gains: Complex128,
    no: float,
    levels: Reals,
) -> tuple[Complex128, Reals, Reals]:
    """Per stretch: sums of y conj(E[x]), of E[|x|^2] and of |E[x]|^2 over known and unknown symbols."""
    correlation = np.zeros(gains.size, np.complex128)
    energy = np.zeros(gains.size)
    certain = np.zeros(gains.size)
    for stretch in range(gains.size):
        gain = gains[stretch]
        scale = (gain.real**2 + gain.imag**2) / no
        for position in range(borders[stretch], borders[stretch + 1]):
            order = qm[position]
            if known[position] != 0.0:
                correlation[stretch] += symbols[position] * np.conj(known[position])
                energy[stretch] += 1.0
                certain[stretch] += 1.0
            elif order > 0:
                used = levels[order, : 1 << (order // 2)]
                centred = symbols[position] / gain
                real, real_energy = _moments(centred.real, scale, used)
                imag, imag_energy = _moments(centred.imag, scale, used)
                correlation[stretch] += symbols[position] * complex(real, -imag)
                energy[stretch] += real_energy + imag_energy
                certain[stretch] += real**2 + imag**2
    return correlation, energy, certain


def _first_noise(observed: Complex128) -> float:
    """Noise variance from neighbouring differences; the median ignores the few that cross a border."""
    floor = 1e-6 * float(np.mean(np.abs(observed) ** 2))
    differences = np.abs(np.diff(observed)) ** 2
    return max(float(np.median(differences)) / (2 * math.log(2)), floor)


def estimate_channel(
    symbols: Complex128, positions: Indices, values: NDArray[np.complex64], qm: NDArray[np.int8]
) -> ChannelEstimate:
    """Estimates gain and noise of a burst.

    Args:
        symbols: complex128[n] received, finite, not all zero.
        positions: int32[k], ascending positions of known symbols, at least 2.
        values: complex64[k], the known symbols, unit modulus.
        qm: int8[n], bits per symbol of the unknown symbols; 0 where known or of unknown modulation.
    """
    observed = symbols[positions] * values.conj()
    count = len(observed)
    floor = 1e-6 * float(np.mean(np.abs(observed) ** 2))
    no = _first_noise(observed)
    penalty = float(np.log(count)) + _BORDER_PENALTY
    for _ in range(2):
        starts = _partition(observed, no, penalty)
        sizes = np.diff(np.append(starts, count))
        gains = np.add.reduceat(observed, starts).astype(np.complex128) / sizes
        residual = observed - np.repeat(gains, sizes)
        if 2 * len(starts) < count:
            no = max(float(np.sum(np.abs(residual) ** 2)) / (count - len(starts)), floor)
    known = np.zeros(len(symbols), np.complex128)
    known[positions] = values
    last_known = positions[starts + sizes - 1]
    borders = np.append(0, (last_known[:-1] + positions[starts[1:]] + 1) // 2)
    borders = np.append(borders, len(symbols)).astype(np.int64)
    for _ in range(_REFINEMENTS if len(starts) > 1 and qm.any() else 1):
        gains = np.where(np.abs(gains) > 1e-9, gains, 1e-9)
        _place_borders(symbols, known, qm, borders, gains, no, _LEVELS)
        correlation, energy, certain = _soft_decisions(symbols, known, qm, borders, gains, no, _LEVELS)
        gains = correlation / np.maximum(energy, 1e-9)
    stretch = np.repeat(np.arange(len(gains)), np.diff(borders))
    gain_error = no / np.maximum(certain, 1e-9)
    return ChannelEstimate(gains[stretch], gain_error[stretch], no, len(starts), count)
