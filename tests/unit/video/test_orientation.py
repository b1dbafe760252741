from __future__ import annotations

import struct

import numpy as np
import pytest

from semvid.errors import UnsupportedMedia
from semvid.video.orientation import Orientation, from_display_matrix
from semvid.video.probe import probe
from semvid.video.reader import read_frames

PICTURE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def matrix(a, b, c, d):
    return struct.pack("=9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((1, 0, 0, 1), PICTURE),
        ((0, 1, -1, 0), np.rot90(PICTURE, -1)),
        ((-1, 0, 0, -1), np.rot90(PICTURE, 2)),
        ((0, -1, 1, 0), np.rot90(PICTURE)),
        ((-1, 0, 0, 1), PICTURE[:, ::-1]),
        ((1, 0, 0, -1), PICTURE[::-1]),
        ((0, 1, 1, 0), PICTURE.transpose(1, 0, 2)),
        ((0, -1, -1, 0), np.rot90(PICTURE[:, ::-1], -1)),
    ],
)
def test_display_matrix(entries, expected):
    orientation = from_display_matrix(matrix(*entries))
    np.testing.assert_array_equal(orientation.apply(PICTURE), expected)
    assert orientation.displayed_size(3, 2) == expected.shape[1::-1]
    assert orientation.apply(PICTURE).flags.c_contiguous


def test_no_matrix_and_a_matrix_of_zeros_mean_upright():
    assert from_display_matrix(None) == from_display_matrix(bytes(36)) == Orientation()


@pytest.mark.parametrize("bad", [matrix(1, 1, -1, 1), matrix(1, 0, 0, 0), bytes(35)])
def test_askew_degenerate_and_short_matrices_are_refused(bad):
    with pytest.raises(UnsupportedMedia):
        from_display_matrix(bad)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_phone_video_comes_out_upright(clip, gradient, degrees):
    upright = gradient(64, 48) if degrees % 180 else gradient(48, 64)
    stored = np.ascontiguousarray(np.rot90(upright, degrees // 90))
    path = clip(
        "a.mp4", pictures=[stored] * 3, frames=3, prepare=lambda stream: stream.set_display_rotation(-degrees)
    )
    info = probe(path)
    assert (info.height, info.width) == upright.shape[:2]
    for frame in read_frames(path, info):
        assert np.abs(frame.picture.astype(int) - upright).mean() < 3


def test_a_video_at_45_degrees_is_refused(clip):
    path = clip("a.mp4", prepare=lambda stream: stream.set_display_rotation(45))
    with pytest.raises(UnsupportedMedia, match="90 degrees"):
        probe(path)
