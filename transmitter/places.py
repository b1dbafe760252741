"""Places in the queue of jobs, held while uploads arrive: decided before any of it is read."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from semvid.errors import Busy, Conflict, QuotaExceeded
from semvid.service.keys import Key
from transmitter.job import Job


@dataclass(frozen=True)
class Place:
    """What an upload is to become.

    Attributes:
        job_id: of the new job.
        key: under which the client hands it in; None: none.
        known: the job that was handed in under that key before.
        caller: name of the API key of whoever hands it in; None: nobody is asked.
    """

    job_id: str
    key: str | None = None
    known: Job | None = None
    caller: str | None = None


class Line(Protocol):
    """What the queue knows that decides whether another one may join it."""

    @property
    def waiting(self) -> int:
        """Jobs that wait for their turn or for their next attempt."""
        ...

    @property
    def running(self) -> int:
        """Jobs that have a worker."""
        ...

    def under_key(self, key: str | None) -> Job | None:
        """The job that was handed in under this Idempotency-Key."""
        ...

    def handed_in(self, caller: str) -> int:
        """How many jobs the API key of this name handed in within 24 hours."""
        ...


class Places:
    """Places of uploads that arrive; with those that wait they are as many as the queue takes.

    Args:
        line: that they are places in.
        concurrent: jobs that run at a time.
        waiting: jobs that may wait.
    """

    def __init__(self, line: Line, concurrent: int, waiting: int) -> None:
        self._line, self._concurrent, self._most = line, concurrent, waiting
        self._held: dict[str, Place] = {}

    @contextmanager
    def place(self, key: str | None = None, caller: Key | None = None) -> Iterator[Place]:
        """Holds a place while an upload arrives.

        Args:
            key: two uploads under one key are one job.
            caller: the API key of whoever hands it in.

        Raises:
            Busy: the queue is full.
            Conflict: an upload under the same key is under way.
            QuotaExceeded: the caller has handed in as much as the API key may.
        """
        if known := self._line.under_key(key):
            yield Place(known.id, key, known)
            return
        place = self.hold(key, caller)
        try:
            yield place
        finally:
            self.release(place)

    def hold(self, key: str | None, caller: Key | None) -> Place:
        """A place in the queue, held until `release`.

        Raises:
            Busy, Conflict, QuotaExceeded: as `place` does.
        """
        if key is not None and any(place.key == key for place in self._held.values()):
            raise Conflict(f"an upload with the Idempotency-Key {key!r} is under way; wait for its answer")
        taken = self._line.waiting + len(self._held)
        if taken >= self._most + self._concurrent - self._line.running:
            raise Busy(f"{taken} transmissions wait already; try again in a few seconds")
        if caller is not None:
            self._check_quota(caller)
        return self.hold_again(uuid.uuid4().hex[:16], None if caller is None else caller.name, key)

    def hold_again(self, job_id: str, caller: str | None, key: str | None = None) -> Place:
        """The place of an upload that held it before this process was started."""
        place = self._held[job_id] = Place(job_id, key, caller=caller)
        return place

    def release(self, place: Place) -> None:
        """Gives a place back; it may be given back already."""
        self._held.pop(place.job_id, None)

    def require_worker(self, place: Place) -> None:
        """Refuses what cannot wait for its turn.

        Raises:
            Busy: every worker has something to do, or will have before ``place`` is taken.
        """
        others = len(self._held) - (place.job_id in self._held)
        if self._line.running + self._line.waiting + others >= self._concurrent:
            raise Busy(
                f"a live source cannot wait, and all {self._concurrent} places here are taken; "
                "try again when one is free, or raise SEMVID_TRANSMITTER_CONCURRENT_JOBS"
            )

    def _check_quota(self, caller: Key) -> None:
        if caller.per_day is None:
            return
        arriving = sum(place.caller == caller.name for place in self._held.values())
        if self._line.handed_in(caller.name) + arriving >= caller.per_day:
            raise QuotaExceeded(
                f"the key {caller.name} may hand in {caller.per_day} transmissions within 24 hours and has; "
                "wait, or ask the operator for more"
            )
