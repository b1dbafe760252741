r"""Channel of every resource element, from those that are known: LMMSE with a prior that is measured as well.

The gains over a burst are taken as a Gaussian process whose correlation is that of an exponential power
delay profile in frequency, :math:`1 / (1 + j 2 \pi \Delta f \sigma)`, times that of a flat Doppler spectrum
in time, :math:`\mathrm{sinc}(2 f_d \Delta t)`, which also covers a carrier frequency offset (Li, Cimini,
Sollenberger, "Robust channel estimation for OFDM systems with rapid dispersive fading channels", IEEE
Transactions on Communications 46, 1998). Its few principal components carry all but 0.1 % of its power, so
that the estimate is a regression on tens of coefficients,

.. math:: z = A c + n, \qquad c \sim \mathcal{CN}(0, g I), \qquad n \sim \mathcal{CN}(0, n_0 I).

Delay spread and Doppler shift are those of a short list under which what was received is likeliest, gain and
noise power maximise that likelihood by expectation maximisation (MacKay, "Bayesian interpolation", Neural
Computation 4, 1992). The receiver is told none of the four.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from semvid.phy.arrays import Indices, Reals, Symbols
from semvid.phy.channel_estimate import ChannelEstimate, Complex128, to_db
from semvid.waveform import Ofdm

DELAY_SPREADS = (0.0, 0.006, 0.02, 0.07, 0.2)  # of the cyclic prefix: 0, 28, 94, 330, 940 ns at 15 kHz
DOPPLER_SHIFTS = (
    0.0,
    5e-4,
    3e-3,
    0.015,
    0.06,
)  # of the subcarrier spacing: 0, 7.5, 45, 225, 900 Hz at 15 kHz
_FIRST_DOPPLER = DOPPLER_SHIFTS[1]  # assumed while the delay spread is sought
_NEGLECTED = 1e-3  # share of the power that the components leave out
_ROUNDS = 8
_CLEARLY = 2.0  # nats; the first values make no difference in a short burst
_FLOOR = 1e-6  # of the received power


@dataclass(frozen=True, eq=False)
class GridEstimate(ChannelEstimate):
    """The channel as an LMMSE estimator sees it: ``gain`` is the mean of what it may be."""

    @property
    def snr_db(self) -> float:
        """Mean received Es/N0 in dB: the mean square of the gain is that of its mean, and its variance."""
        power = float(np.mean(np.abs(self.gain) ** 2) + np.mean(self.gain_error))
        return to_db(power / self.no)


@dataclass(frozen=True, eq=False)
class _Fit:
    """A prior and what it makes of the known symbols.

    Attributes:
        components: the prior's, in time and in frequency, scaled by the root of their power.
        vectors: complex128[m, m], turns coefficients into independent ones.
        mean, variance: of the independent coefficients.
        no: noise variance.
        evidence: log-likelihood of what was received, up to a constant.
    """

    components: tuple[Complex128, Complex128]
    vectors: Complex128
    mean: Complex128
    variance: Reals
    no: float
    evidence: float


def estimate_grid(
    received: Complex128,
    positions: Indices,
    values: Symbols,
    waveform: Ofdm,
    pilot_rows: NDArray[np.int64],
) -> ChannelEstimate:
    """Gain and noise of a burst; see `semvid.phy.framing.Framing.estimate`.

    Args:
        pilot_rows: OFDM symbols with pilots on the same subcarriers, between which the phase is followed.
    """
    width = waveform.subcarriers
    rows = len(received) // width
    observed = received[positions] * values.conj()
    place = np.divmod(positions, width)
    turned = np.exp(-1j * _turn(observed, place, pilot_rows, (rows, width)) * np.arange(rows))

    def fit(spread: float, doppler: float, still: Complex128 = turned) -> _Fit:
        return _fit(observed * still[place[0]], place, _components(waveform, rows, spread, doppler))

    as_it_came = np.ones_like(turned)
    first = DELAY_SPREADS[1], DOPPLER_SHIFTS[0]
    if fit(*first).evidence < fit(*first, as_it_came).evidence:
        turned[:] = as_it_came
    spread, best = _likeliest(DELAY_SPREADS, lambda s: fit(s, _FIRST_DOPPLER))
    if rows > 1:
        doppler, best = _likeliest(DOPPLER_SHIFTS, lambda d: fit(spread, d))
        if doppler > _FIRST_DOPPLER:  # delays were measured with a gain that was taken as still
            spread, best = _likeliest(DELAY_SPREADS, lambda s: fit(s, doppler))
    gain, error = _over_the_grid(best)
    gain *= np.repeat(turned.conj(), width)
    return GridEstimate(gain, error, best.no, 1, len(observed))


def _turn(
    observed: Complex128,
    place: tuple[Indices, Indices],
    pilot_rows: NDArray[np.int64],
    shape: tuple[int, int],
) -> float:
    """Radians from one OFDM symbol to the next: a carrier frequency offset."""
    if len(pilot_rows) < 2:
        return 0.0
    known = np.zeros(shape, np.complex128)
    known[place] = observed
    products = np.sum(known[pilot_rows[1:]] * known[pilot_rows[:-1]].conj())
    return float(np.angle(products) / np.mean(np.diff(pilot_rows)))


def _likeliest(values: tuple[float, ...], fit: Callable[[float], _Fit]) -> tuple[float, _Fit]:
    """The value of the likeliest fit among rising ones, up to the first that is clearly less likely."""
    chosen, best = values[0], fit(values[0])
    for value in values[1:]:
        other = fit(value)
        if other.evidence > best.evidence:
            chosen, best = value, other
        elif other.evidence < best.evidence - _CLEARLY:
            break
    return chosen, best


def _over_the_grid(fit: _Fit) -> tuple[Complex128, Reals]:
    """Gain and its expected squared error of every resource element, [n] each."""
    in_time, in_frequency = fit.components
    shape = in_time.shape[1], in_frequency.shape[1]
    gain = in_time @ (fit.vectors @ fit.mean).reshape(shape) @ in_frequency.T
    covariance = (fit.vectors * fit.variance) @ fit.vectors.conj().T
    by_time = covariance.reshape(shape + shape).transpose(0, 2, 1, 3).reshape(shape[0] ** 2, shape[1] ** 2)
    error = _squares(in_time) @ by_time @ _squares(in_frequency).T
    return gain.reshape(-1), np.maximum(error.real, 0.0).reshape(-1)


def _squares(components: Complex128) -> Complex128:
    """Products of every component with the conjugate of every other, [n, m * m]."""
    products: Complex128 = components[:, :, None] * components[:, None, :].conj()
    return products.reshape(len(components), -1)


def _fit(
    observed: Complex128, place: tuple[Indices, Indices], components: tuple[Complex128, Complex128]
) -> _Fit:
    in_time, in_frequency = components
    rows, columns = place
    design = (in_time[rows][:, :, None] * in_frequency[columns][:, None, :]).reshape(len(observed), -1)
    weights, vectors = np.linalg.eigh(design.conj().T @ design)
    weights = np.maximum(weights, 0.0)
    correlation = vectors.conj().T @ (design.conj().T @ observed)
    match = np.abs(correlation) ** 2
    energy, count = float(np.sum(np.abs(observed) ** 2)), len(observed)
    floor = _FLOOR * energy / count
    no, power = max(0.3 * energy / count, floor), energy / count
    for _ in range(_ROUNDS):
        variance = 1.0 / (weights / no + 1.0 / power)
        mean_square = match * (variance / no) ** 2
        error = energy - 2.0 * float(np.sum(match * variance)) / no + float(np.sum(mean_square * weights))
        # as in MacKay's fixed point: the coefficients take as many observations as they are determined by
        determined = float(np.sum(weights * variance)) / no
        no = max(error / max(count - determined, 0.5), floor)
        power = max(float(np.sum(mean_square)) / max(determined, 1e-3), floor)
    variance = 1.0 / (weights / no + 1.0 / power)
    evidence = -(energy - float(np.sum(match * variance)) / no) / no - count * np.log(no)
    evidence -= float(np.sum(np.log1p(power * weights / no)))
    return _Fit(components, vectors, correlation * variance / no, variance, no, float(evidence))


@lru_cache(maxsize=256)
def _components(waveform: Ofdm, rows: int, spread: float, doppler: float) -> tuple[Complex128, Complex128]:
    """The principal components in time [rows, .] and in frequency [subcarriers, .]; do not write to them."""
    apart_hz = waveform.spacing_hz * _differences(waveform.subcarriers)
    turned = 2j * np.pi * apart_hz * (spread * waveform.prefix_s)
    in_frequency = (1.0 / (1.0 + turned)).astype(np.complex128)
    apart_s = waveform.symbol_s * _differences(rows)
    in_time = np.sinc(2.0 * doppler * waveform.spacing_hz * apart_s).astype(np.complex128)
    return _principal(in_time), _principal(in_frequency)


def _differences(count: int) -> Reals:
    return np.subtract.outer(np.arange(count), np.arange(count)).astype(np.float64)


def _principal(correlation: Complex128) -> Complex128:
    """Eigenvectors of a correlation matrix, the strongest first, scaled by the roots of eigenvalues."""
    powers, vectors = np.linalg.eigh(correlation)
    powers, vectors = np.maximum(powers[::-1], 0.0), vectors[:, ::-1]
    kept = 1 + int(np.searchsorted(np.cumsum(powers), (1.0 - _NEGLECTED) * np.sum(powers)))
    components: Complex128 = vectors[:, :kept] * np.sqrt(powers[:kept])
    return components
