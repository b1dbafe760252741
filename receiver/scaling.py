"""Keyframes that were coded smaller or larger than the video, at the size of the video."""

from __future__ import annotations

import cv2
import numpy as np

from semvid.images.types import Picture
from semvid.semantics import StreamHeader


def at_video_size(picture: Picture, header: StreamHeader) -> Picture:
    """``picture``, uint8 RGB [height, width, 3], scaled to the header's size; itself if it has that size."""
    width, height = header.width, header.height
    if picture.shape[:2] == (height, width):
        return picture
    shrinks = width * height < picture.shape[0] * picture.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)
