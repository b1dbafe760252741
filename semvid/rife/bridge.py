"""The pictures between two keyframes, drawn along the motion that RIFE finds."""

import cv2
import numpy as np

from semvid.images.between import grid, sample
from semvid.images.interpolation import require_pair, sharpened
from semvid.images.types import Picture
from semvid.rife.network import RifeNetwork


class RifeBridge:
    """The gap between two keyframes. Deterministic; `frame` may be called from several threads.

    The same form as `semvid.images.interpolation.Bridge`. The network runs once a picture.

    Args:
        network: loaded once for all gaps.
        start, end: uint8 RGB [height, width, 3], equal shapes.

    Raises:
        InvalidInput: pictures of different shapes or not uint8 RGB.
    """

    def __init__(self, network: RifeNetwork, start: Picture, end: Picture) -> None:
        require_pair(start, end)
        self._network, self._start, self._end = network, start, end
        self._size = (start.shape[1], start.shape[0])
        self._seen = (network.seen(start), network.seen(end))

    def frame(self, t: float) -> Picture:
        """The picture at ``t``, 0 (start) .. 1 (end), uint8 RGB [height, width, 3]."""
        if t in (0, 1):
            return (self._end if t else self._start).copy()
        motion = self._network.motion(*self._seen, t, self._size)
        places = grid(self._size)
        blend = cv2.blendLinear(
            sample(self._start, cv2.add(places, motion.to_start)),
            sample(self._end, cv2.add(places, motion.to_end)),
            motion.share_of_start,
            np.float32(1) - motion.share_of_start,
        )
        return sharpened(blend, t)
