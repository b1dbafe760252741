"""The jobs of the transmitter on disk: one SQLite database in the data folder, every change a transaction.

Why no queue library: docs/decisions/0012-jobs-in-sqlite.md.
"""

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import structlog

from semvid.errors import SemvidError
from semvid.options import TransmissionOptions
from semvid.service.files import set_aside, storage_full

_log = structlog.get_logger(__name__)
_NAME = "jobs.sqlite3"
_ID = re.compile("[0-9a-f]{16}")
_OF_0_1 = "job.json"  # where each folder had its own record, until 0.1

# One script for each PRAGMA user_version; never changed once released, only followed by more.
_MIGRATIONS = (
    """
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of acceptance
        id TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL,
        created_at TEXT NOT NULL,
        options TEXT NOT NULL,
        source TEXT NOT NULL,
        facts TEXT NOT NULL,
        stage TEXT NOT NULL,
        progress REAL NOT NULL,
        error TEXT,
        attempts INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        not_before REAL NOT NULL,
        reason TEXT,
        idempotency_key TEXT UNIQUE,
        digest TEXT
    ) STRICT;
    -- folders of ours that belong to no job: an upload that is not accepted yet, a job that is forgotten
    CREATE TABLE leftovers (id TEXT PRIMARY KEY) STRICT;
    -- rows of jobs that could not be read
    CREATE TABLE aside (id TEXT, record TEXT NOT NULL, why TEXT NOT NULL) STRICT;
    """,
    """
    -- when each key handed in what was accepted, as long as quotas look back; jobs may be forgotten sooner
    CREATE TABLE handed_in (caller TEXT NOT NULL, at REAL NOT NULL) STRICT;
    CREATE INDEX handed_in_of ON handed_in (caller, at);
    """,
    "ALTER TABLE jobs ADD COLUMN traceparent TEXT;",
    """
    -- uploads that come in pieces and are not whole; their folders are leftovers, too
    CREATE TABLE partials (
        id TEXT PRIMARY KEY,
        length INTEGER NOT NULL,
        name TEXT NOT NULL,
        options TEXT NOT NULL,
        caller TEXT,
        traceparent TEXT
    ) STRICT;
    """,
)
QUOTA_S = 24 * 3600  # that quotas look back


class State(StrEnum):
    """Life of a job."""

    ACCEPTED = "ACCEPTED"  # it waits: for its turn, or for its next attempt
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def final(self) -> bool:
        """Nothing changes any more."""
        return self in (State.SUCCEEDED, State.FAILED, State.CANCELLED)


@dataclass
class JobRecord:
    """One transmission as it is kept.

    Attributes:
        id: also the transmission id on the link and the video id at the receiver.
        facts: everything measured so far in this attempt, JSON-ready; merged into the resource.
        attempts: begun so far. The receiver keeps the video of the newest.
        failures: attempts that came to nothing and may be followed by another.
        not_before: Unix time before which no further attempt begins, seconds.
        reason: why the latest attempt came to nothing.
        idempotency_key: under which the client handed it in.
        digest: of what was handed in under that key.
        traceparent: of the upload, of which every attempt is a part (`semvid.service.tracing`).
    """

    id: str
    options: TransmissionOptions
    source: dict[str, Any]
    created_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    state: State = State.ACCEPTED
    stage: str = "waiting"
    progress: float = 0.0
    error: dict[str, Any] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0
    failures: int = 0
    not_before: float = 0.0
    reason: str | None = None
    idempotency_key: str | None = None
    digest: str | None = None
    traceparent: str | None = None

    def _row(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "state": self.state.value,
            "created_at": self.created_at,
            "options": self.options.model_dump_json(),
            "source": json.dumps(self.source),
            "facts": json.dumps(self.facts),
            "stage": self.stage,
            "progress": self.progress,
            "error": None if self.error is None else json.dumps(self.error),
            "attempts": self.attempts,
            "failures": self.failures,
            "not_before": self.not_before,
            "reason": self.reason,
            "idempotency_key": self.idempotency_key,
            "digest": self.digest,
            "traceparent": self.traceparent,
        }

    @classmethod
    def _of_row(cls, row: sqlite3.Row) -> Self:
        fields = {name: row[name] for name in row.keys() if name != "number"}  # noqa: SIM118
        fields["state"] = State(fields["state"])
        fields["options"] = TransmissionOptions.model_validate_json(fields["options"])
        fields["source"] = _object(json.loads(fields["source"]))
        fields["facts"] = _object(json.loads(fields["facts"]))
        fields["error"] = None if fields["error"] is None else _object(json.loads(fields["error"]))
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class PartialRecord:
    """An upload that comes in pieces, as it is kept.

    Attributes:
        id: of the job that it becomes.
        length: of the whole file, bytes.
        name: of the file, as the client calls it.
        options: of the transmission, JSON that was found good.
        caller: name of the API key that began it; None: nobody is asked.
        traceparent: of what it is a part of.
    """

    id: str
    length: int
    name: str
    options: str
    caller: str | None = None
    traceparent: str | None = None


