"""What a radio channel does to samples, in numpy: delay, clock, carrier, phase that wanders, noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_REACH = 16  # samples of the interpolating pulse to each side
_EDGE = 2 * _REACH + 2


def through(
    samples: NDArray[np.complex64],
    rng: np.random.Generator,
    noise: float = 0.0,
    delay: float = 0.0,
    offset: float = 0.0,
    clock_ppm: float = 0.0,
    phase_step: float = 0.0,
    after: int = 400,
) -> NDArray[np.complex64]:
    """Samples as they arrive.

    Args:
        samples: as sent.
        rng: of noise and phase.
        noise: variance of a sample's noise.
        delay: samples of silence before, with a fraction.
        offset: of the carrier, cycles per sample.
        clock_ppm: by how much longer they last.
        phase_step: radians by which the phase walks at random from sample to sample, root mean square.
        after: samples that follow.
    """
    number = np.arange(int(len(samples) * (1 + clock_ppm * 1e-6) + delay) + after)
    time = (number - delay) / (1 + clock_ppm * 1e-6)
    whole = np.floor(time).astype(np.int64)
    taps = np.arange(1 - _REACH, 1 + _REACH)
    from_tap = taps[None, :] - (time - whole)[:, None]
    weights = np.sinc(from_tap) * np.cos(np.pi * from_tap / _EDGE) ** 2
    index = whole[:, None] + taps
    inside = (index >= 0) & (index < len(samples))
    seen = np.where(inside, samples[np.clip(index, 0, len(samples) - 1)], 0)
    received = np.einsum("nk,nk->n", weights, seen)
    phase = 2 * np.pi * (offset * number + rng.uniform())
    if phase_step:
        phase = phase + np.cumsum(rng.normal(0, phase_step, len(number)))
    received = received * np.exp(1j * phase)
    received += np.sqrt(noise / 2) * (rng.normal(size=(len(number), 2)) @ [1, 1j])
    return received.astype(np.complex64)


def qpsk(count: int, rng: np.random.Generator) -> NDArray[np.complex64]:
    """Symbols of unit power."""
    return ((rng.choice([-1, 1], (count, 2)) @ [1, 1j]) / np.sqrt(2)).astype(np.complex64)


def snr_db(sent: NDArray[np.complex64], received: NDArray[np.complex64]) -> float:
    """Es/N0 of what came of known symbols under one gain."""
    gain = np.vdot(sent, received) / np.vdot(sent, sent)
    error = received - gain * sent
    return float(10 * np.log10(abs(gain) ** 2 / np.mean(np.abs(error) ** 2)))
