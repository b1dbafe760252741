from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from receiver.frames_ahead import FramesAhead
from semvid.errors import Cancelled


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


def pictures(count: int, made: list[int]) -> Iterator[np.ndarray]:
    for number in range(count):
        made.append(number)
        yield np.full(1, number, np.uint8)


def test_frames_come_in_order_and_never_far_ahead(pool: ThreadPoolExecutor) -> None:
    made: list[int] = []
    frames = iter(FramesAhead(pool, lambda: pictures(50, made), 3, lambda: False))
    for number in range(50):
        assert next(frames)[0] == number
        assert len(made) <= number + 1 + 3 + 1  # taken, buffered, and one that waits for a place
    assert next(frames, None) is None


def test_several_segments_share_one_thread_without_deadlock(pool: ThreadPoolExecutor) -> None:
    segments = [FramesAhead(pool, lambda: pictures(20, []), 1, lambda: False) for _ in range(5)]
    assert [len(list(segment)) for segment in segments] == [20] * 5


def test_an_error_comes_where_the_frame_would_have(pool: ThreadPoolExecutor) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield np.zeros(1, np.uint8)
        raise ValueError("no more")

    frames = iter(FramesAhead(pool, broken, 4, lambda: False))
    next(frames)
    with pytest.raises(ValueError, match="no more"):
        next(frames)


def test_a_stopped_video_lets_its_pool_thread_go(pool: ThreadPoolExecutor) -> None:
    stopped = threading.Event()
    endless = FramesAhead(pool, lambda: pictures(10**9, []), 1, stopped.is_set)
    next(iter(endless))
    stopped.set()
    assert len(list(FramesAhead(pool, lambda: pictures(1, []), 1, lambda: False))) == 1


def test_a_consumer_that_waits_is_let_go(pool: ThreadPoolExecutor) -> None:
    stopped, release = threading.Event(), threading.Event()

    def stuck() -> Iterator[np.ndarray]:
        release.wait(10)
        yield np.zeros(1, np.uint8)

    frames = iter(FramesAhead(pool, stuck, 1, stopped.is_set))
    threading.Timer(0.1, stopped.set).start()
    with pytest.raises(Cancelled):
        next(frames)
    release.set()


def test_only_computing_counts_as_time_spent(pool: ThreadPoolExecutor) -> None:
    def slow() -> Iterator[np.ndarray]:
        for _ in range(3):
            time.sleep(0.02)
            yield np.zeros(1, np.uint8)

    frames = FramesAhead(pool, slow, 1, lambda: False)
    for _ in frames:
        time.sleep(0.1)
    assert 0.06 <= frames.seconds < 0.2
