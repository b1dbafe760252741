from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.bench.datasets import prepare, read_list
from evaluation.bench.sources import find
from semvid.errors import InvalidInput
from tests.synthetic_clip import write_clip


def listing(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_lists_of_webvid_and_kinetics_are_understood(tmp_path: Path) -> None:
    webvid = 'videoid,contentUrl,duration,page_dir,name\n17,u,PT1S,p1,"A dog, running"\n'
    (row,) = read_list(listing(tmp_path, webvid))
    assert row.places == ("17.mp4", "p1/17.mp4")
    assert row.facts.description == "A dog, running"
    kinetics = "label,youtube_id,time_start,time_end,split\nplaying guitar,abc,12,22,val\n"
    (row,) = read_list(listing(tmp_path, kinetics))
    assert row.places[0] == "abc_000012_000022.mp4"
    assert "playing_guitar/abc_000012_000022.mp4" in row.places
    assert row.facts.label == "playing guitar"


def test_clips_are_cut_scaled_and_indexed_for_the_bench(tmp_path: Path) -> None:
    videos, out = tmp_path / "videos", tmp_path / "out"
    videos.mkdir()
    write_clip(videos / "17.mp4", frames=24)
    (videos / "18.mp4").write_bytes(b"no video")
    said: list[str] = []
    rows = "videoid,name\n17,A lake\n18,Broken\n19,Missing\n"
    index = prepare(videos, listing(tmp_path, rows), out, 0.5, said.append)
    (entry,) = json.loads(index.read_text())
    assert (entry["frames"], entry["width"], entry["height"]) == (12, 576, 320)
    assert entry["description"] == "A lake"
    assert entry["may_appear_in_our_docs"] is False
    assert len(said) == 2
    assert "18.mp4" in said[0]
    assert "19.mp4" in said[1]
    source = find("17", out)
    assert source.facts.description == "A lake"
    assert not source.may_be_shown


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", "videoid"),
        ("", "nothing"),
        ("file\nmissing.mp4\n", "none of its videos"),
        ("file\n../../etc/passwd\n", "lies outside"),
        ("label,youtube_id,time_start,time_end\nx,y,soon,later\n", "seconds"),
    ],
)
def test_a_list_that_is_of_no_use_says_why(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        prepare(tmp_path, listing(tmp_path, text), tmp_path / "out", 1.0, lambda _: None)
