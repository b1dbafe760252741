"""Two tiny clips, one of which is kept out at seed 0, and what the real coder makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from semvid.video.writer import VideoWriter
from tests.synthetic_clip import clip_frames
from training import pairs as pairs_module
from training.pairs import Pairs, prepare
from training.sources import Source, find_sources, is_held_out

WIDTH, HEIGHT, FRAMES = 280, 264, 20
NAMES = ("clip0", "clip3")


@pytest.fixture(scope="session", autouse=True)
def _one_sequence_a_clip() -> Iterator[None]:
    """What is learned from more of them is no more tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs_module, "_SEQUENCES", 1)
        yield


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two clips."""
    folder = tmp_path_factory.mktemp("clips")
    for seed, name in enumerate(NAMES):
        rate = Fraction(24)
        with VideoWriter(folder / f"{name}.mp4", WIDTH, HEIGHT, 1 / rate, frame_rate=rate) as writer:
            for index, picture in enumerate(clip_frames(seed, FRAMES, WIDTH, HEIGHT)):
                writer.append(picture, index)
    assert [is_held_out(name, 0) for name in NAMES] == [False, True]
    return folder


@pytest.fixture(scope="session")
def source(clips: Path) -> Source:
    """The clip that is learned from."""
    (found,) = find_sources([clips / f"{NAMES[0]}.mp4"])
    return found


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where its pairs are kept."""
    return tmp_path_factory.mktemp("pairs")


@pytest.fixture(scope="session")
def pairs(source: Source, kept: Path) -> list[Pairs]:
    """Its pairs."""
    return prepare(source, kept, seed=0)
