"""What a viewer loses on a shown picture, measured without a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.resize import within_area
from semvid.images.types import Picture

_AREA: Final = 640 * 360  # pixels; larger pictures are compared at this size
_SIGMA: Final = 1.5  # pixels; window of the local statistics
_FLOOR: Final = 58.5  # 8-bit levels squared: SSIM's second constant, (0.03 * 255) ** 2
_FAINT: Final = 7.0  # 8-bit levels of contrast that nobody misses
_MISSING: Final = 0.74  # weight of contrast that is missing, the rest being that of contrast that differs


@dataclass(frozen=True, slots=True)
class ViewingLoss:
    """Local contrast of a shown picture against its source; both 0 for equal pictures.

    Of 36 measures of contrast and structure, and their pairs, these choose best between points of equal cost,
    judged by LPIPS: ``wrong`` the strength of detail (0.3 % from the best in the mean), ``total`` size,
    density and quality (2 %; docs/decisions/0009-pyramid.md). Detail that is blurred counts, detail that lies
    a pixel beside its place does not.

    Attributes:
        missing: share of local contrast that is not there, 0 .. 1.
        wrong: root of one minus SSIM's contrast term (Wang et al., 2004), 0 .. 1.
    """

    missing: float
    wrong: float

    @property
    def total(self) -> float:
        """Both, weighted."""
        return _MISSING * self.missing + (1 - _MISSING) * self.wrong

    def __add__(self, other: ViewingLoss) -> ViewingLoss:
        return ViewingLoss(self.missing + other.missing, self.wrong + other.wrong)

    def __mul__(self, weight: float) -> ViewingLoss:
        return ViewingLoss(weight * self.missing, weight * self.wrong)


NO_LOSS: Final = ViewingLoss(0.0, 0.0)


def viewing_loss(source: Picture, shown: Picture) -> ViewingLoss:
    """Of ``shown`` against ``source``, uint8 RGB [height, width, 3] of one size."""
    real, made = _deviation(source), _deviation(shown)
    missing = np.maximum(0, real - made) / (real + _FAINT)
    contrast = (2 * real * made + _FLOOR) / (real * real + made * made + _FLOOR)
    wrong = np.sqrt(np.maximum(0, 1 - contrast))
    return ViewingLoss(float(missing.mean()), float(wrong.mean()))


def _deviation(picture: Picture) -> NDArray[np.float32]:
    """Standard deviation of luma around each pixel, 8-bit levels."""
    luma = np.asarray(cv2.cvtColor(within_area(picture, _AREA), cv2.COLOR_RGB2GRAY), np.float32)
    mean = np.asarray(cv2.GaussianBlur(luma, (0, 0), _SIGMA))
    square = np.asarray(cv2.GaussianBlur(luma * luma, (0, 0), _SIGMA))
    return np.asarray(np.sqrt(np.maximum(0, square - mean * mean)), np.float32)
