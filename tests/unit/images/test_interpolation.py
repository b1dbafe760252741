"""The interpolation gives the same pictures wherever and whenever it runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

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
    with ThreadPoolExecutor(1) as pool:
        assert not pool.submit(cv2.ipp.useIPP).result()
        assert pool.submit(cv2.getNumThreads).result() == 1
    assert cv2.getNumThreads() == 1
    assert not cv2.ipp.useIPP()


def test_pictures_do_not_depend_on_the_thread_that_makes_them() -> None:
    start, end = scene(0), scene(7)
    with ThreadPoolExecutor(1) as pool:
        elsewhere = pool.submit(lambda: Bridge(start, end).frame(0.3)).result()
    assert np.array_equal(elsewhere, Bridge(start, end).frame(0.3))


def test_halfway_a_moving_texture_is_halfway() -> None:
    middle = Bridge(scene(0), scene(8)).frame(0.5)
    inner = (slice(16, -16), slice(16, -16))
    off_by = [float(np.abs(middle[inner].astype(int) - scene(shift)[inner]).mean()) for shift in (0, 4, 8)]
    assert off_by[1] < 0.5 * min(off_by[0], off_by[2])


def test_what_only_one_keyframe_shows_is_taken_from_the_nearer_one_not_blended() -> None:
    without = scene(0)
    disc = np.zeros(without.shape[:2], np.uint8)
    cv2.circle(disc, (60, 50), 14, 1, -1)
    inside = cv2.erode(disc, np.ones((9, 9), np.uint8)).astype(bool)
    start = np.where(disc[..., None] == 1, np.uint8(250), without)
    bridge = Bridge(start, without)
    for t, nearer, farther in ((0.3, start, without), (0.5, start, without), (0.7, without, start)):
        shown = bridge.frame(t)[inside].astype(int)
        to_nearer, to_farther = (np.abs(shown - k[inside]).mean() for k in (nearer, farther))
        assert to_nearer < 0.15 * to_farther, t


def test_a_tiny_picture_is_bridged_too() -> None:
    for height, width in ((1, 1), (2, 3), (5, 130), (8, 1), (8, 2)):
        start, end = (np.full((height, width, 3), level, np.uint8) for level in (100, 108))
        middle = Bridge(start, end).frame(0.5)
        assert middle.shape == start.shape
        assert np.abs(middle.astype(int) - 104).max() <= 1
