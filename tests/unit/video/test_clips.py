"""Every real clip: as many frames as its index says, and exact time stamps."""

from __future__ import annotations

from itertools import islice

import pytest

from semvid.semantics import StreamHeader
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.timing import Clock, offsets, timings
from semvid.video.writer import VideoWriter

IRREGULAR = {"static_bottles"}  # drops frames: two gaps of double length


def test_probe(clip_name, real_clip):
    clip = real_clip(clip_name)
    info = probe(clip["path"])
    assert (info.width, info.height, info.frame_count_hint) == (clip["width"], clip["height"], clip["frames"])
    assert float(info.frame_rate) == pytest.approx(clip["fps"], abs=0.01)


def test_forty_frames_there_and_back(clip_name, real_clip, tmp_path):
    path = real_clip(clip_name)["path"]
    info = probe(path)
    frames = list(islice(read_frames(path, info), 40))
    stamps = [frame.pts for frame in frames]
    if clip_name not in IRREGULAR:
        assert not any(offsets(stamps, info.grid))
    header = StreamHeader(info.width, info.height, info.width, info.height, info.time_base, info.frame_rate)
    clock = Clock(header)
    for unit in timings(stamps, header):
        clock.add(unit)
    back_path = tmp_path / "back.mp4"
    with VideoWriter(back_path, 32, 32, info.time_base, frame_rate=info.frame_rate) as writer:
        for frame, stamp in zip(frames, clock, strict=False):
            writer.append(frame.picture[:32, :32], stamp)
    back = probe(back_path)
    shown = [frame.pts * back.time_base for frame in read_frames(back_path, back)]
    assert shown == [stamp * info.time_base for stamp in stamps]


@pytest.mark.parametrize("name", ["act_weightlifting", "static_bottles", "asl_book"])
def test_every_frame_of_a_short_clip(name, real_clip):
    clip = real_clip(name)
    info = probe(clip["path"])
    assert sum(1 for _ in read_frames(clip["path"], info)) == clip["frames"]
