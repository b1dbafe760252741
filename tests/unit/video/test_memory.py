"""Memory does not grow with the length of the video."""

from __future__ import annotations

import gc
import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np

from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter

FRAMES = 3000


def resident_bytes():
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_memory_is_constant_while_writing_probing_and_reading(tmp_path):
    path = tmp_path / "long.mp4"
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    grown = []
    tracemalloc.start()
    with VideoWriter(path, 64, 64, Fraction(1, 30), preset="ultrafast") as writer:
        for index in range(FRAMES):
            writer.append(np.roll(picture, index, 1), index)
            if index == 500:
                before = resident_bytes()
        grown.append(resident_bytes() - before)
    info = probe(path)
    assert info.frame_count_hint == FRAMES
    for index, _ in enumerate(frames := read_frames(path, info)):
        if index == 500:
            before = resident_bytes()
    grown.append(resident_bytes() - before)
    frames.close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert index == FRAMES - 1
    assert peak < 4 * 2**20
    assert max(grown) < 8 * 2**20  # the other 2500 pictures hold 30 MiB
