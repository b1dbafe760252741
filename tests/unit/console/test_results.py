from __future__ import annotations

from pathlib import Path

import pytest

from console.results import folder_names, prepare, videos_of
from semvid.errors import InvalidInput


def _files(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("old")


def _left(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_folder_stands_for_the_videos_in_it(tmp_path: Path) -> None:
    _files(tmp_path, "b.MP4", "a.mkv", "notes.txt", ".hidden.mp4", "deeper/c.mp4", "d.mp4.partial")
    (tmp_path / "folder.mp4").mkdir()
    found = videos_of([tmp_path, tmp_path / "gone.mp4", tmp_path / "notes.txt"])
    assert [path.name for path in found] == ["a.mkv", "b.MP4", "gone.mp4", "notes.txt"]


def test_a_folder_without_a_video_is_refused(tmp_path: Path) -> None:
    _files(tmp_path, "notes.txt")
    with pytest.raises(InvalidInput, match=r"holds no video file.*\.mkv"):
        videos_of([tmp_path])


def test_every_file_has_a_folder_of_its_own() -> None:
    clips = (
        "x/clip.mp4",
        "y/clip.mov",
        "Clip.avi",
        "clip-2.mp4",
        "logs.mp4",
        "summary.csv.mp4",
        "z/clip.mp4",
    )
    names = folder_names([Path(clip) for clip in clips])
    assert names == ["clip", "clip-2", "Clip-3", "clip-2-2", "logs-2", "summary.csv-2", "clip-4"]
    assert len({name.lower() for name in names}) == len(clips)


def test_what_an_earlier_run_left_goes_and_nothing_else(tmp_path: Path) -> None:
    ours = ("report.json", "report.html", "frames.csv", "reconstruction.mp4", "side_by_side.mp4")
    _files(tmp_path, *ours, "logs/receiver.log", "transmission.json", "a/report.json", "b/report.json")
    theirs = {"notes.txt", "logs/mine.log", "report.json.bak", "c/report.json", "b/holiday.jpg", "clip.mp4"}
    _files(tmp_path, *theirs)
    (tmp_path / "summary.csv").write_text("file,folder\n1,a\n2,b\n3,../elsewhere\n4,..\n5,\n")
    _files(tmp_path.parent / "elsewhere", "report.json")
    prepare(tmp_path, [tmp_path / "clip.mp4"])
    assert _left(tmp_path) == theirs
    assert not (tmp_path / "a").exists()
    assert (tmp_path.parent / "elsewhere" / "report.json").exists()


def test_a_link_with_our_name_is_taken_away_and_what_it_leads_to_is_not(tmp_path: Path) -> None:
    _files(tmp_path, "mine.json")
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").symlink_to(tmp_path / "mine.json")
    prepare(out, [])
    assert _left(tmp_path) == {"mine.json"}


def test_the_source_is_not_taken_away(tmp_path: Path) -> None:
    _files(tmp_path, "reconstruction.mp4", "report.json")
    with pytest.raises(InvalidInput, match=r"reconstruction\.mp4 lies where the results go"):
        prepare(tmp_path, [tmp_path / "." / "reconstruction.mp4"])
    assert _left(tmp_path) == {"reconstruction.mp4", "report.json"}


@pytest.mark.parametrize("summary", [b"", b"\xff\xfe\x00", b"a,b\n", b'folder\n"unclosed', b"folder\n\x00\n"])
def test_a_summary_that_is_none_says_nothing(summary: bytes, tmp_path: Path) -> None:
    (tmp_path / "summary.csv").write_bytes(summary)
    prepare(tmp_path, [])
    assert _left(tmp_path) == set()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="name another --out"):
        prepare(tmp_path / "file" / "out", [])
