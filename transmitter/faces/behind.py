"""How what lies behind a face moves: a hand-held camera moves all of it."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.faces.shape import Points
from semvid.images.types import Picture

_SIDE: Final = 240  # pixels of the longer side of what is looked at
_CORNERS: Final = 60
_QUALITY: Final = 0.01
_APART: Final = 5.0  # pixels
_BORDER: Final = 1.5  # of a face's box, across, that belongs to the person; all below it does too
_FEWEST: Final = 8  # corners that must be found again
_WINDOW: Final[dict[str, Any]] = {"winSize": (15, 15), "maxLevel": 3}
_RETURN: Final = 0.5  # pixels from where a corner was, once it is followed there and back


class Behind:
    """Follows corners beside the person from a portrait on (Lucas-Kanade, there and back).

    Args:
        picture: the portrait, uint8 RGB.
        face: points of the face in it, pixels.
    """

    def __init__(self, picture: Picture, face: Points) -> None:
        self._scale = min(1.0, _SIDE / max(picture.shape[:2]))
        self._portrait = self._small(picture)
        mask = np.full(self._portrait.shape, 255, np.uint8)
        low, high = face.min(axis=0) * self._scale, face.max(axis=0) * self._scale
        margin = (_BORDER - 1) * (high - low)
        left, top = np.maximum(0, np.floor(low - margin)).astype(int)
        mask[top:, left : int(np.ceil(high[0] + margin[0]))] = 0
        found = cv2.goodFeaturesToTrack(self._portrait, _CORNERS, _QUALITY, _APART, mask=mask)
        self._corners = np.empty((0, 1, 2), np.float32) if found is None else found
        self._latest: NDArray[np.float64] = np.zeros(2)

    def shift(self, picture: Picture) -> NDArray[np.float64]:
        """How far it has moved since the portrait, x and y, pixels, float64 [2].

        Where too little can be followed, as far as before.
        """
        if len(self._corners) < _FEWEST:
            return self._latest
        small = self._small(picture)
        guess = self._corners + (self._latest * self._scale).astype(np.float32)
        flags = {"flags": cv2.OPTFLOW_USE_INITIAL_FLOW, **_WINDOW}
        there, seen, _ = cv2.calcOpticalFlowPyrLK(self._portrait, small, self._corners, guess.copy(), **flags)
        back, again, _ = cv2.calcOpticalFlowPyrLK(small, self._portrait, there, self._corners.copy(), **flags)
        strayed = np.linalg.norm(back - self._corners, axis=-1)
        good = (seen.ravel() > 0) & (again.ravel() > 0) & (strayed.ravel() < _RETURN)
        if good.sum() >= _FEWEST:
            self._latest = np.median((there - self._corners)[good, 0], axis=0).astype(float) / self._scale
        return self._latest

    def _small(self, picture: Picture) -> NDArray[np.uint8]:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        return np.asarray(
            cv2.resize(grey, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_AREA), np.uint8
        )
