from __future__ import annotations

import cv2
import numpy as np
import pytest

from semvid.images.resize import at_size, with_side, within_area, within_side


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(
    ("size", "method"),
    [
        ((32, 20), cv2.INTER_AREA),
        ((128, 80), cv2.INTER_CUBIC),
        ((40, 63), cv2.INTER_AREA),  # narrower and higher, but fewer pixels
        ((40, 64), cv2.INTER_CUBIC),  # as many
    ],
)
def test_fewer_pixels_are_averaged_and_more_are_interpolated(size: tuple[int, int], method: int) -> None:
    picture = noise(64, 40)
    scaled = at_size(picture, size)
    np.testing.assert_array_equal(scaled, cv2.resize(picture, size, interpolation=method))
    assert (scaled.dtype, scaled.shape) == (np.uint8, (size[1], size[0], 3))


def test_a_picture_of_that_size_is_returned_itself() -> None:
    picture = noise(64, 40)
    assert at_size(picture, (64, 40)) is picture
    assert within_area(picture, 64 * 40) is picture
    assert within_side(picture, 64) is picture


def test_who_enlarges_may_say_how() -> None:
    picture = noise(8, 6)
    enlarged = at_size(picture, (16, 12), enlarging=cv2.INTER_NEAREST)
    np.testing.assert_array_equal(enlarged, picture.repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize(("width", "height"), [(640, 360), (33, 47), (1, 900), (900, 1)])
def test_bounds_hold_and_no_side_vanishes(width: int, height: int) -> None:
    picture = noise(width, height)
    small = within_area(picture, 1000)
    assert small.shape[0] * small.shape[1] <= 1000 * 1.05
    assert max(within_side(picture, 30).shape[:2]) == 30
    assert max(with_side(picture, 64, 16).shape[:2]) == 64
    assert min(with_side(picture, 64, 16).shape[:2]) >= 16
