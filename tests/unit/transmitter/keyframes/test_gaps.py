"""Windows of frames: which of them pay as keyframes at a price."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.video.reader import Frame
from tests.unit.transmitter.clips import flicker, pan, still
from transmitter.keyframes import gaps
from transmitter.keyframes.bridging import bridging_error, small_copy
from transmitter.keyframes.gaps import GapTree, Window

STEP, MAX_GAP = 2, 32
FREE, NEVER = 0.0, float("inf")


def window(frames: Iterable[Frame], step: int = STEP, ends_shot: bool = False) -> Window:
    held = list(frames)
    grid = [*held[:-1:step], held[-1]]
    return Window(grid, [small_copy(frame.picture) for frame in held], ends_shot)


def indices(frames: Iterable[Frame]) -> list[int]:
    return [frame.index for frame in frames]


@pytest.fixture(scope="module")
def restless() -> Window:
    return window(flicker(33))


def test_free_keyframes_are_taken_wherever_they_improve_anything(restless: Window) -> None:
    assert indices(restless.that_pay(FREE)) == list(range(STEP, 32, STEP))


def test_no_keyframe_is_worth_an_infinite_price(restless: Window) -> None:
    assert restless.that_pay(NEVER) == []


@settings(max_examples=30)
@given(prices=st.tuples(st.floats(0, 20), st.floats(0, 20)))
def test_a_dearer_keyframe_never_brings_more_and_those_that_pay_pay_for_less(
    restless: Window, prices: tuple[float, float]
) -> None:
    cheaper, dearer = (indices(restless.that_pay(price)) for price in sorted(prices))
    assert set(dearer) <= set(cheaper)
    assert cheaper == sorted(cheaper)
    assert all(0 < index < 32 for index in cheaper)


def test_they_lie_where_bridging_fails(restless: Window) -> None:
    frames = [*still(17), *flicker(16, first=17)]
    chosen = indices(window(frames).that_pay(1.0))
    assert chosen
    assert min(chosen) >= 16
    assert len(chosen) <= len(restless.that_pay(1.0))
    assert window(still(33)).that_pay(1.0) == []


def test_the_end_of_a_shot_is_a_keyframe_where_it_pays_and_the_one_before_it_is_held_elsewhere() -> None:
    restless, steady = (window(frames, ends_shot=True) for frames in (flicker(33), pan(33, 1.0)))
    assert [indices(restless.that_pay(price)) for price in (2.0, 5.0, 8.0, NEVER)] == [
        [4, 8, 12, 16, 20, 24, 28], [16], [], [],
    ]  # fmt: skip
    assert [indices(some.that_pay(FREE))[-1] for some in (restless, steady)] == [32, 32]
    assert indices(steady.that_pay(20.0))[-1] == 32  # what is bridged well is cheap
    assert window(still(33), ends_shot=True).that_pay(1e-3) == []


def test_what_moves_only_in_the_end_is_held_until_then() -> None:
    frames = [*still(17), *flicker(16, first=17)]
    chosen = indices(window(frames, ends_shot=True).that_pay(1.0))
    assert chosen
    assert min(chosen) >= 16


def test_a_window_with_nothing_on_its_grid_has_none(restless: Window) -> None:
    assert window(flicker(2)).that_pay(FREE) == []
    assert window(flicker(1)).that_pay(FREE) == []


def test_every_gap_is_bridged_once_whatever_the_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def counted(copies: list[object]) -> float:
        tried.append(len(copies))
        return bridging_error(copies)  # type: ignore[arg-type]

    monkeypatch.setattr(gaps, "bridging_error", counted)
    some = window(flicker(17))
    for price in (FREE, 0.5, NEVER, FREE):
        some.that_pay(price)
    assert len(tried) == 2 * (16 // STEP) - 1  # the nodes of the tree
    assert some.error(0, len(some.grid) - 1) == bridging_error(some.copies)
    assert len(tried) == 2 * (16 // STEP) - 1


def walk(tree: GapTree, frames: Iterable[Frame]) -> list[int]:
    first, *others = frames
    tree.begin(first, small_copy(first.picture))
    ends = [end for frame in others for end in tree.push(frame, small_copy(frame.picture))]
    return indices(ends)


def test_a_full_window_ends_at_its_last_frame_and_the_next_begins_there() -> None:
    told: list[Window] = []
    assert walk(GapTree(lambda: NEVER, STEP, MAX_GAP, told.append), pan(70, 1.0)) == [32, 64]
    assert [(one.grid[0].index, one.grid[-1].index) for one in told] == [(0, 32), (32, 64)]
    assert all(len(one.copies) == 33 for one in told)
    assert all(b.index - a.index == STEP for one in told for a, b in pairwise(one.grid))


def test_what_the_tree_gives_is_what_its_windows_say_at_the_price_of_the_moment() -> None:
    told: list[Window] = []
    prices = iter([0.2, 5.0])
    given = walk(GapTree(lambda: next(prices), STEP, MAX_GAP, told.append), flicker(65))
    first, second = told
    expected = [*first.that_pay(0.2), first.grid[-1], *second.that_pay(5.0), second.grid[-1]]
    assert given == indices(expected)
    assert len(first.that_pay(0.2)) > len(second.that_pay(5.0))


def test_a_window_may_be_ended_before_it_is_full_between_two_places_of_its_grid() -> None:
    told: list[Window] = []
    tree = GapTree(lambda: FREE, STEP, MAX_GAP, told.append)
    frames = list(flicker(12))
    assert walk(tree, frames) == []
    assert indices(tree.end_before(frames[-1])) == [2, 4, 6, 8, 10]
    assert told[0].grid[-1] is frames[-1]


@pytest.mark.parametrize(
    ("max_gap", "step", "length"), [(32, 2, 32), (31, 2, 16), (5, 3, 3), (100, 3, 48), (1, 3, 3)]
)
def test_windows_are_powers_of_two_of_the_step_and_no_longer_than_what_is_bridged(
    max_gap: int, step: int, length: int
) -> None:
    told: list[Window] = []
    walk(GapTree(lambda: NEVER, step, max_gap, told.append), still(2 * length + 1))
    assert [one.grid[-1].index - one.grid[0].index for one in told] == [length, length]
