"""Steering on made-up videos: what a frame costs is known, and changes without notice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transmitter.planning import Plan
from transmitter.rate import OperatingPoint, bytes_factor
from transmitter.steering import Budget, Steering
from transmitter.trial import CRF_RANGE, Forecast

RATE, GAP = 30, 30  # frames a second, and from one keyframe to the next
FIXED = 90  # symbols of a segment beside its keyframe
ALONE = 8  # times as many symbols does a keyframe take that stands alone


@dataclass
class Sent:
    """A made-up transmission, sent to its end."""

    symbols: float
    restarts: list[int] = field(default_factory=list)
    crfs: list[int] = field(default_factory=list)


def send(
    complexity: Callable[[int], float],
    frames: int,
    budget: float | None,
    forecast: float,
    crf: int = 60,
    cuts: Sequence[int] = (),
) -> Sent:
    """Sends keyframes of ``complexity(frame)`` symbols at CRF 60, planned as if all took ``forecast``."""
    plan = Plan(OperatingPoint(crf, 150.0, 1.0), Forecast(FIXED, forecast, GAP))
    steering = Steering(plan, None if budget is None else Budget(budget, frames, RATE))
    link = plan.point.link

    def bytes_alone(frame: int) -> Callable[[int], float]:
        symbols = ALONE * complexity(frame)
        per_byte = link.symbols_of(1) - link.symbols_of(0)
        return lambda crf: symbols * bytes_factor(crf) / per_byte

    sent, keyframes = Sent(0.0), 0.0
    for frame in range(0, frames, GAP):
        cut = frame in cuts
        new = steering.restart(frame, cut, bytes_alone(frame))
        if new is not None:
            sent.restarts.append(frame)
        alone = cut or frame == 0 or new is not None
        keyframes += complexity(frame) * (ALONE if alone else 1) * bytes_factor(steering.point.crf)
        sent.symbols = keyframes + FIXED * (frame // GAP + 1)
        sent.crfs.append(steering.point.crf)
        steering.note(frame + 1, round(sent.symbols), round(keyframes), alone)
    return sent


def cost(complexity: float, frames: int, crf: int = 60) -> float:
    """Symbols of a video of one complexity, its first keyframe included."""
    keyframes = frames // GAP + ALONE - 1
    return keyframes * complexity * bytes_factor(crf) + FIXED * (frames // GAP)


def test_a_video_like_its_plan_goes_on_as_planned() -> None:
    sent = send(lambda _: 600, 1800, cost(600, 1800), forecast=600)
    assert sent.restarts == []
    assert set(sent.crfs) == {60}


def test_without_a_budget_the_plan_is_kept() -> None:
    sent = send(lambda frame: 600 if frame < 900 else 6000, 1800, None, forecast=600, cuts=[900])
    assert set(sent.crfs) == {60}


@pytest.mark.parametrize("cuts", [[900], []])
def test_what_gets_dearer_half_way_gets_coarser(cuts: list[int]) -> None:
    def complexity(frame: int) -> float:
        return 600 if frame < 900 else 1800

    budget = cost(600, 1800, crf=50)
    sent = send(complexity, 1800, budget, forecast=600, crf=50, cuts=cuts)
    assert budget < sent.symbols < 1.15 * budget
    assert sent.crfs[0] == 50
    assert sent.crfs[-1] > 56
    assert send(complexity, 1800, None, forecast=600, crf=50, cuts=cuts).symbols > 1.8 * budget


def test_what_gets_cheaper_gets_finer() -> None:
    budget = cost(3000, 3600)
    sent = send(lambda frame: 3000 if frame < 900 else 1000, 3600, budget, forecast=3000)
    assert 0.75 * budget < sent.symbols < budget
    assert sent.crfs[-1] < 54


@pytest.mark.parametrize("wrong", [0.2, 5.0])
def test_a_wrong_forecast_is_mended(wrong: float) -> None:
    budget = cost(1500, 3600)
    sent = send(lambda _: 1500, 3600, budget, forecast=1500 * wrong)
    assert sent.symbols == pytest.approx(budget, rel=0.1)


def test_without_cuts_sequences_are_seldom_begun_anew() -> None:
    sent = send(lambda frame: 300 if frame // 600 % 2 else 6000, 3600, cost(3000, 3600), forecast=3000)
    apart = [b - a for a, b in zip(sent.restarts, sent.restarts[1:], strict=False)]
    assert apart
    assert min(apart) >= 2 * RATE
    assert len(sent.restarts) < 12


def test_density_follows_at_once() -> None:
    plan = Plan(OperatingPoint(60, 150.0, 1.0), Forecast(FIXED, 600, GAP))
    steering = Steering(plan, Budget(cost(600, 1800), 1800, RATE))
    steering.note(1, 5000, 4900, alone=True)
    steering.note(31, 5700, 5500, alone=False)
    as_planned = steering.point.slope
    steering.note(61, 15_700, 15_400, alone=False)
    assert steering.point.crf == 60
    assert steering.point.slope > 1.5 * as_planned


@settings(max_examples=60, deadline=None)
@given(
    scenes=st.lists(st.tuples(st.integers(3, 30), st.floats(100, 4000)), min_size=2, max_size=8),
    forecast=st.floats(300, 2000),
)
def test_scenes_in_any_order_stay_near_the_budget(scenes: list[tuple[int, float]], forecast: float) -> None:
    complexities = [complexity for length, complexity in scenes for _ in range(length)]
    cuts, at = [], 0
    for length, _ in scenes:
        at += length * GAP
        cuts.append(at)
    frames = len(complexities) * GAP

    def whole(crf: int) -> float:
        """What the video costs at one quality all through."""
        starts = [0, *cuts[:-1]]
        alone = sum((ALONE - 1) * complexities[start // GAP] for start in starts)
        return (sum(complexities) + alone) * bytes_factor(crf) + FIXED * len(complexities)

    budget = whole(58)
    sent = send(lambda frame: complexities[frame // GAP], frames, budget, forecast, cuts=cuts)
    # the last scene may be dear, and then no quality saves what was spent before
    dearest_end = ALONE * complexities[-1] * bytes_factor(CRF_RANGE[-1])
    assert sent.symbols < 1.3 * budget + dearest_end + max(complexities) * ALONE * bytes_factor(58)
