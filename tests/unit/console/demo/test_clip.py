from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from console.demo.clip import FRAME_RATE, HEIGHT, WIDTH, clip_frames, write_clip
from console.demo.measure import look_at


def test_the_seed_decides_every_pixel() -> None:
    first, again, other = (list(clip_frames(seed, 4)) for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_there_is_motion_everywhere_and_one_hard_cut() -> None:
    pictures = [p.astype(np.float32) for p in clip_frames(0, 24)]
    steps = [float(np.abs(a - b).mean()) for a, b in pairwise(pictures)]
    cut = int(np.argmax(steps))
    assert cut == 13  # 58 % of 24 frames belong to the first scene
    assert steps[cut] > 3 * max(s for n, s in enumerate(steps) if n != cut)
    assert min(steps) > 0.5


@pytest.mark.parametrize(("frames", "size"), [(1, (64, 48)), (2, (33, 35))])
def test_short_and_small(frames: int, size: tuple[int, int]) -> None:
    pictures = list(clip_frames(0, frames, *size))
    assert [p.shape for p in pictures] == [(size[1], size[0], 3)] * frames
    assert all(p.dtype == np.uint8 and p.std() > 5 for p in pictures)


def test_the_file_has_the_frames_that_were_asked_for(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", seed=1, frames=5)
    info = look_at(tmp_path / "clip.mp4")
    assert (info.width, info.height, info.frame_count_hint) == (WIDTH, HEIGHT, 5)
    assert info.frame_rate == Fraction(FRAME_RATE)
