"""Keyframes coded smaller than the video, for links that carry little."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.video.probe import SourceInfo

Picture = NDArray[np.uint8]


def coded_size(source: SourceInfo, shrink: int) -> tuple[int, int]:
    """Width and height of coded keyframes when both are divided by ``shrink``; at least one pixel each."""
    return max(1, round(source.width / shrink)), max(1, round(source.height / shrink))


def shrunk(picture: Picture, size: tuple[int, int]) -> Picture:
    """``picture``, uint8 RGB [height, width, 3], at ``size`` (width, height); itself if it has that size."""
    if picture.shape[1::-1] == size:
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
