"""Runs a blocking iterator in a thread, a bounded number of items ahead of its consumer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


async def run_ahead(
    iterate: Callable[[Callable[[], bool]], Iterator[Item]], ahead: int
) -> AsyncGenerator[Item, None]:
    """Yields what the iterator yields, while a thread computes up to ``ahead`` further items.

    Close it (``contextlib.aclosing``) where it may be left before its end.

    Args:
        iterate: makes the iterator; it is given a function that turns true when the consumer is gone and
            must end soon after.
        ahead: items computed and not yet taken; the thread waits when there are that many.

    Raises:
        Whatever the iterator raises, at the place where its next item would have come.
    """
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[tuple[bool, Item | BaseException | None]] = asyncio.Queue()
    places = threading.Semaphore(ahead)
    gone = threading.Event()

    def put(more: bool, item: Item | BaseException | None) -> None:
        loop.call_soon_threadsafe(items.put_nowait, (more, item))

    def work() -> None:
        try:
            for item in iterate(gone.is_set):
                places.acquire()
                if gone.is_set():
                    return
                put(True, item)
        except BaseException as error:
            put(False, error)
        else:
            put(False, None)

    worker = asyncio.create_task(asyncio.to_thread(work))
    try:
        while True:
            more, item = await items.get()
            if not more:
                if isinstance(item, BaseException):
                    raise item
                return
            places.release()
            yield item  # type: ignore[misc]
    finally:
        gone.set()
        places.release()
        await asyncio.shield(worker)
