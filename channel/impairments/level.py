"""How strong the noise is at every instant."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np

from channel.gaussian import amplitude_of_db
from channel.impairments.gilbert_elliott import bad_states
from channel.instants import Instants
from channel.phasor import Doubles
from semvid.impairments import Chain, Impairment
from semvid.snr_trace import SnrTrace


class Level(Protocol):
    """The part of `channel.conditions.Conditions` that noise may depend on; checked and frozen."""

    @property
    def chain(self) -> Chain: ...  # noqa: D102
    @property
    def seed(self) -> int: ...  # noqa: D102
    @property
    def noise_amplitude(self) -> float: ...  # noqa: D102
    @property
    def bad_symbols(self) -> float: ...  # noqa: D102
    @property
    def bad_share(self) -> float: ...  # noqa: D102
    @property
    def bad_loss_db(self) -> float: ...  # noqa: D102
    @property
    def snr_trace(self) -> SnrTrace: ...  # noqa: D102


def noise_amplitudes(level: Level, instants: Instants) -> Doubles:
    """``sqrt(no)`` at every instant, [n].

    A trace says what the SNR is; a bad state of ``gilbert-elliott`` takes ``bad_loss_db`` from whatever it
    is.
    """
    amplitudes = np.full(instants.positions.size, level.noise_amplitude)
    if Impairment.TRACE in level.chain.others:
        times_s, values = _trace(level.snr_trace)
        # before the first point its SNR holds already, after the last it stays
        amplitudes = values[np.maximum(np.searchsorted(times_s, instants.times_s, "right") - 1, 0)]
    if Impairment.GILBERT_ELLIOTT in level.chain.others and amplitudes.size:
        first, last = int(instants.positions[0]), int(instants.positions[-1])
        bad = bad_states(level.seed, level.bad_symbols, level.bad_share, first, last - first + 1)
        louder = amplitude_of_db(level.bad_loss_db)
        amplitudes = amplitudes * np.where(bad[instants.positions - first], louder, 1.0)
    return amplitudes


@lru_cache(maxsize=64)
def _trace(trace: SnrTrace) -> tuple[Doubles, Doubles]:
    """Times in seconds and ``sqrt(no)`` of a trace."""
    times_s = np.array([time_s for time_s, _ in trace])
    return times_s, np.array([amplitude_of_db(-snr_db) for _, snr_db in trace])
