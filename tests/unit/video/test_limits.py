from __future__ import annotations

from fractions import Fraction

import pytest

from semvid.errors import LimitExceeded
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from semvid.video.reader import read_frames

AT_THE_LIMIT = {
    "max_side": (64, 63),
    "max_pixels": (64 * 48, 64 * 48 - 1),
    "max_frames": (6, 5),
    "max_total_pixels": (6 * 64 * 48, 6 * 64 * 48 - 1),
    "max_duration_s": (6 / 25, 6 / 25 - 1e-6),
}


@pytest.mark.parametrize("name", AT_THE_LIMIT)
def test_probe_accepts_at_the_limit_and_refuses_one_past_it(clip, name):
    allowed, too_small = AT_THE_LIMIT[name]
    path = clip("a.mp4")
    assert probe(path, VideoLimits(**{name: allowed})).frame_count_hint == 6
    with pytest.raises(LimitExceeded, match=r"limit|accepted"):
        probe(path, VideoLimits(**{name: too_small}))


def test_file_size_is_limited_exactly(clip):
    path = clip("a.mp4")
    size = path.stat().st_size
    assert probe(path, VideoLimits(max_bytes=size)).width == 64
    with pytest.raises(LimitExceeded, match=f"{size} bytes"):
        probe(path, VideoLimits(max_bytes=size - 1))


@pytest.mark.parametrize("name", ["max_pixels", "max_frames", "max_total_pixels"])
def test_the_reader_keeps_the_limits_too(clip, name):
    path = clip("a.mp4")
    info = probe(path)
    with pytest.raises(LimitExceeded):
        list(read_frames(path, info, VideoLimits(**{name: AT_THE_LIMIT[name][1]})))


def test_the_reader_keeps_the_duration(clip):
    path = clip("a.mkv", stamps=[0, 40, 80, 120, 160, 5000], time_base=Fraction(1, 1000))
    info = probe(path)
    with pytest.raises(LimitExceeded, match=r"5\.0 s"):
        list(read_frames(path, info, VideoLimits(max_duration_s=4)))


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("a.mkv", "libx264", "yuv420p"),
        ("a.mp4", "libx264", "yuv420p"),
        ("a.ts", "libx264", "yuv420p"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.mov", "png", "rgb24"),
        ("a.avi", "mjpeg", "yuvj420p"),
    ],
)
def test_large_frames_are_refused_with_their_size(clip, name, codec, pixel_format):
    path = clip(name, codec=codec, pixel_format=pixel_format, frames=12, width=256, height=128)
    with pytest.raises(LimitExceeded, match="256x128"):
        probe(path, VideoLimits(max_pixels=256 * 128 - 1))


def test_a_size_that_the_container_hides_is_refused_by_the_decoder(clip):
    path = clip("a.mkv", frames=2, width=2048, height=1024)
    declared = b"\xb0\x82\x08\x00", b"\xba\x82\x04\x00"
    data = path.read_bytes()
    assert all(data.count(element) == 1 for element in declared)
    path.write_bytes(data.replace(declared[0], b"\xb0\x82\x00\x40").replace(declared[1], b"\xba\x82\x00\x40"))
    with pytest.raises(LimitExceeded, match="2048x1024"):
        probe(path, VideoLimits(max_pixels=1024 * 1024))
