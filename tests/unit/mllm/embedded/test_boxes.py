"""Which things of two pictures are one, after the camera's motion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.images.objects import Thing
from semvid.mllm.embedded.boxes import inside, overlap, things_of

STILL = np.array([[1.0, 0, 0], [0, 1, 0]])


def thing(name: str, left: float, score: float = 0.9, side: float = 0.2) -> Thing:
    return Thing(name, score, left, 0.4, left + side, 0.4 + side)


def test_things_of_one_name_are_matched_wherever_they_went_the_nearest_first() -> None:
    things = things_of(
        [thing("dog", 0.1), thing("dog", 0.6)], [thing("dog", 0.62), thing("dog", 0.3)], STILL, (100, 100)
    )
    assert sorted(things.matches) == [(0, 1), (1, 0)]


def test_in_one_place_a_name_may_waver() -> None:
    assert things_of([thing("dog", 0.1)], [thing("cat", 0.12)], STILL, (100, 100)).matches == [(0, 0)]
    assert things_of([thing("dog", 0.1)], [thing("cat", 0.6)], STILL, (100, 100)).matches == []


def test_the_camera_is_taken_out() -> None:
    panned = np.array([[1.0, 0, -30], [0, 1, 0]])  # what was at column 60 is at 30
    things = things_of([thing("dog", 0.6)], [thing("dog", 0.3)], panned, (100, 100))
    assert overlap(things.first[0].box, things.second[0].box) == pytest.approx(1)


def test_what_is_certain_in_one_picture_may_be_faint_in_the_other() -> None:
    things = things_of(
        [thing("dog", 0.1), thing("cup", 0.5, score=0.2)],
        [thing("dog", 0.1, score=0.15), thing("cat", 0.7, side=0.05)],
        STILL,
        (100, 100),
    )
    certain = [(one.thing.name, other is not None) for one, other in things.certain()]
    assert certain == [("dog", True), ("cat", False)]  # the faint cup is in neither
    assert [one.thing.name for one, _ in things.main()] == ["dog"]


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 40), st.integers(1, 40))
def test_every_box_of_the_picture_touches_a_part_of_any_grid(
    start: float, size: float, rows: int, columns: int
) -> None:
    left = 0.99 * start
    mask = inside([np.array([left, left, left + size, left + size])], (rows, columns))
    assert mask.shape == (rows, columns)
    assert mask[int(left * rows), int(left * columns)]
