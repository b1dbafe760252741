"""468 points of a face: MediaPipe's face mesh (Kartynnik et al., arXiv 1907.06724), followed through a video.

Constants are those of ``modules/face_landmark/face_landmark_front_cpu.pbtxt`` and of the graphs that it
names, MediaPipe 0.10.21: where a face was, its points say where to look next; only where there was none the
detector is asked.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.faces.detector import FaceDetector, Square
from semvid.faces.network import Network
from semvid.images.types import Picture

Landmarks = NDArray[np.float32]
"""float32 [468, 3]: x, y and depth towards the viewer counted negative, pixels of the picture."""

_SIDE: Final = 192  # pixels of the network's input
_AROUND: Final = 1.5  # sides of a box that the network looks at
_LEAST_SCORE: Final = 0.5
_EYES: Final = 33, 263  # outer corners
_POINTS, _FLAG = "conv2d_21", "conv2d_31"


class FaceLandmarks:
    """Follows one face through a video. Not thread-safe.

    Args:
        detector_model, landmark_model: bytes of the two networks (`semvid.faces.weights`).
    """

    def __init__(self, detector_model: bytes, landmark_model: bytes) -> None:
        self._detector = FaceDetector(detector_model)
        self._network = Network(landmark_model)
        self._latest: Landmarks | None = None

    def forget(self) -> None:
        """What comes next is another shot: the face is looked for anew."""
        self._latest = None

    def find(self, picture: Picture) -> Landmarks | None:
        """The points of the face in the next picture, uint8 RGB; None: there is none."""
        found = None
        if self._latest is not None:
            found = self._look(picture, _around(self._latest))
        if found is None and (square := self._detector.largest(picture)) is not None:
            found = self._look(picture, square)
        self._latest = found
        return found

    def _look(self, picture: Picture, square: Square) -> Landmarks | None:
        scale = _AROUND * square.side / _SIDE
        cosine, sine = scale * math.cos(square.angle), scale * math.sin(square.angle)
        middle = (_SIDE - 1) / 2
        to_picture = np.array(
            [
                [cosine, -sine, square.x - middle * (cosine - sine)],
                [sine, cosine, square.y - middle * (sine + cosine)],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        crop = cv2.warpAffine(
            picture, to_picture, (_SIDE, _SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        answer = self._network.run(crop.astype(np.float32) / 255)
        if 1 / (1 + math.exp(-float(answer[_FLAG].item()))) < _LEAST_SCORE:
            return None
        points = answer[_POINTS].reshape(-1, 3)
        placed = points[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
        return np.column_stack([placed, points[:, 2] * scale]).astype(np.float32)


def _around(points: Landmarks) -> Square:
    """The square that holds all points, turned as the eyes are."""
    across = points[_EYES[1], :2] - points[_EYES[0], :2]
    angle = math.atan2(across[1], across[0])
    turned = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    upright = points[:, :2] @ turned.T
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = (low + high) / 2 @ turned
    return Square(float(x), float(y), float((high - low).max()), angle)
