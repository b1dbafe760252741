from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from transmitter.run_ahead import run_ahead


def test_all_items_in_order() -> None:
    async def collect() -> list[int]:
        return [item async for item in run_ahead(lambda gone: iter(range(20)), ahead=3)]

    assert asyncio.run(collect()) == list(range(20))


def test_never_further_ahead_than_asked() -> None:
    made: list[int] = []

    def count(gone: Callable[[], bool]) -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    async def slowly() -> None:
        taken = 0
        async for _ in run_ahead(count, ahead=2):
            taken += 1
            await asyncio.sleep(0.002)
            assert len(made) <= taken + 3  # two finished and one at work

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
        async for number in run_ahead(count, ahead):
            await asyncio.sleep(pause_s)
            done.append(number)

    asyncio.run(consume())
    assert len(done) == 60


def test_error_arrives_where_the_item_would_have_come() -> None:
    def breaks(gone: Callable[[], bool]) -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    seen = []

    async def collect() -> None:
        async for item in run_ahead(breaks, ahead=4):
            seen.append(item)  # noqa: PERF401

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(collect())
    assert seen == [1]


def test_thread_ends_when_the_consumer_is_cancelled() -> None:
    ended = threading.Event()

    def endless(gone: Callable[[], bool]) -> Iterator[int]:
        number = 0
        while not gone():
            yield number
            number += 1
        ended.set()

    async def cancel() -> None:
        async def consume() -> None:
            async for _ in run_ahead(endless, ahead=2):
                await asyncio.sleep(0.001)

        task = asyncio.create_task(consume())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(cancel(), 10))
    assert threading.active_count() < 10
