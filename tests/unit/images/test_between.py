"""Motion between two pictures, on the half-sized grid."""

import cv2
import numpy as np
import pytest

from semvid.images.between import Between
from semvid.images.flow import Effort
from semvid.images.types import Picture

INNER = (slice(8, -8), slice(8, -8))


def texture(shift: int) -> Picture:
    """96 x 160, moved to the right."""
    noise = np.random.default_rng(5).integers(0, 256, (96, 320, 3), np.uint8)
    return np.ascontiguousarray(cv2.GaussianBlur(noise, (0, 0), 3)[:, 160 - shift : 320 - shift])


@pytest.mark.parametrize("t", [0.1, 0.5, 0.8])
def test_motion_is_that_from_start_to_end_at_every_time_in_between(t: float) -> None:
    motion, difference = Between(texture(0), texture(6), Effort.HIGH).motion(t)
    assert motion.shape == (48, 80, 2)
    assert np.allclose(np.median(motion[INNER], axis=(0, 1)), (3, 0), atol=0.2)  # places are two pixels wide
    assert np.median(difference[INNER]) < 3


def test_a_fade_is_no_difference() -> None:
    start, end = (np.asarray(0.8 * texture(shift), np.uint8) for shift in (0, 6))
    difference = Between(start, end + np.uint8(30), Effort.HIGH).motion(0.5)[1]
    assert np.median(difference[INNER]) < 3


def test_enlarged_motion_is_in_pixels() -> None:
    between = Between(texture(0), texture(6), Effort.HIGH)
    enlarged = between.enlarged(between.motion(0.5)[0])
    assert enlarged.shape == (96, 160, 2)
    assert np.allclose(np.median(enlarged, axis=(0, 1)), (6, 0), atol=0.4)


def test_at_the_edges_only_one_picture_shows_what_moves_in_or_out() -> None:
    rightwards = np.full((48, 80, 2), (10, 0), np.float32)
    visible = Between(texture(0), texture(6), Effort.HIGH).visible(rightwards, 0.5)
    assert np.all(visible[:, :5] == 1)  # came in after the start
    assert np.all(visible[:, 5:-5] == 0)
    assert np.all(visible[:, -5:] == -1)  # is out before the end


def test_a_place_without_a_counterpart_calmly_moves_as_its_surroundings() -> None:
    start, end = texture(0), texture(6)
    cv2.circle(end, (80, 48), 12, (255, 255, 255), -1)
    between = Between(start, end, Effort.HIGH)
    motion, difference = between.motion(0.5)
    hidden = (slice(22, 27), slice(37, 42))
    assert difference[hidden].min() > 20
    calm = between.calmed(motion, np.ones((48, 80), np.float32), 0.5)
    off = [float(np.linalg.norm(m[hidden] - (3, 0), axis=-1).mean()) for m in (calm, motion)]
    assert off[0] < min(1.0, 0.7 * off[1])
