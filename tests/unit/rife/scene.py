"""Smooth texture that moves to the right."""

from __future__ import annotations

import cv2
import numpy as np

from semvid.images.types import Picture


def scene(shift: int, height: int, width: int) -> Picture:
    """The texture after ``shift`` pixels of motion, at full contrast."""
    texture = np.random.default_rng(3).integers(0, 256, (height, 2 * width, 3), np.uint8)
    smooth = cv2.GaussianBlur(texture, (0, 0), 4)
    bright = cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX)
    return np.ascontiguousarray(bright[:, width - shift : 2 * width - shift])
