"""The motion score of a caption (paper, side information): mean optical-flow magnitude."""

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.types import Picture

_COPY_SIDE: Final = 128  # pixels, longer side of the copies that flow is measured on
_UNITS: Final = 8_000  # scores are eighths of a per mille of the diagonal, see semvid.semantics.Caption
_MAX_SCORE: Final = 255


class MotionMeter:
    """Measures flow from frame to frame; two small copies are all that it keeps."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._previous: NDArray[np.uint8] | None = None
        self._index = 0

    def push(self, picture: Picture, index: int) -> float | None:
        """Mean displacement from the frame measured before to this one.

        Args:
            picture: uint8 RGB [height, width, 3], of one size.
            index: of the frame; frames may be left out.

        Returns:
            Fraction of the picture diagonal per frame; None for the first picture.
        """
        luma = _small_luma(picture)
        before, gap = self._previous, max(1, index - self._index)
        self._previous, self._index = luma, index
        if before is None:
            return None
        field = self._flow.calc(before, luma, None)
        diagonal = math.hypot(*luma.shape)
        return float(np.hypot(field[..., 0], field[..., 1]).mean()) / (diagonal * gap)


def motion_score(displacement: float) -> int:
    """``displacement`` (fraction of the diagonal per frame) as the score of a `Caption`, saturating."""
    return min(_MAX_SCORE, round(displacement * _UNITS))


def _small_luma(picture: Picture) -> NDArray[np.uint8]:
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    height, width = luma.shape
    shrink = min(1.0, _COPY_SIDE / max(height, width))
    # dense inverse search needs a few patches of 8x8 pixels in each direction
    size = (max(32, round(width * shrink)), max(32, round(height * shrink)))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)
