"""Pictures at another size: the only place that scales RGB pictures."""

import math

import cv2
import numpy as np

from semvid.images.types import Picture


def at_size(picture: Picture, size: tuple[int, int], enlarging: int = cv2.INTER_CUBIC) -> Picture:
    """``picture``, uint8 RGB [height, width, 3], at ``size`` (width, height); itself if it has that size.

    Pixels are averaged where the new picture has fewer of them, and interpolated by OpenCV's ``enlarging``
    where it has not.
    """
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    method = cv2.INTER_AREA if size[0] * size[1] < width * height else enlarging
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)


def within_area(picture: Picture, pixels: int) -> Picture:
    """``picture``, uint8 RGB [height, width, 3], with about ``pixels`` at most; a smaller one as it is."""
    return _scaled(picture, min(1.0, math.sqrt(pixels / (picture.shape[0] * picture.shape[1]))))


def within_side(picture: Picture, side: int) -> Picture:
    """``picture``, uint8 RGB [height, width, 3], no side over ``side`` pixels; a smaller one as it is."""
    return _scaled(picture, min(1.0, side / max(picture.shape[:2])))


def with_side(picture: Picture, side: int, least: int) -> Picture:
    """A copy to measure on: the longer side of ``picture`` brought to ``side`` pixels, none under ``least``.

    A small picture is enlarged without sharpening it.
    """
    return _scaled(picture, side / max(picture.shape[:2]), least, cv2.INTER_AREA)


def _scaled(picture: Picture, scale: float, least: int = 1, enlarging: int = cv2.INTER_CUBIC) -> Picture:
    height, width = picture.shape[:2]
    size = max(least, round(width * scale)), max(least, round(height * scale))
    return at_size(picture, size, enlarging)
