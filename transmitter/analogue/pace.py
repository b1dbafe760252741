"""What the next keyframe may take of a budget: an even share of what is left, by how many are to come."""

from __future__ import annotations

import math
from typing import Final

from transmitter.rate.control import Budget

_LAST_WORDS: Final = 2  # blocks without keyframes, that the end of the stream may take
_SPENT_AT_ONCE: Final = 0.97  # of a share: pilots may turn out denser, and what is protected may be repeated


class Pace:
    """Of one transmission.

    Args:
        budget: of a video that ends; None: there is none.
        keyframes_per_frame: to be expected after the first.
    """

    def __init__(self, budget: Budget | None, keyframes_per_frame: float) -> None:
        self._budget, self._density = budget, keyframes_per_frame
        self._spent = 0

    def note_spent(self, symbols: int) -> None:
        """Takes what was sent so far, in channel uses."""
        self._spent = symbols

    def share(self, frame: int, last: bool, block_symbols: float) -> float:
        """Channel uses for the keyframe at ``frame`` and all beside it; infinite without a budget.

        Args:
            frame: index of it.
            last: it ends the video.
            block_symbols: of a block without keyframe, for what has to be said after the last.
        """
        budget = self._budget
        if budget is None:
            return math.inf
        left = budget.symbols - self._spent - (0.0 if last else _LAST_WORDS * block_symbols)
        to_come = 0.0 if last else max(1.0, self._density * (budget.frames - 1 - frame))
        return _SPENT_AT_ONCE * left / (1.0 + to_come)

    def most(self, last: bool, block_symbols: float) -> float:
        """Channel uses that it may take at the very most, repetitions included."""
        if self._budget is None:
            return math.inf
        return self._budget.most - self._spent - (0.0 if last else _LAST_WORDS * block_symbols)
