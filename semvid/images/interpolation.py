"""The pictures between two keyframes, by optical flow: the embedded decoder's algorithm.

It is shared because the transmitter runs the same algorithm to learn which gaps the receiver bridges well.
The flow is computed once per gap, both ways. A picture in between takes every pixel from both keyframes along
the motion, weighted by nearness in time, and from only one of them where the motion leaves the other picture
or the two flows contradict each other grossly. A mild sharpening makes up for what averaging two pictures
blurs. docs/decisions/0007-interpolation.md.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput
from semvid.images.flow import Effort, Flow, flow_both_ways
from semvid.images.types import Picture

_Plane = NDArray[np.float32]

_TOLERANCE_PX: Final = 10.0  # disagreement of the two flows that counts little
_TOLERANCE: Final = 1.0  # and as a multiple of the motion
_LEAST_WEIGHT: Final = 0.1  # of the side that the flows contradict
_OUTSIDE: Final = 1e3  # doubt about a pixel that lies outside the picture
_SHARPENING: Final = 1.0  # of detail below about 2 pixels, half way between the keyframes
_DETAIL_SIGMA: Final = 1.0  # pixels


class Bridge:
    """The gap between two keyframes. Deterministic; `frame` may be called from several threads.

    Args:
        start, end: uint8 RGB [height, width, 3], equal shapes.
        effort: of the flow; the receiver's decoder uses the default.

    Raises:
        InvalidInput: pictures of different shapes or not uint8 RGB.
    """

    def __init__(self, start: Picture, end: Picture, effort: Effort = Effort.HIGH) -> None:
        if start.shape != end.shape or start.ndim != 3 or start.shape[2] != 3 or 0 in start.shape:
            raise InvalidInput(
                f"a bridge needs two RGB pictures of one shape, got {start.shape}, {end.shape}"
            )
        if start.dtype != np.uint8 or end.dtype != np.uint8:
            raise InvalidInput(f"a bridge needs uint8 pictures, got {start.dtype} and {end.dtype}")
        self._start, self._end = start, end
        self._forward, self._backward = flow_both_ways(start, end, effort)
        height, width = start.shape[:2]
        columns, rows = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
        self._grid = np.stack(np.meshgrid(columns, rows), axis=-1)
        self._doubt_start = _doubt(self._grid, self._forward, self._backward)
        self._doubt_end = _doubt(self._grid, self._backward, self._forward)

    def frame(self, t: float) -> Picture:
        """The picture at ``t``, 0 (start) .. 1 (end), uint8 RGB [height, width, 3]."""
        if t in (0, 1):
            return (self._end if t else self._start).copy()
        motion = cv2.addWeighted(self._forward, 1 - t, self._backward, -t, 0)
        at_start = cv2.scaleAdd(motion, -t, self._grid)
        at_end = cv2.scaleAdd(motion, 1 - t, self._grid)
        blend = cv2.blendLinear(
            _sample(self._start, at_start, cv2.INTER_LINEAR),
            _sample(self._end, at_end, cv2.INTER_LINEAR),
            _weight(self._doubt_start, at_start, 1 - t),
            _weight(self._doubt_end, at_end, t),
        )
        smooth = cv2.GaussianBlur(blend, (0, 0), _DETAIL_SIGMA)
        amount = _SHARPENING * 4 * t * (1 - t)
        return np.asarray(cv2.addWeighted(blend, 1 + amount, smooth, -amount, 0), np.uint8)


def _doubt(grid: Flow, flow: Flow, other: Flow) -> _Plane:
    """Squared disagreement of a flow with the way back, [height, width], 1 where it reaches the tolerance."""
    back = np.asarray(_sample(other, cv2.add(grid, flow), cv2.INTER_LINEAR)) + flow
    tolerance = _TOLERANCE_PX**2 + _TOLERANCE**2 * _squared_length(flow)
    return np.asarray(_squared_length(back) / tolerance, np.float32)


def _squared_length(flow: Flow) -> _Plane:
    return np.asarray(flow[..., 0] ** 2 + flow[..., 1] ** 2, np.float32)


def _sample(source: cv2.typing.MatLike, at: cv2.typing.MatLike, method: int) -> cv2.typing.MatLike:
    return cv2.remap(source, at, None, method, borderMode=cv2.BORDER_REPLICATE)


def _weight(doubt: _Plane, at: cv2.typing.MatLike, nearness: float) -> cv2.typing.MatLike:
    """How much a keyframe counts, [height, width], sampled where it is looked at."""
    sampled = cv2.remap(
        doubt, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=_OUTSIDE
    )
    return cv2.addWeighted(cv2.exp(-sampled), nearness, sampled, 0, nearness * _LEAST_WEIGHT)
