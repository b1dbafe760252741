"""MediaPipe's models on photographs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from semvid.faces.landmarks import FaceLandmarks
from semvid.faces.shape import placement_of
from semvid.faces.weights import load_models
from tests.talking_face import photograph, points_of

pytestmark = pytest.mark.usefixtures("face_models")


def test_a_face_is_found_where_it_is() -> None:
    found = placement_of(points_of(photograph()))
    assert (found.x, found.y) == pytest.approx((81, 76), abs=4)
    assert found.size == pytest.approx(37, abs=3)
    assert abs(found.roll) < 0.15


@pytest.mark.parametrize("turn", [-25, 25])
def test_a_head_on_one_side_is_found_so(turn: int) -> None:
    picture = photograph()
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -turn, 1)  # clockwise
    turned = np.asarray(cv2.warpAffine(picture, matrix, (width, height)), np.uint8)
    straight, found = (placement_of(points_of(one)).roll for one in (picture, turned))
    assert np.degrees(found - straight) == pytest.approx(turn, abs=4)


def test_where_there_is_no_face_none_is_found() -> None:
    faces = FaceLandmarks(*load_models())
    for picture in (data.coffee(), data.chelsea(), np.zeros((80, 120, 3), np.uint8)):
        assert faces.find(np.asarray(picture, np.uint8)) is None


def test_a_face_is_followed_and_lost_with_the_shot() -> None:
    faces = FaceLandmarks(*load_models())
    first = faces.find(photograph())
    again = faces.find(photograph())
    assert first is not None
    assert again is not None
    assert np.abs(first - again)[:, :2].mean() < 1
    assert faces.find(np.asarray(data.coffee()[:160, :160], np.uint8)) is None
    faces.forget()
    assert faces.find(photograph()) is not None


def test_models_are_kept_where_they_are_looked_for(face_models: Path) -> None:
    assert sorted(path.suffix for path in face_models.iterdir()) == ["", ".tflite", ".tflite"]
