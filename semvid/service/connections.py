"""Bounds on connections that uvicorn does not have: their number, and how long one may say nothing.

Uvicorn times a connection between two requests only. One that never sends a whole head, or never takes its
answer, would be held for ever.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from semvid.service.http_settings import HttpSettings

_TO_BE_TOLD = 64  # connections above the limit that are still answered, with 503


class _Timer:
    """Calls ``act`` unless it is stopped in time; to begin it again while it runs changes nothing."""

    def __init__(self, after_s: float, act: Callable[[], None]) -> None:
        self._after_s, self._act = after_s, act
        self._handle: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(self._after_s, self._act)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


def bounded_connections(settings: HttpSettings) -> type[H11Protocol]:
    """The protocol class of a server with the bounds of ``settings``."""

    class Bounded(H11Protocol):
        _head: _Timer
        _answer: _Timer

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._head = _Timer(settings.header_timeout_s, transport.close)
            self._answer = _Timer(settings.silence_s, transport.abort)
            if len(self.connections) > settings.max_connections + _TO_BE_TOLD:
                transport.abort()
            else:
                self._head.begin()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._head.stop()
            elif not self.transport.is_closing():
                self._head.begin()  # single bytes buy no time

        def connection_lost(self, exc: Exception | None) -> None:
            self._head.stop()
            self._answer.stop()
            super().connection_lost(exc)

        def pause_writing(self) -> None:
            super().pause_writing()
            self._answer.begin()

        def resume_writing(self) -> None:
            self._answer.stop()
            super().resume_writing()

    return Bounded
