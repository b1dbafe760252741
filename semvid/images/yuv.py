"""RGB pictures to the planes that the picture code works on, and back.

Full-range BT.601 luma and chroma, chroma halved both ways by area means and doubled by linear interpolation.
Both ends use these two functions, so nothing about them is signalled.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.types import Picture


def to_yuv420(picture: Picture, width: int, height: int) -> NDArray[np.uint8]:
    """Planar 4:2:0 of ``picture``, its last row and column repeated up to ``width`` x ``height``.

    Args:
        picture: uint8 RGB [h, w, 3] with ``h <= height`` and ``w <= width``.
        width, height: of the result, even.

    Returns:
        uint8 [3 * height / 2, width]: Y, then Cb, then Cr, as PyAV reads ``yuv420p``.
    """
    bottom, right = height - picture.shape[0], width - picture.shape[1]
    if bottom or right:
        picture = cv2.copyMakeBorder(picture, 0, bottom, 0, right, cv2.BORDER_REPLICATE).astype(np.uint8)
    luma, red, blue = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb))
    half = (width // 2, height // 2)
    planes = [luma] + [cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in (blue, red)]
    flat = np.concatenate([plane.ravel() for plane in planes]).astype(np.uint8, copy=False)
    return flat.reshape(height * 3 // 2, width)


def from_yuv420(planes: NDArray[np.uint8], width: int, height: int) -> Picture:
    """The upper left ``width`` x ``height`` of planar 4:2:0, as uint8 RGB [height, width, 3].

    Args:
        planes: uint8 [3 * H / 2, W] with even H >= height and even W >= width.
    """
    full_height, full_width = planes.shape[0] * 2 // 3, planes.shape[1]
    luma = planes[:full_height]
    blue, red = planes[full_height:].reshape(2, full_height // 2, full_width // 2)
    doubled = [cv2.resize(p, (full_width, full_height), interpolation=cv2.INTER_LINEAR) for p in (red, blue)]
    rgb = cv2.cvtColor(cv2.merge([luma, *doubled]), cv2.COLOR_YCrCb2RGB)
    return np.ascontiguousarray(rgb[:height, :width]).astype(np.uint8, copy=False)
