"""What is on disk: transactions, versions, records that make no sense, those of version 0.1."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from semvid.errors import StorageFull
from semvid.options import TransmissionOptions
from transmitter.store import JobRecord, JobStore, State

SOURCE = {"width": 1, "height": 1, "frame_rate": 1.0, "duration_s": 1.0, "frames": 1, "codec": "h264"}
ID = "00112233445566{:02x}"


def record(number: int, **given: Any) -> JobRecord:
    return JobRecord(ID.format(number), TransmissionOptions(seed=number), SOURCE, **given)


def loaded(folder: Path) -> list[JobRecord]:
    store = JobStore(folder)
    jobs = store.load()
    store.close()
    return jobs


def stored(folder: Path, *jobs: JobRecord) -> None:
    store = JobStore(folder)
    for job in jobs:
        store.begin_upload(job.id)
        store.accept(job)
    assert store.leftovers() == []
    store.close()


def test_jobs_come_back_as_they_were_in_the_order_of_acceptance(tmp_path: Path) -> None:
    jobs = [record(n, created_at=f"2026-01-0{9 - n}", idempotency_key=f"k{n}", digest="d") for n in range(3)]
    stored(tmp_path, *jobs)
    store = JobStore(tmp_path)
    jobs[1].state, jobs[1].facts, jobs[1].error = State.FAILED, {"cbr": 1e-4, "ö": "\x00"}, {"code": "X"}
    jobs[1].attempts, jobs[1].failures, jobs[1].not_before, jobs[1].reason = 3, 2, 1e9 + 0.5, "because"
    store.save(jobs[1])
    store.close()
    assert loaded(tmp_path) == jobs


def test_a_job_that_is_forgotten_leaves_a_folder_to_remove(tmp_path: Path) -> None:
    stored(tmp_path, record(1), record(2))
    store = JobStore(tmp_path)
    store.forget(ID.format(1))
    assert store.leftovers() == [ID.format(1)]
    store.removed(ID.format(1))
    assert store.leftovers() == []
    assert [job.id for job in store.load()] == [ID.format(2)]
    store.close()


def test_a_transaction_without_room_changes_nothing(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    job = record(1)
    store.begin_upload(job.id)
    store._db.execute(f"PRAGMA max_page_count = {store._db.execute('PRAGMA page_count').fetchone()[0]}")
    job.facts = {"large": "x" * 100_000}
    with pytest.raises(StorageFull, match="make room"):
        store.accept(job)
    assert (store.load(), store.leftovers()) == ([], [job.id])
    store.close()


@pytest.mark.parametrize("content", [b"\x00" * 8192, b"SQLite format 3\x00torn", b"{}" * 400])
def test_a_database_that_cannot_be_read_is_set_aside_and_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "jobs.sqlite3"
    path.write_bytes(content)
    with capture_logs() as logs:
        assert loaded(tmp_path) == []
    assert (tmp_path / "jobs.sqlite3.aside").read_bytes() == content
    assert [log["file"] for log in logs] == [str(tmp_path / "jobs.sqlite3.aside")]


def test_a_page_that_was_overwritten_is_found(tmp_path: Path) -> None:
    stored(tmp_path, *(record(n, facts={"x": "y" * 3000}) for n in range(20)))
    path = tmp_path / "jobs.sqlite3"
    content = bytearray(path.read_bytes())
    content[4096:12288] = bytes(8192)
    path.write_bytes(content)
    assert loaded(tmp_path) == []
    assert (tmp_path / "jobs.sqlite3.aside").exists()


def test_a_database_of_a_newer_version_is_set_aside_whole(tmp_path: Path) -> None:
    stored(tmp_path, record(1))
    path = tmp_path / "jobs.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with capture_logs() as logs:
        assert loaded(tmp_path) == []
    assert "a newer semvid wrote it (version 99" in logs[0]["why"]
    with sqlite3.connect(tmp_path / "jobs.sqlite3.aside") as db:
        assert db.execute("SELECT id FROM jobs").fetchall() == [(ID.format(1),)]


def test_somebody_elses_database_is_set_aside(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "jobs.sqlite3") as db:
        db.execute("CREATE TABLE jobs (title TEXT)")
    assert loaded(tmp_path) == []
    assert (tmp_path / "jobs.sqlite3.aside").exists()


@pytest.mark.parametrize(
    ("column", "value"),
    [("options", "{"), ("options", '{"threshold": 7}'), ("facts", "[]"), ("source", "\x00"), ("state", "?"),
     ("facts", "[" * 100_000)],
)  # fmt: skip
def test_a_row_that_makes_no_sense_stops_no_other(tmp_path: Path, column: str, value: str) -> None:
    stored(tmp_path, record(1), record(2))
    with sqlite3.connect(tmp_path / "jobs.sqlite3") as db:
        db.execute(f"UPDATE jobs SET {column} = ? WHERE id = ?", (value, ID.format(1)))
    with capture_logs() as logs:
        assert [job.id for job in loaded(tmp_path)] == [ID.format(2)]
    assert [log["transmission_id"] for log in logs] == [ID.format(1)]
    with sqlite3.connect(tmp_path / "jobs.sqlite3") as db:
        [(kept,)] = db.execute("SELECT record FROM aside").fetchall()
    assert json.loads(kept)[column] == value


def of_0_1(folder: Path, number: int, state: str) -> Path:
    job = folder / ID.format(number)
    job.mkdir()
    (job / "upload").write_bytes(b"video")
    document = {
        "id": job.name, "state": state, "stage": "sending", "progress": 0.5, "created_at": "2026-01-01",
        "error": None, "source": SOURCE, "options": {"seed": 7}, "cbr": 1e-4, "symbols": {"bulk": 3},
    }  # fmt: skip
    (job / "job.json").write_text(json.dumps(document))
    return job / "job.json"


def test_records_of_version_0_1_are_taken_over_once(tmp_path: Path) -> None:
    for number, state in enumerate(("QUEUED", "RUNNING", "SUCCEEDED")):
        of_0_1(tmp_path, number, state)
    jobs = loaded(tmp_path)
    assert [(job.state, job.attempts) for job in jobs] == [
        (State.ACCEPTED, 0), (State.RUNNING, 1), (State.SUCCEEDED, 1),
    ]  # fmt: skip
    assert jobs[0].facts == {"cbr": 1e-4, "symbols": {"bulk": 3}}
    assert jobs[0].options.seed == 7
    assert list(tmp_path.glob("*/job.json")) == []
    assert loaded(tmp_path) == jobs


def test_a_crash_while_they_are_taken_over_doubles_none(tmp_path: Path) -> None:
    path = of_0_1(tmp_path, 1, "SUCCEEDED")
    content = path.read_text()
    jobs = loaded(tmp_path)
    path.write_text(content)
    assert loaded(tmp_path) == jobs
    assert not path.exists()


@pytest.mark.parametrize(
    "content", [b'{"id": "00', bytes(300), b"[]", b'{"id": "0011223344556601"}', b"\xff", b"[" * 100_000]
)
def test_records_of_version_0_1_that_make_no_sense_are_set_aside(tmp_path: Path, content: bytes) -> None:
    of_0_1(tmp_path, 2, "SUCCEEDED")
    path = of_0_1(tmp_path, 1, "QUEUED")
    path.write_bytes(content)
    with capture_logs() as logs:
        assert [job.id for job in loaded(tmp_path)] == [ID.format(2)]
    assert [log["file"] for log in logs if log["log_level"] == "error"] == [f"{path}.aside"]
    assert path.with_name("job.json.aside").read_bytes() == content
    assert path.with_name("upload").exists()
