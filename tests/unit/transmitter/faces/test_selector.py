"""Portraits where a face is, other keyframes where none is, and what is said between."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from receiver.animators.animation import Animation
from semvid.errors import InvalidInput, MissingComponent
from semvid.faces.landmarks import FaceLandmarks
from semvid.faces.shape import NAMES, STEP
from semvid.faces.track import Portrait, shape_of
from semvid.faces.units import FaceMotion, FaceShape
from semvid.faces.weights import load_models
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.options import Focus, Rule
from semvid.semantics import SideUnit
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from semvid.video.reader import Frame
from tests.synthetic_clip import write_clip
from tests.talking_face import (
    HEIGHT,
    RATE,
    WIDTH,
    numbers,
    photograph,
    points_of,
    talking,
    write_talking_clip,
)
from transmitter.faces import door
from transmitter.faces.behind import Behind
from transmitter.faces.door import check_models, require_face
from transmitter.faces.selector import PortraitSelector
from transmitter.faces.span import Span
from transmitter.keyframes.selection import Reason, Selected
from transmitter.keyframes.skem import Skem, SkemRules

pytestmark = pytest.mark.usefixtures("face_models")

RULES = SkemRules(Focus.GENERAL, Rule.RELATIVE, 0.35, candidate_spacing=5, min_gap=3, max_gap=10)


def faceless(count: int) -> list[Picture]:
    picture = at_size(np.asarray(data.coffee(), np.uint8), (WIDTH, HEIGHT))
    return [np.roll(picture, 2 * shift, axis=1) for shift in range(count)]


def walked(pictures: Iterable[Picture]) -> tuple[list[Selected], list[SideUnit]]:
    """What is selected and said of a video."""
    selector = PortraitSelector(
        FaceLandmarks(*load_models()), lambda: Skem(None, RULES, None), Fraction(RATE)
    )
    selected: list[Selected] = []
    said: list[SideUnit] = []
    for index, picture in enumerate(pictures):
        selected += selector.push(Frame(index, index, picture))
        said += selector.said()
    selected += selector.finish()
    return selected, said + selector.said()


def test_one_portrait_and_a_moment_every_other_frame() -> None:
    selected, said = walked(talking(60))
    assert [(one.frame.index, one.reason) for one in selected] == [(0, Reason.FIRST)]
    shape, *motions = said
    assert isinstance(shape, FaceShape)
    assert shape.number == 0
    assert all(isinstance(unit, FaceMotion) for unit in motions)
    moments = [moment for unit in motions if isinstance(unit, FaceMotion) for moment in unit.moments]
    assert len(moments) == 29
    jaw = np.array([moment[NAMES.index("jaw")] for moment in moments]) * STEP
    true = 0.06 * (1 - np.cos(2 * np.pi * 2 * np.arange(2, 60, 2) / RATE))
    assert np.corrcoef(jaw, true)[0, 1] > 0.9


def test_the_mode_is_left_with_the_face_and_entered_with_it() -> None:
    selected, said = walked([*talking(20), *faceless(25), *talking(20)])
    reasons = {one.frame.index: (one.reason, one.shot_start) for one in selected}
    assert reasons[0] == (Reason.FIRST, False)
    assert reasons[20] == (Reason.FIRST, True)  # of a stretch for another selector, behind a cut
    assert reasons[45] == (Reason.CUT, True)
    assert not any(0 < frame < 20 or frame > 45 for frame in reasons)
    shapes = [unit.number for unit in said if isinstance(unit, FaceShape)]
    frames = [one.frame.index for one in selected]
    assert [frames[number] for number in shapes] == [0, 45]


def span(picture: Picture) -> Span:
    return Span(0, Frame(0, 0, picture), points_of(picture), Fraction(RATE))


def turned(yaw: float) -> Picture:
    """The photograph with its head turned."""
    portrait = Portrait(shape_of(0, points_of(photograph())))
    return Animation(photograph(), portrait.points).show(portrait.pose(numbers(yaw=yaw)))


@pytest.mark.parametrize(("yaw", "kept"), [(0.15, True), (0.5, False)])
def test_a_head_that_turns_too_far_needs_another_portrait(yaw: float, kept: bool) -> None:
    picture, face = turned(yaw), points_of(turned(yaw))
    one = span(photograph())
    assert one.takes(Frame(8, 8, picture), face)  # too soon for another
    assert one.takes(Frame(10, 10, picture), face) is kept


def test_a_portrait_lasts_ten_seconds_at_most() -> None:
    one, face = span(photograph()), points_of(photograph())
    assert one.takes(Frame(10 * RATE - 1, 0, photograph()), face)
    assert not one.takes(Frame(10 * RATE, 0, photograph()), face)


def test_a_face_that_trembles_says_nothing_new() -> None:
    one, face = span(photograph()), points_of(photograph())
    rng = np.random.default_rng(1)
    for index in range(2, 40, 2):
        assert one.takes(Frame(index, index, photograph()), face + rng.normal(0, 0.1, face.shape))
    (unit,) = one.motions()
    assert unit.moments == ((0,) * len(NAMES),) * 19


def test_a_camera_that_moves_is_told_from_a_head_that_does() -> None:
    picture = photograph()
    behind = Behind(picture, points_of(picture))
    assert behind.shift(picture) == pytest.approx([0, 0], abs=0.1)
    assert behind.shift(np.roll(picture, (3, -5), axis=(0, 1))) == pytest.approx([-5, 3], abs=0.5)
    assert behind.shift(turned(0.2)) == pytest.approx([0, 0], abs=1.5)


def test_a_video_is_let_in_for_its_face(tmp_path: Path) -> None:
    write_talking_clip(tmp_path / "face.mp4", 8, before=faceless(40))
    require_face(tmp_path / "face.mp4", probe(tmp_path / "face.mp4"), VideoLimits())
    write_clip(tmp_path / "none.mp4", seed=3, frames=20)
    with pytest.raises(InvalidInput, match="portrait animates a face"):
        require_face(tmp_path / "none.mp4", probe(tmp_path / "none.mp4"), VideoLimits())


def test_what_is_missing_is_said_at_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_models()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(MissingComponent, match="semvid models get faces"):
        check_models()
    monkeypatch.setattr(door, "find_spec", lambda _: None)
    with pytest.raises(MissingComponent, match=r'pip install "semvid\[faces\]"'):
        check_models()
