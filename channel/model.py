"""What a channel model is, and what it may look at; the models themselves: `channel.models`."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Gains = NDArray[np.complex64]


class Fading(Protocol):
    """The part of `channel.conditions.Conditions` that gains may depend on; checked and frozen."""

    @property
    def coherence_symbols(self) -> int:
        """Symbols over which the fading gain stays."""

    @property
    def rician_k_db(self) -> float:
        """Power ratio of the direct path to the scattered ones, dB."""

    @property
    def seed(self) -> int:
        """Same seed, same gains."""


class ChannelModel(Protocol):
    """Gives the gains."""

    def __call__(self, fading: Fading, first_symbol: int, count: int) -> Gains:
        """Gains of ``count`` symbols from position ``first_symbol`` of the transmission on.

        The gain of a symbol depends on its position and the conditions only, never on how the transmission
        was cut into blocks or on which blocks were asked for before. Its mean power is 1.

        Args:
            fading: the conditions.
            first_symbol: position of the first symbol, not negative.
            count: number of symbols, not negative.

        Returns:
            [count], complex64.
        """
