from __future__ import annotations

import errno
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from receiver.gaps import Fill, Provenance, Run
from receiver.library import Library
from receiver.record import State, VideoRecord
from receiver.video_files import VideoFiles
from semvid.errors import Conflict, InvalidInput, NotFound, StorageFull, TransmissionFailed
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


DAMAGED = {
    "torn": b'{"id": "torn"',
    "nul": bytes(500),
    "other": b"[]",
    "strange": b'{"id": "strange", "state": "?"}',
    "typed": b'{"id": "typed", "state": "SUCCEEDED", "created_at": 5}',
    "deep": b"[" * 100_000,
    "copied": b'{"id": "good", "state": "SUCCEEDED"}',
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_record_is_set_aside_and_named_and_stops_no_other(tmp_path: Path, name: str) -> None:
    finished(library(tmp_path), "good")
    (tmp_path / name).mkdir()
    (tmp_path / name / "record.json").write_bytes(DAMAGED[name])
    with capture_logs() as logs:
        lib = library(tmp_path)
    assert [record.id for record in lib.newest_first()] == ["good"]
    assert (tmp_path / f"{name}.aside" / "record.json").read_bytes() == DAMAGED[name]
    assert [log["folder"] for log in logs] == [str(tmp_path / f"{name}.aside")]
    assert [record.id for record in library(tmp_path).newest_first()] == ["good"]
    lib.create(name, "embedded")


def test_what_is_not_ours_is_never_deleted(tmp_path: Path) -> None:
    foreign = [tmp_path / "photos" / "a.jpg", tmp_path / "stray.txt", tmp_path / "x" / "keyframes" / "b"]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"somebody's")
    lib = library(tmp_path, videos=1, size=1)
    for name in ("a", "b", "c"):
        finished(lib, name)
    library(tmp_path, videos=1, size=1)
    assert [path.read_bytes() for path in foreign] == [b"somebody's"] * 3
    with pytest.raises(Conflict):
        lib.create("photos", "embedded")


def test_a_later_attempt_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    lib = library(tmp_path)
    files, record = lib.create("one", "embedded", 2)
    record.symbols_received, record.symbols_of_earlier_attempts, record.state = 30, 4, State.TRUNCATED
    files.add_caption(Caption(0, 1, "old"))
    files.save(record)
    for attempt in (1, 2, 3):
        with pytest.raises(Conflict):  # it is still in work
            lib.create("one", "embedded", attempt)
    lib.finish("one")
    with pytest.raises(Conflict):
        lib.create("one", "embedded", 2)
    files, record = lib.create("one", "embedded", 3)
    assert (record.attempt, record.symbols_of_earlier_attempts, record.symbols_received) == (3, 34, 0)
    assert files.lines("captions") == []
    assert lib.newest_first() == [record]
    assert library(tmp_path).record("one").attempt == 3


@pytest.mark.parametrize("failing", ["mkdir", "replace"])
def test_a_full_disk_leaves_no_ghost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    lib = library(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, failing, full)
        with pytest.raises(StorageFull, match="make room"):
            lib.create("one", "embedded")
    assert lib.newest_first() == library(tmp_path).newest_first() == []
    assert not (tmp_path / "one").exists()
    lib.create("one", "embedded")


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
