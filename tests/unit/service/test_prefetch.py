from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import pytest

from semvid.errors import Cancelled
from semvid.service.prefetch import Prefetch, prefetched


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


def never() -> bool:
    return False


def numbers(count: int, made: list[int]) -> Iterator[int]:
    for number in range(count):
        made.append(number)
        yield number


def broken() -> Iterator[int]:
    yield 1
    raise ValueError("no more")


def test_items_come_in_order_and_never_far_ahead(pool: ThreadPoolExecutor) -> None:
    made: list[int] = []
    items = iter(Prefetch(pool, lambda: numbers(50, made), 3, never))
    for number in range(50):
        assert next(items) == number
        assert len(made) <= number + 1 + 3 + 1  # taken, ready, and one that waits for a place
    assert next(items, None) is None


def test_several_share_one_thread_without_deadlock(pool: ThreadPoolExecutor) -> None:
    several = [Prefetch(pool, lambda: numbers(20, []), 1, never) for _ in range(5)]
    assert [len(list(one)) for one in several] == [20] * 5


def test_an_error_comes_where_the_item_would_have(pool: ThreadPoolExecutor) -> None:
    items = iter(Prefetch(pool, broken, 4, never))
    assert next(items) == 1
    with pytest.raises(ValueError, match="no more"):
        next(items)


def test_an_error_may_be_an_item(pool: ThreadPoolExecutor) -> None:
    errors = [ValueError(), KeyError(), None]
    assert list(Prefetch(pool, lambda: iter(errors), 1, never)) == errors


def test_when_stopped_the_pool_thread_is_let_go(pool: ThreadPoolExecutor) -> None:
    stopped = threading.Event()
    endless = Prefetch(pool, lambda: numbers(10**9, []), 1, stopped.is_set)
    next(iter(endless))
    stopped.set()
    assert list(Prefetch(pool, lambda: numbers(1, []), 1, never)) == [0]


def test_when_stopped_a_consumer_that_waits_is_let_go(pool: ThreadPoolExecutor) -> None:
    stopped, release = threading.Event(), threading.Event()

    def stuck() -> Iterator[int]:
        release.wait(10)
        yield 0

    items = iter(Prefetch(pool, stuck, 1, stopped.is_set))
    threading.Timer(0.1, stopped.set).start()
    with pytest.raises(Cancelled):
        next(items)
    release.set()


def test_only_computing_counts_as_time_spent(pool: ThreadPoolExecutor) -> None:
    def slow() -> Iterator[int]:
        for number in range(3):
            time.sleep(0.02)
            yield number

    items = Prefetch(pool, slow, 1, never)
    for _ in items:
        time.sleep(0.1)
    assert 0.06 <= items.seconds < 0.2


def test_an_event_loop_gets_all_items_in_order() -> None:
    async def collect() -> list[int]:
        return [item async for item in prefetched(lambda gone: iter(range(20)), ahead=3)]

    assert asyncio.run(collect()) == list(range(20))


def test_an_event_loop_is_never_far_behind() -> None:
    made: list[int] = []

    async def slowly() -> None:
        taken = 0
        async for _ in prefetched(lambda gone: numbers(50, made), ahead=2):
            taken += 1
            await asyncio.sleep(0.002)
            assert len(made) <= taken + 3  # two ready and one at work

    asyncio.run(slowly())


@pytest.mark.parametrize("pause_s", [0.0, 0.003])
@pytest.mark.parametrize("ahead", [1, 4])
def test_what_lies_far_enough_back_is_done(ahead: int, pause_s: float) -> None:
    """When item n is begun, the consumer is done with item n - ahead - 2: rate control counts on it."""
    done: list[int] = []

    def count(gone: Callable[[], bool]) -> Iterator[int]:
        for number in range(60):
            assert len(done) >= number - ahead - 1
            yield number

    async def consume() -> None:
        async for number in prefetched(count, ahead):
            await asyncio.sleep(pause_s)
            done.append(number)

    asyncio.run(consume())
    assert len(done) == 60


def test_an_event_loop_gets_the_error_where_the_item_would_have_come() -> None:
    seen = []

    async def collect() -> None:
        async for item in prefetched(lambda gone: broken(), ahead=4):
            seen.append(item)  # noqa: PERF401

    with pytest.raises(ValueError, match="no more"):
        asyncio.run(collect())
    assert seen == [1]


@pytest.mark.parametrize("waits", [False, True], ids=["too much ready", "nothing ready"])
def test_no_thread_is_left_when_the_consumer_is_cancelled(waits: bool) -> None:
    before = set(threading.enumerate())
    ended = threading.Event()

    def endless(gone: Callable[[], bool]) -> Iterator[int]:
        yield 0
        while not gone():
            if waits:
                time.sleep(0.001)
            else:
                yield 1
        ended.set()

    async def cancel() -> None:
        async def consume() -> None:
            async with aclosing(prefetched(endless, ahead=2)) as items:
                async for _ in items:
                    await asyncio.sleep(0.001)

        task = asyncio.create_task(consume())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not [t for t in threading.enumerate() if t not in before and t.name.startswith("prefetch")]

    asyncio.run(asyncio.wait_for(cancel(), 10))
    assert ended.is_set() or not waits
