"""What is said of faces shown beside true ones."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.studies.portrait import compared
from semvid.faces.shape import NAMES, Face, Placement, Points, mean_face
from semvid.faces.units import NUMBERS

PLACE = Placement(100, 100, 40, 0.1)


def talking(frames: int, late: int = 0, open_by: float = 0.1) -> list[Points]:
    """A mouth that opens and closes every 20 frames."""
    face, jaw, faces = Face(mean_face()[:, :2]), NAMES.index("jaw"), []
    for frame in range(frames):
        numbers = np.zeros(NUMBERS)
        numbers[jaw] = open_by * (1 - np.cos(2 * np.pi * (frame - late) / 20))
        faces.append(PLACE.to_picture(face.moved(numbers)))
    return faces


def test_a_face_as_it_was_is_nowhere_off() -> None:
    same = compared(list(talking(60)), list(talking(60)))
    assert same == {"points": 0.0, "lost": 0.0, "mouth": "1.00", "lag": 0}


def test_a_mouth_that_comes_late_is_seen_to() -> None:
    late = compared(list(talking(60)), list(talking(60, late=3)))
    assert late["lag"] == 3
    assert float(late["mouth"]) < 0.7


def test_what_is_off_is_said_in_distances_of_the_eyes_and_what_is_not_found_is_counted() -> None:
    true = list(talking(40))
    shown: list[Points | None] = [face + np.array([0, 4.0]) for face in true]
    shown[:10] = [None] * 10
    found = compared(list(true), shown)
    assert found["points"] == pytest.approx(0.1, rel=0.05)
    assert found["lost"] == pytest.approx(0.25)


def test_of_a_mouth_that_keeps_still_nothing_is_said() -> None:
    still = compared(list(talking(40, open_by=0.001)), list(talking(40)))
    assert (still["mouth"], still["lag"]) == ("still", "")
