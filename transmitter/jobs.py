"""Transmissions as jobs: accepted, queued, run a few at a time, tried again where that can help.

What is accepted is in the `JobStore`. A transmitter that was killed takes up what it had accepted when it is
started again; what ran then runs anew.
"""

import asyncio
import shutil
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from semvid.errors import Busy, Cancelled, Conflict, LinkFailed, NotFound, SemvidError
from semvid.service.files import is_full, room_on_disk, storage_full
from semvid.service.problems import Problem, problem_of
from transmitter.job import Job
from transmitter.places import Place, Places
from transmitter.resources import TransmissionResource
from transmitter.store import JobRecord, JobStore, PartialRecord, State

_log = structlog.get_logger(__name__)
_STORE_AGAIN_S = 5.0  # after a write that found no room
_LIVE_IS_PAST = (
    "the transmitter was stopped while it sent a live source, which cannot be sent again; what had been sent "
    "is a video that ends there, at the receiver. Begin anew with `semvid send --live`"
)


@dataclass(frozen=True)
class Retries:
    """How often and when an attempt that failed is followed by another.

    Attributes:
        attempts: that may fail, the first included.
        pause_s: before the second one; each further pause is twice as long.
        longest_pause_s: at most.
    """

    attempts: int
    pause_s: float
    longest_pause_s: float

    def pause_after(self, failures: int) -> float:
        """Seconds to wait after so many failures."""
        return min(self.longest_pause_s, self.pause_s * 2.0 ** min(failures - 1, 60))


