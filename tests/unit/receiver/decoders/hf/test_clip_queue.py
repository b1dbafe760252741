"""The queue in front of the pipeline, with a pipeline made of arithmetic."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from receiver.decoders.hf.clip import Clip, OutOfMemory
from receiver.decoders.hf.clip_queue import ClipQueue
from semvid.errors import Cancelled

PICTURE = np.zeros((2, 2, 3), np.uint8)


def clip(seed: int, frames: int = 9) -> Clip:
    return Clip(((0, PICTURE), (frames - 1, PICTURE)), frames, "", 24.0, seed)


class Maker:
    """Notes the batches; holds the first until it is let go."""

    def __init__(self, memory: int = 100) -> None:
        self.batches: list[list[int]] = []
        self.started, self.go = threading.Event(), threading.Event()
        self.memory = memory

    def __call__(self, clips: Sequence[Clip], on_step: Any) -> list[np.ndarray]:
        self.started.set()
        self.go.wait(10)
        self.batches.append([c.seed for c in clips])
        if len(clips) > self.memory:
            raise OutOfMemory("too small")
        on_step(0.5)
        on_step(1.0)
        return [np.full((c.frames, 2, 2, 3), c.seed, np.uint8) for c in clips]


def submit(queue: ClipQueue, *clips: Clip, cancelled: Any = lambda: False) -> list[Any]:
    return [queue.submit(c, lambda share: None, cancelled) for c in clips]


def test_those_that_wait_go_together_if_they_are_alike() -> None:
    maker = Maker()
    queue = ClipQueue(maker, batch=3)
    jobs = submit(queue, clip(0))
    maker.started.wait(10)
    jobs += submit(queue, clip(1), clip(2, frames=17), clip(3), clip(4), clip(5))
    maker.go.set()
    for seed, job in enumerate(jobs):
        assert (job.result(10) == seed).all()
    assert maker.batches == [[0], [1, 3, 4], [2], [5]]


def test_short_memory_makes_batches_smaller_for_good() -> None:
    maker = Maker(memory=1)
    queue = ClipQueue(maker, batch=2)
    first = submit(queue, clip(9))
    maker.started.wait(10)
    jobs = submit(queue, clip(0), clip(1), clip(2), clip(3))
    maker.go.set()
    assert [int(job.result(10)[0, 0, 0, 0]) for job in [*first, *jobs]] == [9, 0, 1, 2, 3]
    assert maker.batches == [[9], [0, 1], [0], [1], [2], [3]]


def test_one_clip_that_does_not_fit_is_said_to_whom_it_concerns() -> None:
    maker = Maker(memory=0)
    maker.go.set()
    (job,) = submit(ClipQueue(maker), clip(0))
    with pytest.raises(OutOfMemory):
        job.result(10)


def test_what_is_cancelled_is_not_made_and_holds_up_nobody() -> None:
    maker = Maker()
    queue = ClipQueue(maker)
    gone = threading.Event()
    (running,) = submit(queue, clip(0), cancelled=gone.is_set)
    maker.started.wait(10)
    (waiting,) = submit(queue, clip(1), cancelled=gone.is_set)
    (other,) = submit(queue, clip(2))
    gone.set()
    maker.go.set()
    for job in (running, waiting):
        with pytest.raises(Cancelled):
            job.result(10)
    assert (other.result(10) == 2).all()
    assert maker.batches == [[0], [2]]


def test_a_batch_goes_on_for_those_that_still_want_it() -> None:
    maker = Maker()
    queue = ClipQueue(maker, batch=2)
    gone = threading.Event()
    submit(queue, clip(9))
    maker.started.wait(10)
    told: list[float] = []
    (left,) = submit(queue, clip(0), cancelled=lambda: gone.is_set() and len(maker.batches) > 1)
    stays = queue.submit(clip(1), told.append, lambda: False)
    gone.set()
    maker.go.set()
    assert (stays.result(10) == 1).all()
    assert left.result(10) is not None
    assert told == [0.5, 1.0]
    assert maker.batches == [[9], [0, 1]]
