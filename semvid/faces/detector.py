"""Where faces are: BlazeFace, short range (Bazarevsky et al., arXiv 1907.05047), run as by MediaPipe.

Constants are those of ``modules/face_detection/face_detection_short_range.pbtxt`` and of the calculators that
it names, MediaPipe 0.10.21.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.faces.network import Network
from semvid.images.types import Picture

_SIDE: Final = 128  # pixels of the network's input
_LAYERS: Final = ((16, 2), (8, 6))  # cells a side, anchors a cell
_MOST_LOGIT: Final = 80.0  # MediaPipe: 100, whose exponential float32 does not hold
_LEAST_SCORE: Final = 0.5
_RIGHT_EYE, _LEFT_EYE = 2, 3  # rows of a box: centre, size, then six key points
_ROWS: Final = 8


@dataclass(frozen=True, slots=True)
class Square:
    """A turned square of a picture.

    Attributes:
        x, y: of its centre, pixels.
        side: pixels.
        angle: of its upper edge, radians, clockwise as pictures are shown.
    """

    x: float
    y: float
    side: float
    angle: float


class FaceDetector:
    """Finds the largest face.

    Args:
        model: bytes of ``face_detection_short_range.tflite``.
    """

    def __init__(self, model: bytes) -> None:
        self._network = Network(model)
        self._anchors = np.concatenate([_centres(cells, count) for cells, count in _LAYERS])

    def largest(self, picture: Picture) -> Square | None:
        """The square around the largest face of ``picture``, uint8 RGB; None: there is none."""
        height, width = picture.shape[:2]
        scale = _SIDE / max(width, height)
        inside = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(picture, inside, interpolation=cv2.INTER_AREA)
        left, top = (_SIDE - inside[0]) // 2, (_SIDE - inside[1]) // 2
        boxed = np.zeros((_SIDE, _SIDE, 3), np.float32)
        boxed[top : top + inside[1], left : left + inside[0]] = small
        answer = self._network.run(boxed / 127.5 - 1)
        logits = np.clip(answer["classificators"].reshape(-1), -_MOST_LOGIT, _MOST_LOGIT)
        sure = 1 / (1 + np.exp(-logits)) >= _LEAST_SCORE
        if not sure.any():
            return None
        rows = answer["regressors"].reshape(-1, _ROWS, 2)[sure]
        rows[:, 0] += self._anchors[sure]
        rows[:, 2:] += self._anchors[sure, None]
        best = rows[np.argmax(rows[:, 1, 0])]
        x, y = (best[0] - (left, top)) / scale
        across = best[_LEFT_EYE] - best[_RIGHT_EYE]
        side, angle = best[1].max() / scale, np.arctan2(across[1], across[0])
        return Square(float(x), float(y), float(side), float(angle))


def _centres(cells: int, count: int) -> NDArray[np.float32]:
    """Centres of ``count`` anchors a cell, row by row, pixels of the input; float32 [anchors, 2]."""
    y, x = np.mgrid[:cells, :cells]
    centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * _SIDE / cells
    return np.repeat(centres, count, axis=0).astype(np.float32)
