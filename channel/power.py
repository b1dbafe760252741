"""No sender may buy SNR with power: what goes on the air has unit mean power."""

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput

SHORT_SYMBOLS = 64
MAX_SHORT_POWER = 3.0  # a burst too short for a mean: the peak of any QAM constellation up to 1024 is below
MAX_BLOCK_POWER = 1.5
LONG_SYMBOLS = 4_096
MAX_LONG_POWER = 1.1  # a transmission long enough for a mean; 256QAM is within 1.04 with certainty


class PowerGuard:
    """Watches the mean power of one transmission."""

    def __init__(self) -> None:
        self._energy = 0.0
        self._symbols = 0

    def check(self, symbols: NDArray[np.complex64]) -> None:
        """Takes one block ([n], complex64) into account.

        Raises:
            InvalidInput: the block, or the transmission with it, has more than unit mean power, by more than
                chance allows.
        """
        energy = float(np.sum(np.square(symbols.view(np.float32), dtype=np.float64)))
        short = symbols.size < SHORT_SYMBOLS
        _require("block", energy / symbols.size, MAX_SHORT_POWER if short else MAX_BLOCK_POWER, symbols.size)
        self._energy += energy
        self._symbols += symbols.size
        if self._symbols >= LONG_SYMBOLS:
            _require("transmission", self._energy / self._symbols, MAX_LONG_POWER, self._symbols)


def _require(what: str, power: float, limit: float, symbols: int) -> None:
    if power > limit:
        raise InvalidInput(
            f"channel: this {what} has mean power {power:.4g} over {symbols} symbols, the limit is "
            f"{limit:g}; send symbols of unit mean power (a channel that is fed by another channel needs "
            "SEMVID_CHANNEL_CHECK_POWER=false)"
        )
