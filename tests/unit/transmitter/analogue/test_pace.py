"""Shares of a budget: whatever keyframes come, it is kept, and nearly all of it used where it can be."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transmitter.analogue.pace import Pace
from transmitter.rate.control import Budget

FRAMES, BLOCK = 101, 50.0


def budget(symbols: float = 1e5) -> Budget:
    return Budget(symbols, FRAMES, 25.0, most=1.02 * symbols)


@given(
    expected=st.floats(0, 1),
    keyframes=st.sets(st.integers(1, FRAMES - 2), max_size=60).map(lambda inner: [0, *sorted(inner), 100]),
    appetite=st.lists(st.floats(0, 1), min_size=62, max_size=62),
)
def test_whatever_keyframes_come_the_budget_is_kept(
    expected: float, keyframes: list[int], appetite: list[float]
) -> None:
    pace, spent = Pace(budget(), expected), 0.0
    for frame, share in zip(keyframes, appetite, strict=False):
        last = frame == FRAMES - 1
        room = pace.share(frame, last, BLOCK)
        assert room <= pace.most(last, BLOCK)
        spent += share * max(0.0, room)
        pace.note_spent(round(spent))
    assert spent <= 1e5


def test_where_they_come_as_expected_each_has_about_as_much() -> None:
    pace, spent, rooms = Pace(budget(), 0.1), 0.0, []
    for frame in range(0, FRAMES, 10):
        rooms.append(pace.share(frame, frame == FRAMES - 1, BLOCK))
        spent += rooms[-1]
        pace.note_spent(round(spent))
    assert spent == pytest.approx(1e5, rel=0.04)
    assert max(rooms[:-1]) / min(rooms) < 1.15


def test_the_last_keyframe_is_left_its_share() -> None:
    """However few were expected: it always comes."""
    pace = Pace(budget(), 0.0)
    assert pace.share(0, False, BLOCK) == pytest.approx(0.97 * (1e5 - 100) / 2)


def test_without_a_budget_there_is_no_end_to_it() -> None:
    pace = Pace(None, 0.1)
    assert pace.share(0, False, BLOCK) == pace.most(True, BLOCK) == math.inf
