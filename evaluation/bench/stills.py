"""Small JPEG pictures for the page."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.resize import at_size

_WIDTH: Final = 384  # pixels
_QUALITY: Final = 82


def still(picture: NDArray[np.uint8]) -> bytes:
    """JPEG of an RGB picture [height, width, 3], reduced to a width of 384."""
    height, width = picture.shape[:2]
    if width > _WIDTH:
        size = (_WIDTH, max(1, round(height * _WIDTH / width)))
        picture = at_size(picture, size)
    ok, data = cv2.imencode(
        ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    if not ok:
        raise RuntimeError(f"OpenCV cannot code a JPEG of {picture.shape}")
    return bytes(data)
