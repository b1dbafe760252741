r"""What sender's and receiver's oscillators do to the phase.

- ``cfo``: they differ by ``cfo_hz``: the phase turns steadily, :math:`\phi(t) = 2 \pi f t`.
- ``phase-noise``: their phase wanders about the true one, as that of a phase-locked loop does: a stationary
  process of ``phase_noise_deg`` root mean square whose spectrum is flat up to ``phase_noise_hz`` and falls
  by 20 dB a decade beyond, so that :math:`E[\phi(t + \tau) \phi(t)] = \sigma^2 e^{-2 \pi f_c |\tau|}`. It
  is a sum of sinusoids, as fading is (`channel.doppler`), their frequencies the quantiles of that spectrum,
  one in each of as many equal shares of its power; beyond a hundred times ``phase_noise_hz`` (0.6 % of the
  power) all of it is put there.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from channel.gaussian import PHASE, uniform
from channel.phasor import Doubles, phasor
from semvid.impairments import Chain, Impairment

SINUSOIDS = 64
_HIGHEST = 100.0  # times phase_noise_hz


class Oscillator(Protocol):
    """The part of `channel.conditions.Conditions` that the phase may depend on; checked and frozen."""

    @property
    def chain(self) -> Chain: ...  # noqa: D102
    @property
    def seed(self) -> int: ...  # noqa: D102
    @property
    def cfo_hz(self) -> float: ...  # noqa: D102
    @property
    def phase_noise_deg(self) -> float: ...  # noqa: D102
    @property
    def phase_noise_hz(self) -> float: ...  # noqa: D102


def phase_turns(oscillator: Oscillator, times_s: Doubles) -> Doubles | None:
    """The phase at some times, in whole turns, [n]; None where it stays 0."""
    others = oscillator.chain.others & {Impairment.CFO, Impairment.PHASE_NOISE}
    if not others:
        return None
    turns = np.zeros_like(times_s)
    if Impairment.CFO in others:
        turns += oscillator.cfo_hz * times_s
    if Impairment.PHASE_NOISE in others:
        turns += _wandering(oscillator, times_s)
    return turns


def _wandering(oscillator: Oscillator, times_s: Doubles) -> Doubles:
    drawn = uniform(oscillator.seed, (PHASE,), 0, 2 * SINUSOIDS)
    quantile, phase = (np.arange(SINUSOIDS) + drawn[:SINUSOIDS]) / SINUSOIDS, drawn[SINUSOIDS:]
    cosine, sine = phasor(quantile / 4.0)  # the quantiles of a Lorentzian are tangents
    frequency_hz = oscillator.phase_noise_hz * np.minimum(sine / np.maximum(cosine, 1e-9), _HIGHEST)
    total = np.zeros_like(times_s)
    for f_hz, start in zip(frequency_hz, phase, strict=True):
        total += phasor(f_hz * times_s + start)[0]
    total *= oscillator.phase_noise_deg / 360.0 * math.sqrt(2.0 / SINUSOIDS)
    return total
