from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from receiver.gaps import Fill, Provenance, Run
from receiver.library import Library
from receiver.record import State, VideoRecord
from receiver.video_files import VideoFiles
from semvid.errors import Conflict, InvalidInput, NotFound, TransmissionFailed
from semvid.semantics import Caption
from semvid.video.writer import VideoWriter


def library(root: Path, videos: int = 10, size: int = 10**9) -> Library:
    made = Library(root, videos, size)
    made.recover()
    return made


def finished(lib: Library, video_id: str, size: int = 0) -> None:
    files, record = lib.create(video_id, "embedded")
    (files.folder / "video.mp4").write_bytes(bytes(size))
    record.state = State.SUCCEEDED
    files.save(record)
    lib.finish(video_id)


def test_a_finished_video_is_found_again_as_it_was(tmp_path: Path) -> None:
    lib = library(tmp_path)
    files, record = lib.create("one", "embedded")
    record.width, record.frames_written, record.state = 96, 5, State.SUCCEEDED
    record.segments[Provenance.RECEIVED] = 2
    record.fail(TransmissionFailed("because"))
    files.save(record)
    lib.finish("one")
    again = library(tmp_path).record("one")
    assert again.to_json() == record.to_json()
    assert again.error == {"title": "Transmission failed", "status": 502, "detail": "because",
                           "code": "TRANSMISSION_FAILED"}  # fmt: skip


def test_a_video_in_work_when_the_process_ended_keeps_what_plays(tmp_path: Path) -> None:
    files, record = library(tmp_path).create("cut", "embedded")
    writer = VideoWriter(files.mp4, 32, 32, Fraction(1, 25))
    for pts in range(100):
        writer.append(np.full((32, 32, 3), pts, np.uint8), pts)
    record.frames_written = 100
    for run in (
        Run(0, 0, 1, Fill.COPY, Provenance.RECEIVED),
        Run(0, 1, 60, Fill.BRIDGE, Provenance.REGENERATED),
        Run(1, 60, 61, Fill.COPY, Provenance.RECEIVED),
        Run(1, 61, 500, Fill.BRIDGE, Provenance.REGENERATED),
    ):
        files.add_run(run)
    files.save(record)
    content = files.mp4.read_bytes()  # as a kill would leave it, in the middle of a fragment
    writer.abort()
    files.mp4.write_bytes(content + b"\x00\x00\x01\x00moof")

    lib = library(tmp_path)
    found = lib.record("cut")
    assert found.state is State.TRUNCATED
    assert 48 <= found.frames_written < 100
    assert "stopped while it made this video" in found.error["detail"]  # type: ignore[index]
    covered = [f for s in lib.segments("cut", 0, 10) for f in range(s["first_frame"], s["last_frame"] + 1)]
    assert covered == list(range(found.frames_written))
    assert sum(found.segments.values()) == len(lib.segments("cut", 0, 10))
    assert library(tmp_path).record("cut").to_json() == found.to_json()


def test_a_video_that_shows_nothing_failed(tmp_path: Path) -> None:
    library(tmp_path).create("empty", "embedded")
    assert library(tmp_path).record("empty").state is State.FAILED


def test_a_damaged_record_is_left_alone(tmp_path: Path) -> None:
    finished(library(tmp_path), "good")
    for name, content in (("torn", b'{"id": "torn"'), ("other", b"[]"), ("strange", b'{"state": "?"}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "record.json").write_bytes(content)
    (tmp_path / "stray.txt").write_bytes(b"")
    lib = library(tmp_path)
    assert [record.id for record in lib.newest_first()] == ["good"]
    with pytest.raises(Conflict):
        lib.create("torn", "embedded")


def test_ids_are_checked_and_unique(tmp_path: Path) -> None:
    lib = library(tmp_path)
    for wrong in ("", "a/b", "..", "a" * 65, "ä", "a\n"):
        with pytest.raises(InvalidInput):
            lib.create(wrong, "embedded")
    lib.create("a" * 64, "embedded")
    with pytest.raises(Conflict):
        lib.create("a" * 64, "embedded")
    with pytest.raises(NotFound):
        lib.files("../a")


def test_the_oldest_finished_videos_make_room(tmp_path: Path) -> None:
    lib = library(tmp_path, videos=2)
    lib.create("running", "embedded")
    for name in ("a", "b", "c"):
        finished(lib, name)
    assert {record.id for record in lib.newest_first()} == {"running", "b", "c"}
    assert not (tmp_path / "a").exists()
    small = library(tmp_path, size=4000)
    finished(small, "large", 3000)
    assert "large" in {record.id for record in small.newest_first()}
    finished(small, "larger", 3900)
    assert [record.id for record in small.newest_first()] == ["larger"]


def test_lines_are_paged_and_a_torn_one_is_not_read(tmp_path: Path) -> None:
    files, _ = library(tmp_path).create("one", "embedded")
    for number in range(5):
        files.add_caption(Caption(number, number + 1, f'"{number}"\nü'))
    with (files.folder / "captions.jsonl").open("ab") as file:
        file.write(b'{"first": 5, "la')
    assert [c["first"] for c in files.lines("captions", 1, 2)] == [1, 2]
    assert len(files.lines("captions")) == 5
    assert files.lines("captions", 9) == files.lines("segments") == []


def test_segments_show_text_that_came_late(tmp_path: Path) -> None:
    lib = library(tmp_path)
    files, _ = lib.create("one", "embedded")
    for segment in range(3):
        files.add_run(Run(segment, segment, segment + 1, Fill.COPY, Provenance.RECEIVED))
    files.add_caption(Caption(0, 2, "a long shot", 9))
    rows = lib.segments("one", 0, 10)
    assert [(row["caption"], row["motion"]) for row in rows] == [
        ("a long shot", 9), ("a long shot", 9), (None, None),
    ]  # fmt: skip


def test_records_of_newer_versions_are_read() -> None:
    document = {**VideoRecord("x").to_json(), "invented_later": 1}
    assert VideoRecord.from_json(document).id == "x"


def test_an_unsaved_constellation_is_empty(tmp_path: Path) -> None:
    files = VideoFiles(tmp_path / "v")
    files.create()
    assert files.constellation() == {"i": [], "q": [], "class": []}
    files.save_constellation({"i": [1.0], "q": [0.0], "class": ["bulk"]})
    assert files.constellation()["i"] == [1.0]
