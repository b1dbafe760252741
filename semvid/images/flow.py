"""Dense optical flow between two pictures (dense inverse search, Kroeger et al., arXiv 1603.03590)."""

import math
from enum import Enum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.types import Picture

Flow = NDArray[np.float32]

LARGEST_AREA: Final = 640 * 360  # pixels; larger pictures get their flow at this area
_MIN_SIDE: Final = 64  # pixels; dense inverse search needs a few patches of 8x8 at a coarse scale


class Effort(Enum):
    """How much work goes into one flow field; values are OpenCV's presets."""

    MIDDLE = cv2.DISOPTICAL_FLOW_PRESET_FAST  # to test a bridge
    HIGH = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM  # to show it


def flow_both_ways(start: Picture, end: Picture, effort: Effort) -> tuple[Flow, Flow]:
    """Flow from ``start`` to ``end`` and from ``end`` to ``start``.

    Args:
        start, end: uint8 RGB [height, width, 3], equal shapes.

    Returns:
        Two float32 [height, width, 2], pixels: what shows at (x, y) of the first picture shows at
        (x + flow[y, x, 0], y + flow[y, x, 1]) of the second.
    """
    height, width = start.shape[:2]
    shrink = min(1.0, math.sqrt(LARGEST_AREA / (height * width)))
    small = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    before, after = (_plane(picture, small) for picture in (start, end))
    search = cv2.DISOpticalFlow.create(effort.value)
    forward = np.asarray(search.calc(before, after, None), np.float32)[: small[1], : small[0]]
    backward = np.asarray(search.calc(after, before, None), np.float32)[: small[1], : small[0]]
    if small == (width, height):
        return forward, backward
    stretch = np.array([width / small[0], height / small[1]], np.float32)
    return (
        np.asarray(cv2.resize(forward, (width, height)) * stretch, np.float32),
        np.asarray(cv2.resize(backward, (width, height)) * stretch, np.float32),
    )


def _plane(picture: Picture, size: tuple[int, int]) -> Picture:
    """Luma at ``size`` (width, height), repeated at the edges where the search needs a larger picture."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if luma.shape != size[::-1]:
        luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    bottom, right = max(0, _MIN_SIDE - size[1]), max(0, _MIN_SIDE - size[0])
    if bottom or right:
        luma = cv2.copyMakeBorder(luma, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    return np.asarray(luma, np.uint8)
