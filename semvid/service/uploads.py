"""A bound on request bodies that holds while they are read, not only when they are announced."""

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from semvid.errors import LimitExceeded
from semvid.service.problems import problem_of, problem_response


class _BodyTooLarge(Exception):
    pass


class _BodyLimit:
    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        received, answered = 0, False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise _BodyTooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            if announced.isdigit() and int(announced) > self._max_bytes:
                raise _BodyTooLarge
            await self._app(scope, counted, watched)
        except _BodyTooLarge:
            if answered:
                raise
            error = LimitExceeded(f"the request body passes the limit of {self._max_bytes} bytes; send less")
            await problem_response(problem_of(error, scope["path"]))(scope, receive, send)


def limit_body(app: FastAPI, max_bytes: int) -> None:
    """Refuses request bodies above ``max_bytes`` with 413, as soon as they pass it."""
    app.add_middleware(_BodyLimit, max_bytes=max_bytes)
