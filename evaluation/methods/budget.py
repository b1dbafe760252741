"""What a budget of symbols buys: bytes over this very channel, and the best setting of a method."""

from collections.abc import Callable
from typing import Final, Literal, TypeVar

import numpy as np

from evaluation.clips import Clip
from evaluation.link import Air, ByteLink
from evaluation.method import Conditions, Outcome

DEFAULT_CBR: Final = 6.5e-4
"""What a rival spends where no target is given: the paper's operating point at 10 dB."""

_TRIALS: Final = 6
_CLOSE: Final = 0.99  # of the budget
_ATTEMPTS: Final = 6  # at what the channel made dearer than planned
_SMALLER: Final = 0.98

_Setting = TypeVar("_Setting")


def budget_symbols(clip: Clip, target_cbr: float | None) -> int:
    """Channel uses that ``target_cbr`` allows for ``clip``."""
    samples = 3 * len(clip.pictures) * clip.source.width * clip.source.height
    return int((DEFAULT_CBR if target_cbr is None else target_cbr) * samples)


def bytes_within(
    budget: int,
    conditions: Conditions,
    mcs: int | Literal["auto"],
    retransmissions: int,
    block_bytes: int | None = None,
) -> int:
    """Bytes that cross under ``conditions`` for at most ``budget`` symbols, all counted; 0 if none do.

    Found by sending random bytes through the same draws of fading and noise. A rival knows its channel
    beforehand, then, which is more than semvid does.
    """
    dummy = np.random.default_rng(0).integers(0, 256, budget, np.uint8).tobytes()
    best, size = 0, max(1, budget // 4)
    for _ in range(_TRIALS):
        air = Air(conditions)
        ByteLink(air, mcs, retransmissions).send_stream(dummy[:size], block_bytes)
        if air.crossed <= budget:
            best = max(best, size)
            if air.crossed > _CLOSE * budget:
                break
        size = min(len(dummy), max(1, int(size * 0.998 * budget / air.crossed)))
    return best


def spend(
    budget: int,
    choose: Callable[[float], _Setting | None],
    cost: Callable[[_Setting], float],
    send: Callable[[_Setting], Outcome],
    too_dear: str,
) -> Outcome:
    """Sends what is chosen for ``budget`` symbols, or something cheaper where the channel made it dearer.

    Args:
        choose: the best setting whose ``cost``, in symbols where no block is lost, is within a limit.
        too_dear: why nothing is shown where nothing is cheap enough.
    """
    planned = float(budget)
    for _ in range(_ATTEMPTS):
        chosen = choose(planned)
        if chosen is None:
            break
        outcome = send(chosen)
        if outcome.crossed <= budget:
            return outcome
        planned = cost(chosen) * min(_SMALLER * budget / outcome.crossed, _SMALLER)
    return Outcome(settings={"budget_symbols": budget}, failed=too_dear)
