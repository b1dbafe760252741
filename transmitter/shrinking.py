"""Smaller copies of pictures: to measure on, to show to a model, or to code for a link with little room."""

from __future__ import annotations

import math

import cv2
import numpy as np

from semvid.images.types import Picture
from semvid.video.probe import SourceInfo


def coded_size(source: SourceInfo, shrink: int) -> tuple[int, int]:
    """Width and height of coded keyframes when both are divided by ``shrink``; at least one pixel each."""
    return max(1, round(source.width / shrink)), max(1, round(source.height / shrink))


def shrunk_to(picture: Picture, size: tuple[int, int]) -> Picture:
    """``picture``, uint8 RGB [height, width, 3], at ``size`` (width, height); itself if it has that size."""
    if picture.shape[1::-1] == size:
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def shrunk_to_area(picture: Picture, pixels: int) -> Picture:
    """``picture``, uint8 RGB [height, width, 3], with about ``pixels`` at most; a smaller one as it is."""
    height, width = picture.shape[:2]
    shrink = min(1.0, math.sqrt(pixels / (height * width)))
    return shrunk_to(picture, (max(1, round(width * shrink)), max(1, round(height * shrink))))