class JobQueue:
    """Accepted jobs in order, ``concurrent`` at a time, at most ``waiting`` in the queue.

    Of finished ones it keeps the newest ``kept`` records and the newest ``kept_source_bytes`` of uploads.

    Attributes:
        folder: of the database and the uploads.
        places: held by uploads that arrive.
    """

    def __init__(
        self,
        folder: Path,
        run: Callable[[Job], Awaitable[None]],
        concurrent: int,
        waiting: int,
        kept: int,
        on_end: Callable[[State], None],
        retries: Retries,
        kept_source_bytes: int = 0,
    ) -> None:
        self.folder = folder
        self._run = run
        self.places = Places(self, concurrent, waiting)
        self._concurrent = concurrent
        self._kept = kept
        self._kept_source_bytes = kept_source_bytes
        self._on_end = on_end
        self._retries = retries
        self._store: JobStore
        self._jobs: dict[str, Job] = {}
        self._by_key: dict[str, Job] = {}
        self._waiting: dict[str, Job] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._unsaved: set[str] = set()  # over, and the disk does not know it: a restart wants their uploads
        self._changed = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []
        self._stopping = False

    @property
    def waiting(self) -> int:
        """Jobs that wait for their turn or for their next attempt."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Jobs that have a worker."""
        return len(self._running)

    def under_key(self, key: str | None) -> Job | None:
        """The job that was handed in under this Idempotency-Key."""
        return self._by_key.get(key or "")

    def handed_in(self, caller: str) -> int:
        """How many jobs the API key of this name handed in within 24 hours."""
        return self._store.handed_in(caller)

    def oldest_s(self) -> float:
        """How long the oldest of them has waited, seconds; 0 where there is none."""
        since = min((job.waiting_since for job in list(self._waiting.values())), default=time.time())
        return max(0.0, time.time() - since)

    async def start(self) -> None:
        """Takes up what an earlier process left, and starts the workers.

        Raises:
            StorageFull: there is no room for the database.
        """
        self._store = JobStore(self.folder)
        for record in self._store.load():
            self._take_up(record)
        for job_id in self._store.leftovers():
            self._remove(job_id)
        self._forget_sources()
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._concurrent)]

    async def stop(self, live_s: float = 0.0) -> None:
        """Stops the workers; what runs and what waits is taken up at the next start.

        Args:
            live_s: that videos of live sources, which nobody can take up, have to be finished, seconds.
        """
        self._stopping = True
        if live := [task for job_id, task in self._running.items() if self._jobs[job_id].live is not None]:
            for job in self._jobs.values():
                if job.live is not None:
                    job.live.stop("the transmitter was stopped")
            await asyncio.wait(live, timeout=live_s)
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._store.close()

    def partials(self) -> list[PartialRecord]:
        """Uploads in pieces that an earlier process left."""
        return self._store.partials()

    def begin_partial(self, record: PartialRecord) -> None:
        """Notes an upload in pieces, before anything of it lies in its folder.

        Raises:
            StorageFull: there is no room for that.
        """
        self._store.begin_partial(record)

    def drop(self, job_id: str) -> None:
        """Takes away an upload that becomes no job."""
        self._remove(job_id)

    @contextmanager
    def upload(self, place: Place) -> Iterator[Path]:
        """The folder of a new job; gone again unless the block ends with `accept`.

        Raises:
            StorageFull: there is no room for it.
        """
        folder = self.folder / place.job_id
        self._store.begin_upload(place.job_id)
        try:
            with room_on_disk(self.folder):
                folder.mkdir()
                yield folder
        finally:
            if place.job_id not in self._jobs:
                self._remove(place.job_id)

    def accept(self, job: Job, caller: str | None = None) -> None:
        """Puts ``job``, whose upload is in its folder, at the end of the queue.

        Args:
            job: new.
            caller: name of the API key that handed it in.

        Raises:
            StorageFull: there is no room to note it.
        """
        self._store.accept(job, caller)
        _log.info(
            "transmission accepted", transmission_id=job.id, caller=caller, waiting=len(self._waiting) + 1
        )
        self._jobs[job.id] = self._waiting[job.id] = job
        if job.idempotency_key is not None:
            self._by_key[job.idempotency_key] = job
        job.tell()
        self._changed.set()
        self._forget_oldest()

    def get(self, job_id: str) -> Job:
        """The job with this id.

        Raises:
            NotFound: there is none, or its record was removed.
        """
        if job_id not in self._jobs:
            raise NotFound(f"no transmission {job_id}; the list is at /v1/transmissions")
        return self._jobs[job_id]

    def note(self, job: Job, **facts: Any) -> None:
        """Facts about a job that came beside its transmission or after it; kept as far as there is room."""
        job.facts |= facts
        self._save(job)

    def newest_first(self) -> list[Job]:
        """All jobs that are kept."""
        return list(reversed(self._jobs.values()))

    def cancel(self, job_id: str) -> Job:
        """Stops a job that waits or runs; a live source is ended first, and only the second time broken off.

        Raises:
            NotFound: no such job.
            Conflict: it is over already.
        """
        job = self.get(job_id)
        if job.state.final:
            raise Conflict(f"transmission {job_id} is {job.state.value} and cannot be cancelled")
        if job.id in self._waiting:
            del self._waiting[job.id]
            self._end(job, State.CANCELLED, problem_of(Cancelled("cancelled before it started")))
        elif job.live is not None and job.on_air and not job.live.ended:
            job.live.stop("it was stopped by DELETE")  # the video ends there, whole
        else:
            self._store.cancel(job.id)  # holds even where we are killed before it has stopped
            self._running[job.id].cancel()
        return job

    def _take_up(self, record: JobRecord) -> None:
        job = Job(**vars(record), folder=self.folder / record.id)
        try:
            TransmissionResource.model_validate(job.resource())
        except ValidationError as error:
            self._store.put_aside(job.id, str(error))
            return
        self._jobs[job.id] = job
        job.not_before = min(job.not_before, time.time() + self._retries.longest_pause_s)  # clocks jump
        if job.idempotency_key is not None:
            self._by_key[job.idempotency_key] = job
        if job.state.final:
            job.tell()
        elif job.is_live:
            self._end(job, State.FAILED, problem_of(SemvidError(_LIVE_IS_PAST)))
        elif not job.upload.exists():
            self._end(job, State.FAILED, problem_of(SemvidError("its upload is gone from the data folder")))
        elif job.state is State.RUNNING:
            self._try_again(job, SemvidError("the transmitter was stopped while it ran"), pause_s=0.0)
        else:
            self._waiting[job.id] = job

    async def _work(self) -> None:
        while True:
            job = await self._next()
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
                if self._running.get(job.id) is task:  # not its next attempt, which another worker has
                    del self._running[job.id]

    async def _next(self) -> Job:
        """The next job that is due; waits for it."""
        while True:
            now = time.time()
            for job in self._waiting.values():
                if job.not_before <= now:
                    return self._waiting.pop(job.id)
            self._changed.clear()
            soonest = min((job.not_before - now for job in self._waiting.values()), default=None)
            try:
                async with asyncio.timeout(soonest):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _run_one(self, job: Job) -> None:
        try:
            self._begin(job)
        except SemvidError as error:
            _log.error("transmission has to wait", transmission_id=job.id, detail=str(error))
            self._wait(job, _STORE_AGAIN_S, str(error))
            return
        try:
            await self._run(job)
        except asyncio.CancelledError:
            if self._stopping and job.is_live:
                self._end(job, State.FAILED, problem_of(SemvidError(_LIVE_IS_PAST)))
            elif self._stopping:
                self._wait(job, 0.0, "the transmitter was stopped while it ran")
            else:
                self._end(job, State.CANCELLED, problem_of(Cancelled("cancelled while it ran")))
        except SemvidError as error:
            _log.warning("transmission failed", transmission_id=job.id, code=error.code, detail=str(error))
            if isinstance(error, LinkFailed | Busy) and not job.on_air and not job.is_live:
                self._try_again(job, error)
            else:
                self._end(job, State.FAILED, problem_of(error))
        except Exception as error:
            _log.error("transmission failed unexpectedly", transmission_id=job.id, exc_info=error)
            told = SemvidError(f"{type(error).__name__}: {error}")
            self._end(job, State.FAILED, problem_of(storage_full(self.folder) if is_full(error) else told))
        else:
            self._end(job, State.SUCCEEDED)
            _log.info("transmission succeeded", transmission_id=job.id, attempts=job.attempts)

    def _begin(self, job: Job) -> None:
        """Begins an attempt; nothing that an earlier one measured stays."""
        job.attempts += 1
        job.state, job.stage, job.progress, job.not_before = State.RUNNING, "starting", 0.0, 0.0
        job.facts, job.on_air = {}, False
        try:
            self._store.save(job)
        except SemvidError:
            job.attempts -= 1
            raise
        job.tell()

    def _try_again(self, job: Job, error: SemvidError, pause_s: float | None = None) -> None:
        """Another attempt later, by default after the pause that is due, or none if that was the last."""
        job.failures += 1
        if job.failures >= self._retries.attempts:
            problem = problem_of(error)
            problem.detail += f" (attempt {job.failures} of {self._retries.attempts})"
            self._end(job, State.FAILED, problem)
        else:
            pause = self._retries.pause_after(job.failures) if pause_s is None else pause_s
            self._wait(job, pause, str(error))

    def _wait(self, job: Job, pause_s: float, reason: str) -> None:
        """Puts ``job`` back into the queue."""
        job.state, job.stage, job.progress = State.ACCEPTED, "waiting", 0.0
        job.waiting_since = time.time()
        job.not_before, job.reason = time.time() + pause_s if pause_s else 0.0, reason
        self._save(job)
        self._waiting[job.id] = job
        job.tell()
        self._changed.set()

    def _end(self, job: Job, state: State, error: Problem | None = None) -> None:
        if job.live is not None:
            job.facts["live"] = job.live.resource()
            threading.Thread(target=job.live.close, name="live-end", daemon=True).start()
            job.live = None
        job.state, job.error = state, error.model_dump(exclude_none=True) if error else None
        if state is State.SUCCEEDED:
            job.stage, job.progress = "done", 1.0
        if self._save(job):
            self._forget_sources()
        else:
            self._unsaved.add(job.id)
        job.tell()
        self._on_end(state)

    def _save(self, job: Job) -> bool:
        """Whether the disk knows of it; if not, a restart finds the job as it was before."""
        try:
            self._store.save(job)
        except SemvidError as error:
            _log.error("state of a transmission is not on disk", transmission_id=job.id, detail=str(error))
            return False
        return True

    def _remove(self, job_id: str) -> None:
        """Takes away a folder of ours that belongs to no job."""
        shutil.rmtree(self.folder / job_id, ignore_errors=True)
        try:
            self._store.removed(job_id)
        except SemvidError:  # the next start sees that it is gone
            return

    def _forget_oldest(self) -> None:
        finished = [job for job in self._jobs.values() if job.state.final]
        for job in finished[: max(0, len(finished) - self._kept)]:
            try:
                self._store.forget(job.id)
            except SemvidError:  # the next time, then
                return
            self._remove(job.id)
            del self._jobs[job.id]
            self._by_key.pop(job.idempotency_key or "", None)

    def _forget_sources(self) -> None:
        room = self._kept_source_bytes
        for job in self.newest_first():
            if job.state.final and job.id not in self._unsaved and job.upload.exists():
                room -= job.upload.stat().st_size
                if room < 0:
                    job.upload.unlink()
