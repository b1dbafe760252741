"""Clips that wait for the one pipeline: one thread makes them, those of equal shape together."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import structlog

from receiver.decoders.hf.clip import Clip, Frames, OnStep, OutOfMemory
from semvid.errors import Cancelled

_GATHER_S = 0.05  # the pieces of one gap are submitted one after the other; a clip takes seconds

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    clip: Clip
    progress: OnStep
    cancelled: Callable[[], bool]
    done: Future[Frames] = field(default_factory=Future)


class ClipQueue:
    """First come, first served, except that clips shaped like the first go with it.

    A batch is what has come a moment after the pipeline was free; nobody waits until it is full. A thread
    lives as long as there are clips.

    Args:
        make: makes clips of equal `Clip.shape`, at most ``batch``.
        batch: how many at a time; halved for good when memory runs out.
    """

    def __init__(self, make: Callable[[Sequence[Clip], OnStep], list[Frames]], batch: int = 1) -> None:
        self._make, self._batch = make, batch
        self._lock = threading.Lock()
        self._waiting: deque[_Job] = deque()
        self._working = False

    def submit(self, clip: Clip, progress: OnStep, cancelled: Callable[[], bool]) -> Future[Frames]:
        """Queues ``clip``.

        Args:
            clip: what is wanted.
            progress: told the share of its steps done.
            cancelled: asked between steps; a batch is given up when every clip in it is cancelled.

        Returns:
            Its frames, or what went wrong; `Cancelled` if it was given up.
        """
        job = _Job(clip, progress, cancelled)
        with self._lock:
            self._waiting.append(job)
            if not self._working:
                self._working = True
                threading.Thread(target=self._work, name="clips", daemon=True).start()
        return job.done

    def _work(self) -> None:
        while True:
            if self._batch > 1:
                time.sleep(_GATHER_S)
            with self._lock:
                jobs = self._next_jobs()
                if not jobs:
                    self._working = False
                    return
            self._run(jobs)

    def _next_jobs(self) -> list[_Job]:
        while self._waiting and self._waiting[0].cancelled():
            self._waiting.popleft().done.set_exception(Cancelled("regeneration was stopped"))
        jobs: list[_Job] = []
        for job in list(self._waiting):
            if len(jobs) == self._batch:
                break
            if not jobs or job.clip.shape == jobs[0].clip.shape:
                jobs.append(job)
                self._waiting.remove(job)
        return jobs

    def _run(self, jobs: list[_Job]) -> None:
        def on_step(share: float) -> None:
            live = [job for job in jobs if not job.cancelled()]
            if not live:
                raise Cancelled("regeneration was stopped")
            for job in live:
                job.progress(share)

        try:
            made = self._make([job.clip for job in jobs], on_step)
        except OutOfMemory as error:
            if len(jobs) == 1:
                jobs[0].done.set_exception(error)
                return
            self._batch = len(jobs) // 2
            _log.warning("out of memory, smaller batches from now on", batch=self._batch, error=str(error))
            for job in jobs:
                self._run([job])
        except BaseException as error:
            for job in jobs:
                job.done.set_exception(error)
        else:
            for job, frames in zip(jobs, made, strict=True):
                job.done.set_result(frames)
