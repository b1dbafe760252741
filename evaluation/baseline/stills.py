"""A still across the channel by separate source and channel coding, and what came out of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from evaluation.baseline.one_shot import send
from evaluation.baseline.plan import Plan
from evaluation.baseline.still_ladder import Choice, StillLadder, decoded
from evaluation.link import Air
from evaluation.method import Conditions
from semvid.accounting import cbr
from semvid.errors import InvalidInput
from semvid.images.fidelity import psnr_db
from semvid.images.types import Picture

_GREY: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class SentStill:
    """A still as received.

    Attributes:
        picture: of the source's size; grey where it was lost.
        lost: whether it was.
        symbols: channel uses by class of the ledger; they equal what crossed.
        cbr: of all of them.
        settings: how it was coded and sent.
    """

    picture: Picture
    lost: bool
    symbols: dict[str, int]
    cbr: float
    settings: dict[str, Any]


def budget_symbols(picture: Picture, target_cbr: float) -> int:
    """Complex channel uses that a CBR allows for a picture: ``target_cbr * 3 * height * width``."""
    return int(target_cbr * picture.size)


def choose(ladder: StillLadder, plans: Sequence[Plan]) -> tuple[Plan, Choice]:
    """The plan and the size of highest expected PSNR, a lost picture counted as the grey one that is shown.

    Raises:
        InvalidInput: the code has no setting that is small enough for any plan.
    """
    grey_db = psnr_db(ladder.picture, grey(ladder.picture))
    fitting = [(plan, choice) for plan in plans if (choice := ladder.best(plan.capacity_bytes)) is not None]
    if not fitting:
        most = max(plan.capacity_bytes for plan in plans)
        raise InvalidInput(
            f"baseline: no setting of {ladder.code.name} is as small as the {most} bytes that "
            f"{plans[0].budget} symbols carry; raise --target-cbr or --snr-db, or leave this code out"
        )

    def expected_psnr_db(one: tuple[Plan, Choice]) -> float:
        plan, choice = one
        return (1 - plan.loss) * ladder.psnr_db(choice) + plan.loss * grey_db

    return max(fitting, key=expected_psnr_db)


def send_still(ladder: StillLadder, plan: Plan, choice: Choice, conditions: Conditions) -> SentStill:
    """Sends a picture once, over ``conditions``, planned for or not.

    Raises:
        RuntimeError: the ledger is wrong, or more was sent than the plan has symbols for.
    """
    stream = ladder.stream(choice)
    sent = send(stream, plan.bursts, Air(conditions))
    picture = grey(ladder.picture) if sent.data is None else decoded(ladder.code, sent.data)
    used = sum(sent.symbols.values())
    if used > plan.budget:
        raise RuntimeError(f"{used} symbols were sent, the budget is {plan.budget}")
    settings = plan.settings | {
        "scale": choice.scale,
        "quality": choice.quality,
        "stream_bytes": len(stream),
        "blocks": sent.blocks,
        "blocks_lost": sent.blocks_lost,
        "encoder": ladder.code.settings,
    }
    height, width = ladder.picture.shape[:2]
    return SentStill(picture, sent.data is None, sent.symbols, cbr(used, 1, height, width), settings)


def grey(picture: Picture) -> Picture:
    """What is shown of a picture that was lost, and judged like any other."""
    return np.full_like(picture, _GREY)
