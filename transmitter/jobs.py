"""Transmissions as jobs: accepted, queued, run a few at a time, kept on disk."""

import asyncio
import json
import re
import shutil
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog

from semvid.errors import Busy, Cancelled, Conflict, NotFound, SemvidError
from semvid.options import TransmissionOptions
from semvid.service.events import EventLog
from semvid.service.files import write_atomically
from semvid.service.problems import Problem, problem_of

_log = structlog.get_logger(__name__)
_PROGRESS_EVERY_S = 0.1
_ID = re.compile("[0-9a-f]{16}")


class State(StrEnum):
    """Life of a job."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def final(self) -> bool:
        """Nothing changes any more."""
        return self in (State.SUCCEEDED, State.FAILED, State.CANCELLED)


@dataclass
class Job:
    """One transmission.

    Attributes:
        id: also the transmission id on the link and the video id at the receiver.
        facts: everything measured so far, JSON-ready; merged into the resource.
        upload: the source file; removed when the job is over.
    """

    id: str
    folder: Path
    options: TransmissionOptions
    source: dict[str, Any]
    created_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    state: State = State.QUEUED
    stage: str = "waiting"
    progress: float = 0.0
    error: dict[str, Any] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    events: EventLog = field(default_factory=EventLog)
    _last_event: float = 0.0

    @property
    def upload(self) -> Path:
        """Where the source lies while the job needs it."""
        return self.folder / "upload"

    def resource(self) -> dict[str, Any]:
        """The job as the REST interface shows it."""
        return {
            "id": self.id,
            "state": self.state.value,
            "stage": self.stage,
            "progress": round(self.progress, 4),
            "created_at": self.created_at,
            "error": self.error,
            "source": self.source,
            "options": self.options.model_dump(mode="json"),
            **self.facts,
        }

    def advance(self, stage: str, progress: float, **facts: Any) -> None:
        """Notes progress; events are limited to a few a second, state changes are always told."""
        self.stage, self.progress = stage, progress
        self.facts.update(facts)
        now = time.monotonic()
        if now - self._last_event >= _PROGRESS_EVERY_S:
            self._last_event = now
            self.events.publish("progress", self._event())

    def enter(self, state: State, error: Problem | None = None) -> None:
        """Changes the state, on disk first, then for whoever follows the events."""
        self.state = state
        self.error = error.model_dump(exclude_none=True) if error else None
        if state is State.SUCCEEDED:
            self.stage, self.progress = "done", 1.0
        write_atomically(self.folder / "job.json", json.dumps(self.resource()), durable=True)
        self.events.publish("state", self._event())
        if state.final:
            self.upload.unlink(missing_ok=True)
            self.events.close()

    def _event(self) -> dict[str, Any]:
        shown = ("cbr", "total_symbols", "snr_db", "keyframes")
        return {
            "state": self.state.value,
            "stage": self.stage,
            "progress": round(self.progress, 4),
            **{name: self.facts[name] for name in shown if name in self.facts},
            **({"error": self.error} if self.error else {}),
        }


class JobQueue:
    """Accepted jobs in order, ``concurrent`` at a time, at most ``waiting`` in the queue."""

    def __init__(
        self,
        folder: Path,
        run: Callable[[Job], Awaitable[None]],
        concurrent: int,
        waiting: int,
        kept: int,
        on_end: Callable[[State], None],
    ) -> None:
        self.folder = folder
        self._run = run
        self._concurrent = concurrent
        self._waiting = waiting
        self._kept = kept
        self._on_end = on_end
        self._jobs: dict[str, Job] = {}
        self._queue: asyncio.Queue[Job] = asyncio.Queue()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._workers: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self) -> None:
        """Takes up what an earlier process left, and starts the workers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self.folder.glob("*/job.json"), key=lambda p: p.stat().st_mtime):
            self._take_up(path)
        for folder in self.folder.iterdir():
            if _ID.fullmatch(folder.name) and folder.is_dir() and folder.name not in self._jobs:
                shutil.rmtree(folder)  # an upload that was never accepted
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._concurrent)]

    async def stop(self) -> None:
        """Stops the workers; running jobs fail with a reason, queued ones wait for the next start."""
        self._stopping = True
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    def new_folder(self) -> Path:
        """A folder for an upload, named after the job that it may become.

        Raises:
            Busy: the queue is full.
        """
        if self._queue.qsize() >= self._waiting + self._concurrent - len(self._running):
            raise Busy(f"{self._queue.qsize()} transmissions wait already; try again in a few seconds")
        folder = self.folder / uuid.uuid4().hex[:16]
        folder.mkdir()
        return folder

    def accept(self, folder: Path, options: TransmissionOptions, source: dict[str, Any]) -> Job:
        """Puts a job with its upload in ``folder`` at the end of the queue."""
        job = Job(folder.name, folder, options, source)
        self._jobs[job.id] = job
        job.enter(State.QUEUED)
        self._queue.put_nowait(job)
        self._forget_oldest()
        return job

    def get(self, job_id: str) -> Job:
        """The job with this id.

        Raises:
            NotFound: there is none, or its record was removed.
        """
        if job_id not in self._jobs:
            raise NotFound(f"no transmission {job_id}; the list is at /v1/transmissions")
        return self._jobs[job_id]

    def newest_first(self) -> list[Job]:
        """All jobs that are kept."""
        return list(reversed(self._jobs.values()))

    def cancel(self, job_id: str) -> Job:
        """Stops a job that is queued or running.

        Raises:
            NotFound: no such job.
            Conflict: it is over already.
        """
        job = self.get(job_id)
        if job.state.final:
            raise Conflict(f"transmission {job_id} is {job.state.value} and cannot be cancelled")
        if job.id in self._running:
            self._running[job.id].cancel()
        else:
            job.enter(State.CANCELLED, problem_of(Cancelled("cancelled before it started")))
        return job

    def _take_up(self, path: Path) -> None:
        record = json.loads(path.read_text(encoding="utf-8"))
        own = {
            name: record.pop(name) for name in ("id", "source", "created_at", "stage", "progress", "error")
        }
        options = TransmissionOptions.model_validate(record.pop("options"))
        state = State(record.pop("state"))
        job = Job(folder=path.parent, options=options, state=state, facts=record, **own)
        self._jobs[job.id] = job
        if job.state is State.RUNNING:
            job.enter(State.FAILED, problem_of(SemvidError("the transmitter was stopped while it ran")))
        elif job.state is State.QUEUED:
            self._queue.put_nowait(job)
        else:
            job.events.publish("state", job._event())
            job.events.close()

    async def _work(self) -> None:
        while True:
            job = await self._queue.get()
            if job.state is not State.QUEUED:
                continue
            task = asyncio.create_task(self._run_one(job))
            self._running[job.id] = task
            try:
                # not "await task": that would hand our own cancellation to the job, which swallows it
                await asyncio.wait({task})
            except asyncio.CancelledError:
                task.cancel()
                await asyncio.wait({task})
                raise
            finally:
                del self._running[job.id]

    async def _run_one(self, job: Job) -> None:
        job.enter(State.RUNNING)
        try:
            await self._run(job)
        except asyncio.CancelledError:
            if self._stopping:
                job.enter(State.FAILED, problem_of(SemvidError("the transmitter was stopped while it ran")))
            else:
                job.enter(State.CANCELLED, problem_of(Cancelled("cancelled while it ran")))
        except SemvidError as error:
            _log.warning("transmission failed", job_id=job.id, code=error.code, detail=str(error))
            job.enter(State.FAILED, problem_of(error))
        except Exception as error:
            _log.error("transmission failed unexpectedly", job_id=job.id, exc_info=error)
            job.enter(State.FAILED, problem_of(SemvidError(f"{type(error).__name__}: {error}")))
        else:
            job.enter(State.SUCCEEDED)
        finally:
            self._on_end(job.state)

    def _forget_oldest(self) -> None:
        finished = [job for job in self._jobs.values() if job.state.final]
        for job in finished[: max(0, len(finished) - self._kept)]:
            shutil.rmtree(job.folder, ignore_errors=True)
            del self._jobs[job.id]
