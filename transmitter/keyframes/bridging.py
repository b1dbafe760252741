"""How well the receiver's embedded decoder would bridge a gap: the transmitter tries it on small copies.

Closed loop: the same interpolation that the receiver runs (`semvid.pictures.interpolation`) is run between
small copies of two frames, and what it makes of the frames between is compared with what they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.pictures.flow import Effort
from semvid.pictures.interpolation import Bridge

Picture = NDArray[np.uint8]

COPY_AREA: Final = 96 * 96  # pixels of a small copy
_TESTED: Final = (0.25, 0.5, 0.75)  # of the gap
_SIGMA: Final = 1.5  # pixels; window of the local variance
_FLOOR: Final = 58.5  # 8-bit levels squared: SSIM's second constant, (0.03 * 255) ** 2


def small_copy(picture: Picture) -> Picture:
    """``picture`` shrunk to about `COPY_AREA` pixels, uint8 RGB; smaller ones stay as they are."""
    height, width = picture.shape[:2]
    shrink = min(1.0, math.sqrt(COPY_AREA / (height * width)))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def bridging_error(copies: Sequence[Picture]) -> float:
    """How far regenerated frames are from the real ones, 0 for identical, around 1 for unrelated pictures.

    The error of a pixel counts in relation to the local contrast of both pictures, so that a wrong place in
    grass weighs less than one on a plain wall, as it does for the eye.

    Args:
        copies: small copies of the keyframe, of every frame up to the candidate, and of the candidate.
    """
    last = len(copies) - 1
    if last < 2:
        return 0.0
    bridge = Bridge(copies[0], copies[-1], Effort.MIDDLE)
    tested = sorted({min(last - 1, max(1, round(share * last))) for share in _TESTED})
    return float(np.mean([_masked_error(copies[i], bridge.frame(i / last)) for i in tested]))


def _masked_error(picture: Picture, regenerated: Picture) -> float:
    real, made = (_luma(p) for p in (picture, regenerated))
    error = _blur((real - made) ** 2)
    return float(np.sqrt(error / (_variance(real) + _variance(made) + _FLOOR)).mean())


def _luma(picture: Picture) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def _blur(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), _SIGMA), np.float32)


def _variance(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.maximum(0, _blur(plane * plane) - _blur(plane) ** 2), np.float32)
