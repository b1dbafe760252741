"""A portrait's face from what crosses, and to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import InvalidInput
from semvid.faces.shape import NAMES, STEP, Placement, mean_face
from semvid.faces.track import FaceTrack, Portrait, shape_of
from semvid.faces.units import MAX_MOMENTS, NUMBERS, POINTS, FaceMotion, FaceShape

SHAPE = FaceShape(4, 80, 70, 40, 2, ((1, -2),) * POINTS)


def motion(first: int, every: int, *jaws: int, number: int = 4) -> FaceMotion:
    """The jaw alone moves, by so many steps."""
    jaw = NAMES.index("jaw")
    moments = tuple(tuple(value if place == jaw else 0 for place in range(NUMBERS)) for value in jaws)
    return FaceMotion(number, first, every, moments)


def chin(track: FaceTrack, offset: int) -> float:
    return float(track.at(offset).points[:, 1].max())


@given(st.floats(20, 300), st.floats(-0.5, 0.5), st.integers(0, 2**32 - 1))
def test_points_cross_to_within_half_a_step(size: float, roll: float, seed: int) -> None:
    odd = mean_face()[:, :2] + np.random.default_rng(seed).normal(0, 0.03, (POINTS, 2))
    pixels = Placement(100.3, 90.7, size, roll).to_picture(odd)
    shape = shape_of(0, pixels)
    off = np.abs(Portrait(shape).points - pixels).max()
    assert off <= 0.75 * STEP * shape.size


def test_between_moments_a_face_moves_evenly_and_after_the_last_it_stays() -> None:
    track = FaceTrack(SHAPE, [motion(2, 2, 8, 16)])
    assert np.abs(track.at(0).points - track.portrait.points).max() < 1e-9
    opened = [chin(track, offset) for offset in range(8)]
    steps = np.diff(opened)
    assert steps[:4] == pytest.approx([4 * STEP * SHAPE.size] * 4, rel=0.05)
    assert steps[4:] == pytest.approx([0] * 3)


def test_what_lies_behind_is_said_in_pixels() -> None:
    numbers = [0] * NUMBERS
    numbers[NAMES.index("camera_x")] = 32
    track = FaceTrack(SHAPE, [FaceMotion(4, 1, 1, (tuple(numbers),))])
    assert track.at(1).behind == pytest.approx([32 * STEP * SHAPE.size, 0])


def test_what_is_known_where_a_unit_is_lost() -> None:
    whole = FaceTrack(SHAPE, [motion(2, 2, 1, 2, 3), motion(8, 2, 4, 5)])
    assert all(whole.is_known(offset) for offset in range(1, 12))
    assert not whole.is_known(12)
    holed = FaceTrack(SHAPE, [motion(8, 2, 4, 5)])
    assert [holed.is_known(offset) for offset in range(1, 12)] == [False] * 8 + [True] * 3
    assert not FaceTrack(SHAPE, []).is_known(1)


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        (FaceShape, {"size": 0}, "size of a face"),
        (FaceShape, {"x": 2**15 + 1}, "x of a face"),
        (FaceShape, {"roll": 257}, "roll of a face"),
        (FaceShape, {"points": ((0, 0),)}, "points of a face"),
        (FaceShape, {"points": ((0, 4097),) * POINTS}, "place of a face's point"),
        (FaceMotion, {"first": 0}, "first moment"),
        (FaceMotion, {"every": 257}, "frames between moments"),
        (FaceMotion, {"moments": ()}, "moments of a face"),
        (FaceMotion, {"moments": ((0,) * NUMBERS,) * (MAX_MOMENTS + 1)}, "moments of a face"),
        (FaceMotion, {"moments": ((0,),)}, "numbers of a moment"),
        (FaceMotion, {"moments": ((5000,) * NUMBERS,)}, "number of a face"),
        (FaceMotion, {"first": 2**16, "moments": ((0,) * NUMBERS,) * 2}, "last moment"),
        (FaceMotion, {"number": -1}, "keyframe number"),
    ],
)
def test_impossible_faces_are_refused(kind: type, fields: dict[str, Any], told: str) -> None:
    usual = {
        FaceShape: {"number": 0, "x": 0, "y": 0, "size": 9, "roll": 0, "points": ((0, 0),) * POINTS},
        FaceMotion: {"number": 0, "first": 1, "every": 1, "moments": ((0,) * NUMBERS,)},
    }
    kind(**usual[kind])
    with pytest.raises(InvalidInput, match=told):
        kind(**{**usual[kind], **fields})
