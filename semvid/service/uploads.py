"""Bounds on request bodies that hold while they are read: how long they are, and how slowly they come."""

import asyncio
from collections.abc import Callable

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from semvid.errors import LimitExceeded, TooSlow
from semvid.service.problems import problem_of, problem_response

LEAST_RATE = 1024  # bytes a second on the whole; a modem of 1990 sends more


class _BodyBounds:
    """ASGI middleware; what passes a bound is raised where the body is read, and answered as any error."""

    def __init__(
        self, app: ASGIApp, max_bytes: int, silence_s: float, endless: Callable[[str], bool]
    ) -> None:
        self._app, self._endless = app, endless
        self._max_bytes, self._silence_s = max_bytes, silence_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        endless = self._endless(scope["path"])
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._max_bytes:
            await problem_response(problem_of(self._too_large(), scope["path"]))(scope, receive, send)
            return
        clock = asyncio.get_running_loop().time
        began, received, arriving = clock(), 0, True

        async def bounded() -> Message:
            nonlocal received, arriving
            if not arriving:  # what is waited for now is that the client goes
                return await receive()
            whole_s = began + self._silence_s + received / LEAST_RATE - clock()
            try:
                async with asyncio.timeout(self._silence_s if endless else min(self._silence_s, whole_s)):
                    message = await receive()
            except TimeoutError as error:
                raise TooSlow(
                    f"after {received} bytes the request body came too slowly; send at least {LEAST_RATE} "
                    f"bytes a second, with no pause longer than {self._silence_s:g} s"
                ) from error
            received += len(message.get("body", b""))
            arriving = bool(message.get("more_body"))
            if received > self._max_bytes and not endless:
                raise self._too_large()
            return message

        await self._app(scope, bounded, send)

    def _too_large(self) -> LimitExceeded:
        return LimitExceeded(f"the request body passes the limit of {self._max_bytes} bytes; send less")


def bound_bodies(
    app: FastAPI, max_bytes: int, silence_s: float, endless: Callable[[str], bool] = lambda _: False
) -> None:
    """Refuses request bodies above ``max_bytes`` with 413 and those that stop coming with 408, at once.

    Args:
        app: has the handlers of `semvid.service.problems`.
        max_bytes: of one body.
        silence_s: longest pause, seconds; on the whole `LEAST_RATE` bytes a second must come.
        endless: paths whose bodies may be of any length, and as slow as that pause allows: nothing of them is
            kept.
    """
    app.add_middleware(_BodyBounds, max_bytes=max_bytes, silence_s=silence_s, endless=endless)
