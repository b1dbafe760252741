"""A program as an animator: what it is told, and what becomes of what it leaves."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from receiver.animators import make_animator
from receiver.animators.animator import AnimationRequest
from semvid.errors import InvalidInput, SemvidError
from semvid.faces.points import LANDMARKS
from semvid.faces.shape import STEP
from semvid.faces.track import FaceTrack, shape_of
from semvid.faces.units import FaceMotion
from tests.talking_face import numbers, photograph, points_of

PROGRAM = Path(__file__).parents[3] / "programs" / "puppet.py"
PUPPET = f"command:{sys.executable} {PROGRAM}"


@pytest.fixture
def request_of_six(face_models: Path) -> AnimationRequest:
    moments = tuple(
        tuple(int(step) for step in np.round(numbers(x=0.03 * moment) / STEP)) for moment in range(1, 9)
    )
    track = FaceTrack(shape_of(0, points_of(photograph())), [FaceMotion(0, 1, 1, moments)])
    return AnimationRequest(photograph(), track, None, range(3, 9), 9, 25.0, 7)


def test_a_program_follows_the_motion_and_gives_the_frames_wanted(request_of_six: AnimationRequest) -> None:
    animator = make_animator(f"{PUPPET} {{start}} {{motion}} {{driving}} {{output}}")
    pictures = list(animator.animate(request_of_six, lambda: False))
    assert len(pictures) == 6
    for offset, picture in zip(request_of_six.offsets, pictures, strict=True):
        x, y = np.round(request_of_six.face.at(offset).points[LANDMARKS.index(4)]).astype(int)
        assert picture[y - 1 : y + 2, x - 1 : x + 2].min() > 230


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{start} {output}", "the template needs {start}, the portrait, no {end}, and {motion} or {driving}"),
        ("{start} {end} {motion} {output}", "no {end}"),
        ("{start} {motions} {output}", "there is no placeholder {motions}; there are: start, "),
    ],
)
def test_a_template_that_cannot_animate_is_refused(template: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(told)):
        make_animator(f"{PUPPET} {template}")


def test_a_program_that_fails_is_quoted(request_of_six: AnimationRequest) -> None:
    animator = make_animator(f"{PUPPET} {{motion}} {{start}} {{driving}} {{output}}")  # in a wrong order
    with pytest.raises(SemvidError, match="ended with status 1"):
        list(animator.animate(request_of_six, lambda: False))
