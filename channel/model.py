"""What a model of fading is, and what it may look at; the models themselves: `channel.models`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from channel.instants import Instants

Gains = NDArray[np.complex64]


class Fading(Protocol):
    """The part of `channel.conditions.Conditions` that gains may depend on; checked and frozen."""

    @property
    def coherence_symbols(self) -> int:
        """Symbols over which the gain of block fading stays."""

    @property
    def rician_k_db(self) -> float:
        """Power ratio of the direct path to the scattered ones, dB."""

    @property
    def doppler_hz(self) -> float:
        """Largest Doppler shift of a path."""

    @property
    def delay_spread_ns(self) -> float:
        """Root mean square of the delays."""

    @property
    def seed(self) -> int:
        """Same seed, same gains."""


@dataclass(frozen=True, eq=False)
class Path:
    """One way from sender to receiver.

    Attributes:
        gain: complex64[n], one for each instant.
        delay_s: after the first path.
        power: mean of ``|gain|**2``; those of all paths sum to 1.
    """

    gain: Gains
    delay_s: float = 0.0
    power: float = 1.0


class ChannelModel(Protocol):
    """Gives the paths."""

    def __call__(self, fading: Fading, instants: Instants) -> list[Path]:
        """The paths with their gains at some instants.

        The gain at an instant depends on its position, its time and the conditions only, never on how the
        transmission was cut into blocks or on which blocks were asked for before. Mean powers sum to 1.

        Args:
            fading: the conditions.
            instants: consecutive ones, perhaps none.

        Returns:
            At least one path; several make the channel frequency selective.
        """


def flat(gain: Gains) -> list[Path]:
    """The one path of a channel that is the same at all frequencies."""
    return [Path(gain)]


def as_gains(real: NDArray[np.float64], imag: NDArray[np.float64]) -> Gains:
    """Parts put together, rounded once."""
    gains = np.empty(real.shape, np.complex64)
    gains.real, gains.imag = real, imag
    return gains
