"""What an iterator yields, computed by another thread a bounded number of items before it is taken."""

import asyncio
import queue
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from semvid.errors import Cancelled

Item = TypeVar("Item")

_LOOK_S = 0.2  # between looks at whether the consumer is gone


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None = None


class Prefetch(Generic[Item]):
    """An iterable over what ``make`` yields; up to ``ahead`` items are ready before they are taken.

    Where several share a pool, start them in the order in which they are consumed: the pool takes them in
    that order, so that the one which is waited for is always being computed.

    Args:
        pool: whose thread computes.
        make: the iterator; made and run in that thread.
        ahead: items that may wait to be taken; one more is at work.
        stopped: when it turns true both sides give up soon.

    Attributes:
        seconds: spent in the iterator, waiting not counted.
    """

    def __init__(
        self, pool: Executor, make: Callable[[], Iterator[Item]], ahead: int, stopped: Callable[[], bool]
    ) -> None:
        self.seconds = 0.0
        self._make, self._stopped = make, stopped
        self._items: queue.Queue[Item | _End] = queue.Queue(ahead)
        pool.submit(self._work)

    def __iter__(self) -> Iterator[Item]:
        """Yields the items.

        Raises:
            Cancelled: it was stopped.
            Exception: whatever the iterator raised, at the place where its next item would have come.
        """
        while True:
            try:
                item = self._items.get(timeout=_LOOK_S)
            except queue.Empty:
                if self._stopped():
                    raise Cancelled("stopped before the end") from None
                continue
            if not isinstance(item, _End):
                yield item
            elif item.error is None:
                return
            else:
                raise item.error

    def _work(self) -> None:
        started = time.perf_counter()
        try:
            for item in self._make():
                self.seconds += time.perf_counter() - started
                if not self._put(item):
                    return
                started = time.perf_counter()
        except BaseException as error:
            self._put(_End(error))
        else:
            self.seconds += time.perf_counter() - started
            self._put(_End())

    def _put(self, item: Item | _End) -> bool:
        """Waits for a place for ``item``; False if it was stopped before there was one."""
        while True:
            try:
                self._items.put(item, timeout=_LOOK_S)
                return True
            except queue.Full:
                if self._stopped():
                    return False


async def prefetched(
    iterate: Callable[[Callable[[], bool]], Iterator[Item]], ahead: int
) -> AsyncGenerator[Item, None]:
    """`Prefetch` for an event loop, with threads of its own.

    Close it (``contextlib.aclosing``) where it may be left before its end.

    Args:
        iterate: makes the iterator; it is given a function that turns true when the consumer is gone and
            must end soon after.
        ahead: items that may wait to be taken.

    Raises:
        Whatever the iterator raises, at the place where its next item would have come.
    """
    loop, gone = asyncio.get_running_loop(), threading.Event()
    pool = ThreadPoolExecutor(2, "prefetch")  # one computes, one waits for what it has computed
    items = iter(Prefetch(pool, lambda: iterate(gone.is_set), ahead, gone.is_set))
    try:
        while not isinstance(item := await loop.run_in_executor(pool, next, items, _End()), _End):
            yield item
    finally:
        gone.set()
        await asyncio.shield(asyncio.to_thread(pool.shutdown))
