"""What the next keyframe may take of a budget: an even share of what is left, by how many are to come.

They are taken to come as densely as planned, and for some seconds as densely as just now where that is more.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from transmitter.rate.control import Budget

_LAST_WORDS: Final = 2  # blocks without keyframes, that the end of the stream may take
_SPENT_AT_ONCE: Final = 0.97  # of a share: pilots may turn out denser, and what is protected may be repeated
_LIKE_NOW_S: Final = 3.0  # that keyframes are taken to come as just now
_LATEST: Final = 4  # keyframes that say how dense that is


class Pace:
    """Of one transmission.

    Args:
        budget: of a video that ends; None: there is none.
        keyframes_per_frame: to be expected after the first.
    """

    def __init__(self, budget: Budget | None, keyframes_per_frame: float) -> None:
        self._budget, self._density = budget, keyframes_per_frame
        self._spent = 0
        self._latest: deque[int] = deque(maxlen=_LATEST)  # frames of keyframes

    def note_spent(self, symbols: int) -> None:
        """Takes what was sent so far, in channel uses."""
        self._spent = symbols

    def share(self, frame: int, last: bool, block_symbols: float) -> float:
        """Channel uses for the keyframe at ``frame`` and all beside it; infinite without a budget.

        Ask once for each, in order.

        Args:
            frame: index of it.
            last: it ends the video.
            block_symbols: of a block without keyframe, for what has to be said after the last.
        """
        budget = self._budget
        if budget is None:
            return math.inf
        self._latest.append(frame)
        left = budget.symbols - self._spent - (0.0 if last else _LAST_WORDS * block_symbols)
        to_come = 0.0 if last else max(1.0, self._to_come(budget, frame))
        return _SPENT_AT_ONCE * left / (1.0 + to_come)

    def most(self, last: bool, block_symbols: float) -> float:
        """Channel uses that it may take at the very most, repetitions included."""
        if self._budget is None:
            return math.inf
        return self._budget.most - self._spent - (0.0 if last else _LAST_WORDS * block_symbols)

    def _to_come(self, budget: Budget, frame: int) -> float:
        """Keyframes to be expected behind ``frame``."""
        frames = budget.frames - 1 - frame
        like_now = min(frames, _LIKE_NOW_S * budget.frame_rate)
        since = frame - self._latest[0]
        just_now = (len(self._latest) - 1) / since if since > 0 else 0.0
        return max(self._density, just_now) * like_now + self._density * (frames - like_now)