class JobStore:
    """All jobs of one data folder. Use it from one thread.

    A database that cannot be read, or that a newer version wrote, is set aside, and so is a row; the log
    names them. A transaction that cannot be written changes nothing and raises StorageFull, or SemvidError
    where that is not for want of room.
    """

    def __init__(self, folder: Path) -> None:
        """Opens or makes the database.

        Raises:
            StorageFull: there is no room for it.
        """
        self._folder = folder
        self._path = folder / _NAME
        with self._room():
            try:
                self._db = self._open()
            except _Unreadable as error:
                aside = set_aside(self._path)
                for suffix in ("-wal", "-shm"):  # the database is not whole without them
                    if (beside := self._path.with_name(_NAME + suffix)).exists():
                        beside.rename(aside.with_name(aside.name + suffix))
                _log.error("jobs set aside", why=str(error), file=str(aside))
                self._db = self._open()

    def close(self) -> None:
        """Closes the database."""
        self._db.close()

    def load(self) -> list[JobRecord]:
        """Every job, in the order of acceptance; also those that a version 0.1 left."""
        self._take_over()
        jobs = []
        for row in self._db.execute("SELECT * FROM jobs ORDER BY number").fetchall():
            try:
                jobs.append(JobRecord._of_row(row))
            except (ValueError, TypeError, RecursionError) as error:
                self.put_aside(row["id"], str(error))
        return jobs

    def put_aside(self, job_id: str, why: str) -> None:
        """Takes a job that makes no sense out of the way; its row and its folder are kept."""
        _log.error("job set aside", transmission_id=job_id, why=why, file=str(self._path), table="aside")
        row = self._db.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        with self._transaction() as db:
            db.execute("INSERT INTO aside VALUES (?, ?, ?)", (job_id, json.dumps(dict(row)), why))
            db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

    def leftovers(self) -> list[str]:
        """Folders of ours that belong to no job, and to no upload that may be gone on with."""
        asked = "SELECT id FROM leftovers WHERE id NOT IN (SELECT id FROM partials)"
        return [str(row["id"]) for row in self._db.execute(asked)]

    def partials(self) -> list[PartialRecord]:
        """Uploads in pieces that are not whole."""
        return [PartialRecord(**dict(row)) for row in self._db.execute("SELECT * FROM partials").fetchall()]

    def begin_partial(self, record: PartialRecord) -> None:
        """Notes an upload in pieces, before anything lies in its folder."""
        with self._transaction() as db:
            db.execute("INSERT INTO leftovers VALUES (?)", (record.id,))
            db.execute("INSERT INTO partials VALUES (?, ?, ?, ?, ?, ?)", astuple(record))

    def begin_upload(self, job_id: str) -> None:
        """Notes that the folder ``job_id`` is ours, before anything lies in it."""
        with self._transaction() as db:
            db.execute("INSERT INTO leftovers VALUES (?)", (job_id,))

    def accept(self, job: JobRecord, caller: str | None = None) -> None:
        """What was an upload is a job; ``caller`` is the name of the key that handed it in."""
        row = job._row()
        with self._transaction() as db:
            if caller is not None:
                db.execute("DELETE FROM handed_in WHERE at < ?", (time.time() - QUOTA_S,))
                db.execute("INSERT INTO handed_in VALUES (?, ?)", (caller, time.time()))
            db.execute("DELETE FROM leftovers WHERE id = ?", (job.id,))
            db.execute("DELETE FROM partials WHERE id = ?", (job.id,))
            db.execute(f"INSERT INTO jobs ({', '.join(row)}) VALUES ({', '.join(f':{n}' for n in row)})", row)

    def handed_in(self, caller: str) -> int:
        """How much was accepted of ``caller`` within the last `QUOTA_S` seconds."""
        asked = "SELECT COUNT(*) FROM handed_in WHERE caller = ? AND at >= ?"
        return int(self._db.execute(asked, (caller, time.time() - QUOTA_S)).fetchone()[0])

    def save(self, job: JobRecord) -> None:
        """Writes what has changed of ``job``."""
        row = job._row()
        with self._transaction() as db:
            db.execute(
                f"UPDATE jobs SET {', '.join(f'{name} = :{name}' for name in row)} WHERE id = :id", row
            )

    def cancel(self, job_id: str) -> None:
        """Somebody asked for a job that runs to be stopped."""
        with self._transaction() as db:
            db.execute("UPDATE jobs SET state = ? WHERE id = ?", (State.CANCELLED.value, job_id))

    def forget(self, job_id: str) -> None:
        """A job is no job any more; its folder is still there."""
        with self._transaction() as db:
            db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
            db.execute("INSERT OR IGNORE INTO leftovers VALUES (?)", (job_id,))

    def removed(self, job_id: str) -> None:
        """The folder of what was no job is gone."""
        with self._transaction() as db:
            db.execute("DELETE FROM leftovers WHERE id = ?", (job_id,))
            db.execute("DELETE FROM partials WHERE id = ?", (job_id,))

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, isolation_level=None)
        db.row_factory = sqlite3.Row
        try:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version > len(_MIGRATIONS):
                raise _Unreadable(f"a newer semvid wrote it (version {version}, known {len(_MIGRATIONS)})")
            if (sound := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise _Unreadable(str(sound))
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")  # what was accepted survives a power cut, too
            for number, script in enumerate(_MIGRATIONS[version:], version + 1):
                db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")
            for table in ("jobs", "leftovers", "aside", "partials"):
                db.execute(f"SELECT id FROM {table} LIMIT 1")
        except sqlite3.DatabaseError as error:
            db.close()
            if error.sqlite_errorname in ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR"):
                raise _Unreadable(str(error)) from error
            raise
        except _Unreadable:
            db.close()
            raise
        return db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._room():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            # a limit on file sizes and a quota arrive as an I/O error of a write
            if error.sqlite_errorname in ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE"):
                raise storage_full(self._folder) from error
            raise SemvidError(f"the jobs in {self._path} cannot be written: {error}") from error

    def _take_over(self) -> None:
        """Makes rows of the records of version 0.1."""
        found = [path for path in self._folder.glob(f"*/{_OF_0_1}") if _ID.fullmatch(path.parent.name)]
        for path in sorted(found, key=lambda path: path.stat().st_mtime):
            try:
                job = _record_of_0_1(path)
            except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
                _log.error("job set aside", why=repr(error), file=str(set_aside(path)))
                continue
            known = self._db.execute("SELECT 1 FROM jobs WHERE id = ?", (job.id,)).fetchone()
            if known is None:  # otherwise a crash came between this and the next step
                self.accept(job)
            path.rename(path.with_name(f"{_OF_0_1}.taken-over"))
            _log.info("job of an earlier version taken over", transmission_id=job.id, state=job.state.value)


class _Unreadable(Exception):
    """The database cannot be used as it is."""


def _record_of_0_1(path: Path) -> JobRecord:
    record = _object(json.loads(path.read_bytes()))
    own = {name: record.pop(name) for name in ("id", "source", "created_at", "stage", "progress", "error")}
    if own["id"] != path.parent.name:
        raise ValueError(f"it is of another job, {own['id']!r}")
    options = TransmissionOptions.model_validate(record.pop("options"))
    state = record.pop("state")
    state = State.ACCEPTED if state == "QUEUED" else State(state)
    return JobRecord(
        options=options, state=state, facts=record, attempts=int(state is not State.ACCEPTED), **own
    )


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it must be a JSON object")
    return value
