"""A bounded log of events that any number of readers follow, each from where it left off."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from fastapi.sse import ServerSentEvent

REPLAY = 256  # events kept for readers that come back with Last-Event-ID


class EventLog:
    """Events of one job. Use it from one event loop only.

    A reader that falls more than `REPLAY` events behind skips to the oldest one kept: events carry the whole
    state, so the newest is always enough.
    """

    def __init__(self) -> None:
        self._events: deque[tuple[int, str, Any]] = deque(maxlen=REPLAY)
        self._next_id = 1
        self._closed = False
        self._changed = asyncio.Event()

    def publish(self, event: str, data: Any) -> None:
        """Appends one event; ``data`` must be JSON-serialisable."""
        self._events.append((self._next_id, event, data))
        self._next_id += 1
        self._wake()

    def close(self) -> None:
        """No more events will come; readers end after the last one."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self, after_id: int = 0) -> AsyncIterator[ServerSentEvent]:
        """Yields every event after ``after_id``, waiting for new ones until the log is closed."""
        while True:
            changed = self._changed
            for event_id, event, data in [e for e in self._events if e[0] > after_id]:
                yield ServerSentEvent(id=str(event_id), event=event, data=data)
                after_id = event_id
            if changed.is_set():
                continue
            if self._closed:
                return
            await changed.wait()
