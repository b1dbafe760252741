"""A face as points and numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.faces.points import INNER_LIPS, LANDMARKS
from semvid.faces.shape import NAMES, STEP, Face, Placement, Points, mean_face, placement_of
from semvid.faces.units import NUMBERS, POINTS

MEAN = mean_face()[:, :2]
small = st.floats(-0.08, 0.08)
placements = st.builds(
    Placement, st.floats(-200, 900), st.floats(-200, 900), st.floats(20, 400), st.floats(-1, 1)
)


def test_there_is_a_number_for_every_name_and_a_point_for_every_landmark() -> None:
    assert len(NAMES) == len(set(NAMES)) == NUMBERS
    assert len(LANDMARKS) == len(set(LANDMARKS)) == POINTS == len(mean_face())


def test_the_mean_face_is_symmetric_upright_and_one_wide_between_the_eyes() -> None:
    right, left = (mean_face()[LANDMARKS.index(corner)] for corner in (33, 263))
    assert left - right == pytest.approx([1, 0, 0], abs=1e-3)
    nose, ear = LANDMARKS.index(4), LANDMARKS.index(234)
    assert mean_face()[nose, 2] < 0 < mean_face()[ear, 2]  # the nose is nearer to the viewer


@given(placements)
def test_a_placement_is_found_again_and_undone(placement: Placement) -> None:
    pixels = placement.to_picture(MEAN)
    found = placement_of(pixels)
    assert (found.x, found.y, found.size) == pytest.approx(
        (placement.x, placement.y, placement.size), abs=0.01
    )
    assert found.roll == pytest.approx(placement.roll)
    assert placement.to_face(pixels) == pytest.approx(MEAN)


@given(
    st.tuples(small, small, small, small),
    st.floats(-0.4, 0.4),
    st.floats(-0.3, 0.3),
    st.lists(small, min_size=9, max_size=9),
)
def test_numbers_that_moved_a_face_are_found(
    place: tuple[float, ...], yaw: float, pitch: float, shape: list[float]
) -> None:
    face = Face(MEAN)
    said = np.array([*place, yaw, pitch, *shape, 0, 0])
    seen = face.moved(said)
    assert np.abs(face.moved(face.numbers_of(seen)) - seen).max() < STEP / 2


def test_a_head_that_turns_moves_its_nose_against_its_ears() -> None:
    numbers = np.zeros(NUMBERS)
    numbers[NAMES.index("yaw")] = 0.3
    shift = (Face(MEAN).moved(numbers) - MEAN)[:, 0]
    assert shift[LANDMARKS.index(4)] * shift[LANDMARKS.index(234)] < 0


def test_a_jaw_that_opens_opens_the_mouth_and_leaves_the_eyes() -> None:
    numbers = np.zeros(NUMBERS)
    numbers[NAMES.index("jaw")] = 0.2
    moved = Face(MEAN).moved(numbers) - MEAN
    lower, upper = LANDMARKS.index(14), LANDMARKS.index(13)
    assert {lower, upper} <= set(INNER_LIPS)
    assert moved[lower, 1] == pytest.approx(0.2, abs=0.02)
    assert moved[upper, 1] == moved[LANDMARKS.index(33), 1] == 0


def test_a_portrait_that_looks_aside_turns_about_its_own_depth() -> None:
    turned = np.zeros(NUMBERS)
    turned[NAMES.index("yaw")] = 0.4
    aside: Points = Face(MEAN).moved(turned)
    back = np.zeros(NUMBERS)
    back[NAMES.index("yaw")] = -0.4
    found = Face(aside).moved(back)
    flat = np.abs(math.cos(0.4) * aside - MEAN).mean()
    assert np.abs(found - MEAN).mean() < 0.2 * flat
