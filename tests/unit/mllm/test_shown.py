"""What of a video a model is shown that answers questions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import UnsupportedMedia
from semvid.mllm.shown import SIDE, Spread, shown_frames
from tests.synthetic_clip import write_clip


@given(st.integers(1, 300), st.integers(1, 20))
def test_pictures_are_spread_evenly_and_few_are_held(frames: int, wanted: int) -> None:
    spread = Spread(wanted)
    for n in range(frames):
        spread.push(np.full((1, 1, 3), n % 256, np.uint8))
        assert len(spread._kept) <= 2 * wanted
    indices = [index for index, _ in spread.pictures()]
    assert indices[0] == 0
    assert indices == sorted(set(indices))
    assert len(indices) == min(frames, wanted)
    if wanted > 1 and frames > 1:
        steps = np.diff([*indices, frames - 1])
        assert steps.max() <= 2 * frames / wanted + 1  # nothing as long as two steps is left out


def test_every_frame_is_shown_small(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write_clip(path, frames=5)
    shapes = [picture.shape for picture in shown_frames(path)]
    assert shapes == [(round(SIDE * 320 / 576), SIDE, 3)] * 5


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"no")
    with pytest.raises(UnsupportedMedia):
        next(iter(shown_frames(tmp_path / "no.mp4")))
