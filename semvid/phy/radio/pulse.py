r"""Root raised cosine pulses: symbols to samples, and the matched filter at any time.

.. math:: s(t) = \sum_k x_k\, g(t - k), \qquad y(t) = \int r(u)\, g(u - t)\, du

with :math:`g` of unit energy and time in symbols, so that :math:`y(k) = x_k` where nothing came in
between (J. G. Proakis, M. Salehi, "Digital Communications", 5th ed., section 9.2-3). A matched filter
that can be asked at any time is an interpolator and a filter in one: nothing has to be resampled.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from semvid.phy.arrays import Symbols
from semvid.waveform import SAMPLES_PER_SYMBOL

ROLL_OFF = 0.25
REACH = 16  # symbols to each side; what is cut off is 63 dB below a symbol
_STEPS = 128  # of the table of pulses, per sample; between two it is linear, to -90 dB
_AT_ONCE = 4096  # times

Samples = NDArray[np.complex64]
Times = NDArray[np.float64]


def root_raised_cosine(t: NDArray[np.floating]) -> Times:
    """The pulse of unit energy at times in symbols, cut off beyond `REACH`."""
    a = ROLL_OFF
    near_zero, near_edge = np.abs(t) < 1e-9, np.abs(np.abs(t) - 1 / (4 * a)) < 1e-9
    u = np.where(near_zero | near_edge, 0.1, t)  # any other value: replaced below
    shape = np.sin(np.pi * u * (1 - a)) + 4 * a * u * np.cos(np.pi * u * (1 + a))
    shape /= np.pi * u * (1 - (4 * a * u) ** 2)
    angle = np.pi / (4 * a)
    edge = a / np.sqrt(2) * ((1 + 2 / np.pi) * np.sin(angle) + (1 - 2 / np.pi) * np.cos(angle))
    shape = np.where(near_edge, edge, np.where(near_zero, 1 - a + 4 * a / np.pi, shape))
    return np.where(np.abs(t) <= REACH, shape, 0.0)


def shaped(symbols: Symbols, samples_per_symbol: int) -> Samples:
    """Samples of a row of symbols, complex64, unit mean power where the symbols have it.

    Args:
        symbols: complex64[n].
        samples_per_symbol: 2..16.

    Returns:
        (n + 2 * REACH) * samples_per_symbol of them; symbol ``k`` is at (k + REACH) * samples_per_symbol.

    Raises:
        ValueError: ``samples_per_symbol`` out of range.
    """
    low, high = SAMPLES_PER_SYMBOL
    if not low <= samples_per_symbol <= high:
        raise ValueError(f"samples per symbol must lie in {low}..{high}, got {samples_per_symbol}")
    samples = np.empty((len(symbols) + 2 * REACH, samples_per_symbol), np.complex64)
    for phase in range(samples_per_symbol):
        taps = root_raised_cosine(np.arange(-REACH, REACH) + phase / samples_per_symbol)
        samples[:-1, phase] = np.convolve(symbols, taps)
        samples[-1, phase] = 0
    return samples.reshape(-1)


@lru_cache(maxsize=16)
def _table(samples_per_symbol: int) -> Times:
    """The matched filter at `_STEPS` + 1 fractions of a sample, [steps, taps]."""
    reach = REACH * samples_per_symbol
    taps = np.arange(-reach, reach + 2)
    fractions = np.arange(_STEPS + 1) / _STEPS
    table = root_raised_cosine((taps[None, :] - fractions[:, None]) / samples_per_symbol) / samples_per_symbol
    table.setflags(write=False)
    return table


def matched(samples: Samples, times: NDArray[np.floating], samples_per_symbol: int) -> NDArray[np.complex128]:
    """The matched filter's output at any times; outside the samples there is silence.

    Args:
        samples: complex64[m].
        times: float64[n], in samples from the first one on.
        samples_per_symbol: of the pulses.

    Returns:
        complex128[n].
    """
    reach, table = REACH * samples_per_symbol, _table(samples_per_symbol)
    offsets = np.arange(-reach, reach + 2)
    out = np.empty(len(times), np.complex128)
    for start in range(0, len(times), _AT_ONCE):
        part = times[start : start + _AT_ONCE]
        whole = np.floor(part).astype(np.int64)
        steps = (part - whole) * _STEPS
        step = np.minimum(steps.astype(np.int64), _STEPS - 1)
        within = (steps - step)[:, None]
        weights = table[step] * (1 - within) + table[step + 1] * within
        index = whole[:, None] + offsets
        seen = samples[np.clip(index, 0, max(len(samples) - 1, 0))] if len(samples) else np.zeros(index.shape)
        seen = np.where((index >= 0) & (index < len(samples)), seen, 0)
        out[start : start + _AT_ONCE] = np.einsum("nk,nk->n", weights, seen)
    return out


def filtered(samples: Samples, samples_per_symbol: int) -> NDArray[np.complex128]:
    """The matched filter's output at every sample, complex128[m]; outside the samples there is silence."""
    taps = _table(samples_per_symbol)[0]
    reach = REACH * samples_per_symbol
    if not len(samples):
        return np.empty(0, np.complex128)
    return np.convolve(samples, taps[: 2 * reach + 1])[reach : reach + len(samples)]
