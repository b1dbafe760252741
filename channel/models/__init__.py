"""The channel models, one file each.

A model says by what complex gain each symbol is multiplied; the noise is the same for all (`channel.noise`).
How to add one: docs/adding-a-channel-model.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from channel.models.awgn import Awgn
from channel.models.rayleigh import Rayleigh
from channel.models.rician import Rician

if TYPE_CHECKING:
    from channel.conditions import Conditions


class ChannelModel(Protocol):
    """What a model must be able to do."""

    def gains(self, first_symbol: int, count: int) -> NDArray[np.complex64]:
        """Gains of ``count`` symbols from position ``first_symbol`` of the transmission on.

        The gain of a symbol depends on its position and the conditions only, never on how the transmission
        was cut into blocks or on which blocks were asked for before. Its mean power is 1.

        Args:
            first_symbol: position of the first symbol, not negative.
            count: number of symbols, not negative.

        Returns:
            [count], complex64.
        """
        ...


MODELS: dict[str, Callable[[Conditions], ChannelModel]] = {
    "awgn": Awgn,
    "rayleigh": Rayleigh,
    "rician": Rician,
}
