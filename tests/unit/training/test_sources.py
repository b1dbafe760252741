from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import InvalidInput
from training.sources import Source, find_sources, is_held_out


def folder(root: Path, *names: str, index: object = None) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    if index is not None:
        (root / "index.json").write_text(json.dumps(index))
    return root


@given(st.lists(st.text(min_size=1), unique=True), st.text(min_size=1), st.integers(0, 2**32))
def test_clips_that_come_later_move_none_to_the_other_side(names: list[str], late: str, seed: int) -> None:
    before = {name: is_held_out(name, seed) for name in names}
    is_held_out(late, seed)
    assert {name: is_held_out(name, seed) for name in names} == before


def test_an_eighth_is_kept_out_and_another_seed_keeps_out_others() -> None:
    names = [f"clip {n}" for n in range(2000)]
    one, other = ({name for name in names if is_held_out(name, seed)} for seed in (0, 1))
    assert 0.09 < len(one) / len(names) < 0.15
    assert 0.09 < len(other) / len(names) < 0.15
    assert len(one & other) < len(one) / 3


def test_what_has_one_name_is_one_scene(tmp_path: Path) -> None:
    root = folder(tmp_path, "large/lake.mp4", "small/lake.mkv", "photos/lake.jpg")
    sides = {is_held_out(source.name, 5) for source in find_sources([root])}
    assert len(find_sources([root])) == 3
    assert len(sides) == 1


def test_videos_and_photographs_are_found_and_nothing_else(tmp_path: Path) -> None:
    root = folder(tmp_path, "b/two.MP4", "one.png", "notes.txt", "b/sound.wav")
    assert [(source.name, source.still) for source in find_sources([root])] == [("one", True), ("two", False)]
    assert find_sources([root, root / "one.png"]) == find_sources([root])


def test_what_an_index_calls_uncertain_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    index = [
        {"file": "sure.mp4", "licence": "CC0", "licence_certain": True},
        {"file": "unsure.mp4", "licence": "MIT?", "licence_certain": False},
    ]
    root = folder(tmp_path, "sure.mp4", "unsure.mp4", "own.mp4", index=index)
    assert [(source.name, source.licence) for source in find_sources([root])] == [
        ("own", ""),
        ("sure", "CC0"),
    ]
    assert Source("unsure", root / "unsure.mp4", "MIT?") in find_sources([root], doubtful=True)
    alone = find_sources([root / "sure.mp4", root / "unsure.mp4"])
    assert [(source.name, source.licence) for source in alone] == [("sure", "CC0")]


@pytest.mark.parametrize("index", [{"file": "a"}, [{"licence": "CC0"}], [1], "text"])
def test_an_index_that_is_none_is_refused(tmp_path: Path, index: object) -> None:
    with pytest.raises(InvalidInput, match=r"index\.json is no list"):
        find_sources([folder(tmp_path, "a.mp4", index=index)])


def test_nothing_to_learn_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no video or photograph"):
        find_sources([folder(tmp_path / "empty", "notes.txt")])
    with pytest.raises(InvalidInput, match="there is no"):
        find_sources([tmp_path / "nowhere"])
