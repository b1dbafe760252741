"""Pictures no larger than a model looks at them."""

from __future__ import annotations

import math
from typing import Final

import cv2

from transmitter.mllm.dialogue import Picture

PIXELS_OF_A_TOKEN: Final = 28 * 28  # of the Qwen and InternVL families


def shrunk(picture: Picture, pixels: int) -> Picture:
    """``picture`` (uint8 RGB [height, width, 3]) with about ``pixels`` at most; a smaller one as it is."""
    height, width = picture.shape[:2]
    scale = math.sqrt(pixels / (height * width))
    if scale >= 1.0:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small: Picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return small
