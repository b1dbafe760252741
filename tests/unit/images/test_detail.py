"""Detail that is put back: where there is some, as much as asked, and the same for equal arguments."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from semvid.errors import InvalidInput
from semvid.images.detail import MAX_STRENGTH, with_detail
from semvid.images.types import Picture


@pytest.fixture
def blurred() -> Picture:
    """Texture on the left, nothing on the right."""
    noise = np.random.default_rng(3).integers(60, 200, (96, 128, 3)).astype(np.uint8)
    picture = np.asarray(cv2.GaussianBlur(noise, (0, 0), 2.0), np.uint8)
    picture[:, 64:] = 90
    return picture


def contrast(picture: Picture) -> float:
    return float(picture[:, :56].astype(float).std())


def test_no_strength_changes_nothing(blurred: Picture) -> None:
    assert with_detail(blurred, 0) is blurred


def test_more_strength_is_more_contrast(blurred: Picture) -> None:
    made = [contrast(with_detail(blurred, strength)) for strength in range(MAX_STRENGTH + 1)]
    assert made == sorted(made)
    assert made[-1] > 1.1 * made[0]


def test_what_is_flat_stays_flat(blurred: Picture) -> None:
    made = with_detail(blurred, MAX_STRENGTH)
    assert np.array_equal(made[:, 96:], blurred[:, 96:])


def test_equal_arguments_give_equal_pictures_and_grain_stands_still(blurred: Picture) -> None:
    made = with_detail(blurred, 5)
    assert made.dtype == np.uint8
    assert made.shape == blurred.shape
    assert np.array_equal(made, with_detail(blurred.copy(), 5))
    brighter = np.asarray(cv2.add(blurred, (4, 4, 4, 0)), np.uint8)
    assert np.abs(with_detail(brighter, 5).astype(int) - made - 4).max() <= 1


@pytest.mark.parametrize("strength", [-1, MAX_STRENGTH + 1])
def test_other_strengths_are_refused(blurred: Picture, strength: int) -> None:
    with pytest.raises(InvalidInput, match=f"0..{MAX_STRENGTH}"):
        with_detail(blurred, strength)
