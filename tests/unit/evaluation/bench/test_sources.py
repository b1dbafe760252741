from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluation.bench import sources
from evaluation.bench.sources import Source
from evaluation.clips import Clip, load
from evaluation.judge import Facts
from tests.unit.evaluation.synthetic import moving_bar


@pytest.fixture
def source(tmp_path: Path) -> Source:
    clip = moving_bar(tmp_path / "bar.mp4", 12)  # 64x48: it is enlarged
    return Source("bar", clip.path, Facts(), False, "digest of bar")


def test_a_clip_is_prepared_once_and_every_process_gets_those_bytes(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = source.prepare(tmp_path / "clips", 0.5)
    monkeypatch.setattr(sources, "load", lambda *_: pytest.fail("it is there already"))
    again = source.prepare(tmp_path / "clips", 0.5)
    assert first.path == again.path
    assert all(np.array_equal(a, b) for a, b in zip(first.pictures, again.pictures, strict=True))
    assert [path.name for path in (tmp_path / "clips").iterdir()] == [first.path.name]


def test_of_two_processes_that_prepare_a_clip_at_once_the_first_to_end_wins(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = moving_bar(tmp_path / "other.mp4", 12, 128, 96)

    def beaten(path: Path, folder: Path, seconds: float) -> Clip:
        """While this one scales, another process has put its bytes there."""
        monkeypatch.setattr(sources, "load", lambda *_: other)
        winner.append(source.prepare(tmp_path / "clips", seconds))
        return load(path, folder, seconds)

    winner: list[Clip] = []
    monkeypatch.setattr(sources, "load", beaten)
    loser = source.prepare(tmp_path / "clips", 0.5)
    assert loser.path.read_bytes() == winner[0].path.read_bytes() == other.path.read_bytes()


def test_two_preparations_of_an_enlarged_clip_are_equal_to_the_byte(source: Source, tmp_path: Path) -> None:
    one, two = (source.prepare(tmp_path / name, 0.5) for name in ("one", "two"))
    assert one.path.read_bytes() == two.path.read_bytes()


def test_other_lengths_are_other_clips_and_one_that_vanished_is_no_file(
    source: Source, tmp_path: Path
) -> None:
    assert source.prepare(tmp_path / "c", 0.5).path != source.prepare(tmp_path / "c", 0.25).path
    assert source.path is not None
    source.path.unlink()
    with pytest.raises(FileNotFoundError, match=r"bar\.mp4"):
        source.prepare(tmp_path / "d", 0.5)
