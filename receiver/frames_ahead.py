"""Frames of one segment, computed by a pool thread while earlier ones are being written."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor

from semvid.errors import Cancelled
from semvid.images.types import Picture

_LOOK_S = 0.2  # between looks at whether the video was stopped


class FramesAhead:
    """An iterator over the frames that ``make`` yields, which run at most ``buffer`` frames ahead of it.

    Segments must be started in the order in which they are consumed: the pool takes them in that order, so
    that the one the writer waits for is always being computed.

    Args:
        pool: whose thread computes.
        make: yields the frames; run in that thread.
        buffer: frames that may wait to be taken.
        stopped: when it turns true both sides give up soon.

    Attributes:
        seconds: spent in ``make``, waiting not counted.
    """

    def __init__(
        self,
        pool: Executor,
        make: Callable[[], Iterator[Picture]],
        buffer: int,
        stopped: Callable[[], bool],
    ) -> None:
        self.seconds = 0.0
        self._make, self._stopped = make, stopped
        self._items: queue.Queue[Picture | BaseException | None] = queue.Queue(buffer)
        pool.submit(self._work)

    def __iter__(self) -> Iterator[Picture]:
        """Yields the frames.

        Raises:
            Cancelled: the video was stopped.
            Exception: whatever ``make`` raised, at the place where its next frame would have come.
        """
        while True:
            try:
                item = self._items.get(timeout=_LOOK_S)
            except queue.Empty:
                if self._stopped():
                    raise Cancelled("regeneration was stopped") from None
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def _work(self) -> None:
        started = time.perf_counter()
        try:
            for picture in self._make():
                self.seconds += time.perf_counter() - started
                if not self._put(picture):
                    return
                started = time.perf_counter()
        except BaseException as error:
            self._put(error)
        else:
            self.seconds += time.perf_counter() - started
            self._put(None)

    def _put(self, item: Picture | BaseException | None) -> bool:
        """Waits for a place for ``item``; False if the video was stopped before there was one."""
        while True:
            try:
                self._items.put(item, timeout=_LOOK_S)
                return True
            except queue.Full:
                if self._stopped():
                    return False
