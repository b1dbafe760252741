from __future__ import annotations

import cv2
import numpy as np
import pytest

from semvid.images.types import Picture
from tests.unit.conftest import textured
from transmitter.rate.loss import NO_LOSS, viewing_loss


def blurred(picture: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def shifted(picture: Picture, pixels: float) -> Picture:
    matrix = np.float32([[1, 0, pixels], [0, 1, 0]])
    return np.asarray(
        cv2.warpAffine(picture, matrix, picture.shape[1::-1], borderMode=cv2.BORDER_REFLECT), np.uint8
    )


@pytest.fixture
def picture() -> Picture:
    grain = np.random.default_rng(1).normal(0, 12, (144, 256, 1))
    return np.clip(textured(3) + grain, 0, 255).astype(np.uint8)


def test_equal_pictures_lose_nothing(picture: Picture) -> None:
    assert viewing_loss(picture, picture.copy()) == NO_LOSS


def test_loss_grows_with_blur_and_stays_below_one(picture: Picture) -> None:
    losses = [viewing_loss(picture, blurred(picture, sigma)).total for sigma in (0.5, 1.0, 2.0, 4.0, 8.0)]
    assert losses == sorted(losses)
    assert 0 < losses[0] < losses[-1] < 1
    assert viewing_loss(picture, np.full_like(picture, 128)).total > losses[-1]


def test_detail_a_pixel_beside_its_place_costs_far_less_than_detail_that_is_gone(picture: Picture) -> None:
    gone = viewing_loss(picture, blurred(picture, 2.0)).total
    assert viewing_loss(picture, shifted(picture, 1.0)).total < 0.4 * gone
    assert (
        viewing_loss(picture, shifted(picture, 1.0)).total
        < viewing_loss(picture, shifted(picture, 20.0)).total
    )


def test_noise_and_blocks_count_as_blur_does(picture: Picture) -> None:
    """A measure of missing detail alone would praise what invents some."""
    noise = np.random.default_rng(2).normal(0, 25, picture.shape)
    noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
    small = cv2.resize(picture, (32, 18), interpolation=cv2.INTER_AREA)
    blocky = np.asarray(cv2.resize(small, (256, 144), interpolation=cv2.INTER_NEAREST), np.uint8)
    least = viewing_loss(picture, blurred(picture, 0.5)).wrong
    assert viewing_loss(picture, noisy).wrong > least
    assert viewing_loss(picture, blocky).wrong > least


def test_a_large_picture_loses_as_much_as_the_same_one_smaller(picture: Picture) -> None:
    large = np.asarray(cv2.resize(picture, (1280, 720), interpolation=cv2.INTER_CUBIC), np.uint8)
    there = viewing_loss(large, blurred(large, 10.0)).total
    here = viewing_loss(
        np.asarray(cv2.resize(large, (640, 360), interpolation=cv2.INTER_AREA), np.uint8),
        np.asarray(cv2.resize(blurred(large, 10.0), (640, 360), interpolation=cv2.INTER_AREA), np.uint8),
    ).total
    assert there == pytest.approx(here, rel=0.02)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (2, 3)])
def test_the_smallest_pictures_are_compared_too(size: tuple[int, int]) -> None:
    black = np.zeros((*size, 3), np.uint8)
    assert viewing_loss(black, black).total == 0
    assert 0 <= viewing_loss(black, black + 200).total < 1
