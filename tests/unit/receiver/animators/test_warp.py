"""A portrait that moves: where nothing is said it stays, and where something is it goes there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from receiver.animators import make_animator
from receiver.animators.animation import Animation
from receiver.animators.animator import AnimationRequest
from receiver.animators.warp import WARP
from semvid.errors import Cancelled, InvalidInput
from semvid.faces.points import INNER_LIPS
from semvid.faces.shape import STEP
from semvid.faces.track import FaceTrack, Portrait, shape_of
from semvid.faces.units import FaceMotion
from semvid.images.types import Picture
from tests.talking_face import numbers, photograph, points_of

pytestmark = pytest.mark.usefixtures("face_models")


@pytest.fixture(scope="module")
def portrait(face_models: Path) -> Portrait:
    return Portrait(shape_of(0, points_of(photograph())))


def moved(portrait: Portrait, **said: float) -> Picture:
    return Animation(photograph(), portrait.points).show(portrait.pose(numbers(**said)))


def test_a_face_that_does_not_move_is_the_portrait(portrait: Portrait) -> None:
    assert np.abs(moved(portrait).astype(int) - photograph()).max() <= 1


@pytest.mark.parametrize("said", [{"x": 0.15}, {"yaw": 0.2}, {"roll": 0.15}, {"size": 0.1}])
def test_a_face_is_found_where_it_was_put(portrait: Portrait, said: dict[str, float]) -> None:
    put = portrait.pose(numbers(**said)).points
    found = points_of(moved(portrait, **said))
    before = np.linalg.norm(put - portrait.points, axis=1).mean()
    assert np.linalg.norm(put - found, axis=1).mean() < 0.65 * before


def test_the_border_stays_and_moves_with_the_camera(portrait: Portrait) -> None:
    still = moved(portrait, x=0.2, yaw=0.2)
    assert np.abs(still[:8].astype(int) - photograph()[:8]).mean() < 4
    shifted = moved(portrait, x=0.2, camera_x=0.2)
    by = round(0.2 * portrait.unit)
    assert np.abs(shifted[:30, by:].astype(int) - photograph()[:30, :-by]).mean() < 4


def test_a_mouth_that_opens_is_dark_inside(portrait: Portrait) -> None:
    opened = moved(portrait, jaw=0.25)
    x, y = np.round(portrait.pose(numbers(jaw=0.25)).points[list(INNER_LIPS)].mean(axis=0)).astype(int)
    assert opened[y, x].mean() < 0.7 * photograph()[y, x].mean()


def request(portrait: Portrait, end: bool) -> AnimationRequest:
    """Half a second in which a head turns; at its end there is another portrait, all green."""
    moments = tuple(
        tuple(int(step) for step in np.round(numbers(yaw=0.02 * moment) / STEP)) for moment in range(1, 13)
    )
    track = FaceTrack(shape_of(0, portrait.points), [FaceMotion(0, 1, 1, moments)])
    green = np.zeros_like(photograph())
    green[..., 1] = 200
    ending = (green, Portrait(shape_of(1, track.at(12).points))) if end else None
    return AnimationRequest(photograph(), track, ending, range(1, 13), 13, 25.0, 0)


def test_the_next_portrait_takes_over_as_the_face_comes_to_it(portrait: Portrait) -> None:
    alone = list(WARP.animate(request(portrait, end=False), lambda: False))
    both = list(WARP.animate(request(portrait, end=True), lambda: False))
    assert np.array_equal(alone[0], both[0])
    green = [int(picture[..., 1].mean()) - int(picture[..., 0].mean()) for picture in both]
    assert all(earlier <= later + 2 for earlier, later in pairwise(green))
    assert green[-1] > 190


def test_it_stops_when_it_is_told_to(portrait: Portrait) -> None:
    pictures: Iterator[Picture] = WARP.animate(request(portrait, end=False), lambda: True)
    with pytest.raises(Cancelled):
        next(pictures)


def test_an_unknown_animator_is_refused() -> None:
    told = "no animator 'wrap'; set SEMVID_RECEIVER_ANIMATOR to one of: command, warp"
    with pytest.raises(InvalidInput, match=told):
        make_animator("wrap")
