"""Where each pixel of a picture between two others comes from: motion, its fit, and who shows it.

All of it at half the pictures' sides, which is as fine as the flow itself is. The flow from either picture
says how a pixel in between moves; that along which the two pictures look more alike counts more.
"""

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.flow import Effort, Flow, flow_both_ways
from semvid.images.types import Picture

Plane = NDArray[np.float32]

_FIT_WINDOW: Final = 7  # places; side of the window in which the two pictures are compared
_FIT_SCALE: Final = 2.0  # 8-bit levels; a motion that fits worse by so much counts a third
_CALM_SHRINK: Final = 4  # the calm motion is made from every fourth place
_CALM_SIGMA: Final = 2.0  # of those; how far a motion reaches into places where the flows disagree
_CALM_TOLERANCE: Final = 1.0  # places; flows that disagree by more say little about their surroundings


class Between:
    """Motion between two pictures, uint8 RGB [height, width, 3] of one shape.

    Motions are float32 [h, w, 2] in places of the half-sized grid, from start to end; planes float32 [h, w].
    """

    def __init__(self, start: Picture, end: Picture, effort: Effort) -> None:
        height, width = start.shape[:2]
        self._full = (width, height)
        self._size = (max(1, width // 2), max(1, height // 2))
        self._shrink = np.array([self._size[0] / width, self._size[1] / height], np.float32)
        self._forward, self._backward = (
            np.asarray(cv2.resize(flow, self._size, interpolation=cv2.INTER_AREA) * self._shrink, np.float32)
            for flow in flow_both_ways(start, end, effort)
        )
        self._start, self._end = (
            cv2.resize(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), self._size, interpolation=cv2.INTER_AREA)
            for p in (start, end)
        )
        brighter = cv2.mean(self._end)[0] - cv2.mean(self._start)[0]
        self._start = _brightened(self._start, brighter / 2)  # a fade is no contradiction
        self._end = _brightened(self._end, -brighter / 2)
        self._grid = grid(self._size)
        self._calm = (
            self._calm_flow(self._forward, self._backward),
            self._calm_flow(self._backward, self._forward),
        )

    def motion(self, t: float) -> tuple[Flow, Plane]:
        """The motion through each place at ``t``, and how much the pictures differ along it, 8-bit levels."""
        here = np.asarray(cv2.addWeighted(self._forward, 1 - t, self._backward, -t, 0), np.float32)
        at_start, at_end = self._ends(here, t)
        ahead, back = sample(self._forward, at_start), -sample(self._backward, at_end)
        ahead_misfit, back_misfit = self._misfit(ahead, t), self._misfit(back, t)
        least = cv2.min(ahead_misfit, back_misfit)
        weights = (cv2.exp((least - misfit) / _FIT_SCALE) for misfit in (ahead_misfit, back_misfit))
        return np.asarray(cv2.blendLinear(ahead, back, *weights), np.float32), np.asarray(least, np.float32)

    def calmed(self, motion: Flow, share: Plane, t: float) -> Flow:
        """``motion``, in its place as much of the motion of the surroundings as ``share``, 0 .. 1, says."""
        calm = cv2.addWeighted(self._calm[0], 1 - t, self._calm[1], -t, 0)
        return np.asarray(cv2.blendLinear(motion, calm, 1 - share, share), np.float32)

    def visible(self, motion: Flow, t: float) -> Plane:
        """1 where only the end shows what moves through a place, -1 where only the start does, else 0."""
        first, last = (-0.5, -0.5), (self._size[0] - 0.5, self._size[1] - 0.5)
        at_start, at_end = (cv2.inRange(at, first, last) for at in self._ends(motion, t))
        return np.asarray(cv2.subtract(at_end, at_start, dtype=cv2.CV_32F) / 255, np.float32)

    def enlarged(self, motion: Flow) -> Flow:
        """``motion`` in pixels of the pictures, float32 [height, width, 2]."""
        return np.asarray(cv2.resize(motion / self._shrink, self._full), np.float32)

    def _ends(self, motion: Flow, t: float) -> tuple[Flow, Flow]:
        at_start, at_end = cv2.scaleAdd(motion, -t, self._grid), cv2.scaleAdd(motion, 1 - t, self._grid)
        return np.asarray(at_start, np.float32), np.asarray(at_end, np.float32)

    def _misfit(self, motion: Flow, t: float) -> cv2.typing.MatLike:
        at_start, at_end = self._ends(motion, t)
        apart = cv2.absdiff(sample(self._start, at_start), sample(self._end, at_end))
        return cv2.boxFilter(apart, cv2.CV_32F, (_FIT_WINDOW, _FIT_WINDOW))

    def _calm_flow(self, flow: Flow, other: Flow) -> Flow:
        """The flow of the surroundings: a wide mean in which only what both flows agree on has a say."""
        round_trip = _squared(np.asarray(sample(other, cv2.add(self._grid, flow)) + flow, np.float32))
        trust = np.asarray(cv2.exp(-round_trip / (_CALM_TOLERANCE**2 + 0.01 * _squared(flow))) + 1e-3)
        size = (max(1, self._size[0] // _CALM_SHRINK), max(1, self._size[1] // _CALM_SHRINK))
        sums, weight = (
            cv2.GaussianBlur(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), (0, 0), _CALM_SIGMA)
            for plane in (flow * trust[..., None], trust)
        )
        return np.asarray(cv2.resize(sums / np.asarray(weight)[..., None], self._size), np.float32)


@lru_cache(maxsize=8)
def grid(size: tuple[int, int]) -> Flow:
    """Where each pixel of a picture of ``size`` (width, height) lies: float32 [height, width, 2], x and y."""
    columns, rows = (np.arange(length, dtype=np.float32) for length in size)
    places = np.stack(np.meshgrid(columns, rows), axis=-1)
    places.flags.writeable = False
    return places


def sample(source: cv2.typing.MatLike, at: cv2.typing.MatLike) -> cv2.typing.MatLike:
    """``source`` at the places ``at``, linearly; outside it is as at its edge."""
    return cv2.remap(source, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _brightened(grey: cv2.typing.MatLike, levels: float) -> cv2.typing.MatLike:
    """``grey``, uint8, ``levels`` brighter. Beside a number OpenCV takes 4x1 pixels for a number too."""
    return cv2.add(grey, np.full(grey.shape, levels, np.float32), dtype=cv2.CV_8U)


def _squared(flow: Flow) -> Plane:
    return np.asarray(flow[..., 0] ** 2 + flow[..., 1] ** 2, np.float32)
