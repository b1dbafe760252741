"""The interpolation gives the same pictures wherever and whenever it runs."""

from __future__ import annotations

import cv2
import numpy as np

from semvid.images.interpolation import Bridge
from semvid.images.types import Picture


def scene(shift: int, height: int = 97, width: int = 131) -> Picture:
    """Texture that moves to the right."""
    texture = np.random.default_rng(3).integers(0, 256, (height, 2 * width, 3), np.uint8)
    smooth = cv2.GaussianBlur(texture, (0, 0), 3)
    return np.ascontiguousarray(smooth[:, width - shift : 2 * width - shift])


def at_offset(picture: Picture, offset: int) -> Picture:
    """The same picture, ``offset`` bytes behind a multiple of 64."""
    memory = np.empty(picture.nbytes + 128, np.uint8)
    start = -memory.ctypes.data % 64 + offset
    moved = memory[start : start + picture.nbytes].reshape(picture.shape)
    moved[...] = picture
    return moved


def test_pictures_do_not_depend_on_where_they_lie_in_memory() -> None:
    start, end = scene(0), scene(7)
    expected = Bridge(start, end).frame(0.3)
    for offset in (1, 4, 16, 32, 63):
        bridge = Bridge(at_offset(start, offset), at_offset(end, 63 - offset))
        assert np.array_equal(bridge.frame(0.3), expected), offset


def test_opencv_is_held_to_one_thread_and_its_own_code() -> None:
    """Results of OpenCV depend on its thread count, and those of Intel's IPP on the processor."""
    assert cv2.getNumThreads() == 1
    assert not cv2.ipp.useIPP()


def test_halfway_a_moving_texture_is_halfway() -> None:
    middle = Bridge(scene(0), scene(8)).frame(0.5)
    inner = (slice(16, -16), slice(16, -16))
    off_by = [float(np.abs(middle[inner].astype(int) - scene(shift)[inner]).mean()) for shift in (0, 4, 8)]
    assert off_by[1] < 0.5 * min(off_by[0], off_by[2])
