"""The pictures between two keyframes, by optical flow: the embedded decoder's algorithm.

It is shared because the transmitter runs the same algorithm to learn which gaps the receiver bridges well.
A picture in between takes every pixel from both keyframes along the motion (`semvid.images.between`),
weighted by nearness in time, or from the only one that shows it. Where the keyframes show different things
whatever the motion, their mean would be a ghost and each one's own motion would tear it: there it is the
nearer keyframe, moved as its surroundings move. A mild sharpening makes up for what averaging two pictures
blurs. docs/decisions/0007-interpolation.md.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from semvid.errors import InvalidInput
from semvid.images.between import Between, Plane, grid, sample
from semvid.images.flow import Effort, Flow
from semvid.images.types import Picture

_CONTRADICTION: Final = 30.0  # 8-bit levels between what the keyframes show at one place that count as much
_ONSET: Final = 4  # power with which contradiction grows: a slow change of light is none
_NEARER: Final = 6.0  # log odds of the nearer keyframe where they contradict each other
_ONLY_ONE: Final = 20.0  # log odds of the keyframe that shows a place where the other one ends
SHARPENING: Final = 0.3  # of detail below about 2 pixels, half way between the keyframes
DETAIL_SIGMA: Final = 1.0  # pixels


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """What a picture between two keyframes is blended from.

    Attributes:
        start, end: both keyframes, moved to its time, uint8 RGB [height, width, 3].
        motion: through each place, from start to end, float32 [h, w, 2], places of the half-sized grid.
        share_of_end: how much the end counts, 0 .. 1, float32 [h, w].
    """

    start: Picture
    end: Picture
    motion: Flow
    share_of_end: Plane


class Bridge:
    """The gap between two keyframes. Deterministic; `frame` may be called from several threads.

    Args:
        start, end: uint8 RGB [height, width, 3], equal shapes.
        effort: of the flow; the receiver's decoder uses the default.

    Raises:
        InvalidInput: pictures of different shapes or not uint8 RGB.
    """

    def __init__(self, start: Picture, end: Picture, effort: Effort = Effort.HIGH) -> None:
        require_pair(start, end)
        self._start, self._end = start, end
        self._between = Between(start, end, effort)
        self._size = (start.shape[1], start.shape[0])
        self._grid = grid(self._size)

    def frame(self, t: float) -> Picture:
        """The picture at ``t``, 0 (start) .. 1 (end), uint8 RGB [height, width, 3]."""
        if t in (0, 1):
            return (self._end if t else self._start).copy()
        draft = self.draft(t)
        return blended(draft.start, draft.end, cv2.resize(draft.share_of_end, self._size), t)

    def draft(self, t: float) -> Draft:
        """What the picture at ``t``, between 0 and 1, is blended from."""
        motion, difference = self._between.motion(t)
        contradiction = 1 - cv2.exp(-((difference / _CONTRADICTION) ** _ONSET))
        motion = self._between.calmed(motion, contradiction, t)
        share = self._share_of_end(motion, contradiction, t)
        full = self._between.enlarged(motion)
        return Draft(
            np.asarray(sample(self._start, cv2.scaleAdd(full, -t, self._grid)), np.uint8),
            np.asarray(sample(self._end, cv2.scaleAdd(full, 1 - t, self._grid)), np.uint8),
            motion,
            share,
        )

    def _share_of_end(self, motion: Plane, contradiction: Plane, t: float) -> Plane:
        """How much the end counts, 0 .. 1, at the size of the motion."""
        nearness = math.log(t / (1 - t))
        nearer = _NEARER if t > 0.5 else -_NEARER
        visible = self._between.visible(motion, t)
        odds = nearness + contradiction * (nearer - nearness) + visible * _ONLY_ONE
        return np.asarray(1 / (1 + cv2.exp(-odds)), np.float32)


def blended(
    start: cv2.typing.MatLike, end: cv2.typing.MatLike, share_of_end: cv2.typing.MatLike, t: float
) -> Picture:
    """Two pictures, uint8, of which the second counts ``share_of_end``, 0 .. 1, sharpened as at ``t``."""
    return sharpened(cv2.blendLinear(start, end, cv2.subtract(1.0, share_of_end), share_of_end), t)


def sharpened(blend: cv2.typing.MatLike, t: float) -> Picture:
    """A mean of two pictures, uint8, with the detail that taking the mean at ``t`` has blurred."""
    smooth = cv2.GaussianBlur(blend, (0, 0), DETAIL_SIGMA)
    amount = SHARPENING * 4 * t * (1 - t)
    return np.asarray(cv2.addWeighted(blend, 1 + amount, smooth, -amount, 0), np.uint8)


def require_pair(start: Picture, end: Picture) -> None:
    """Refuses what is no pair of keyframes.

    Raises:
        InvalidInput: pictures of different shapes or not uint8 RGB.
    """
    if start.shape != end.shape or start.ndim != 3 or start.shape[2] != 3 or 0 in start.shape:
        raise InvalidInput(f"a bridge needs two RGB pictures of one shape, got {start.shape}, {end.shape}")
    if start.dtype != np.uint8 or end.dtype != np.uint8:
        raise InvalidInput(f"a bridge needs uint8 pictures, got {start.dtype} and {end.dtype}")
