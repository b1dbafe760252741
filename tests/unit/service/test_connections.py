"""Connections that say nothing, say it slowly, are too many or never take their answer; a real server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI, Request, UploadFile
from fastapi.responses import StreamingResponse

from semvid.service.host import http_server, listen
from semvid.service.http_settings import HttpSettings
from semvid.service.problems import install_problem_handlers
from semvid.service.uploads import bound_bodies

PIECE = b"x" * 2**16
ASK = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"


def application(silence_s: float) -> FastAPI:
    app = FastAPI()
    install_problem_handlers(app)
    bound_bodies(app, 10**6, silence_s)

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.6)
        return "slow"

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.post("/form")
    async def form(file: UploadFile) -> int:
        return file.size or 0

    @app.get("/endless")
    async def endless() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            app.state.ended = False
            try:
                while True:
                    yield PIECE
                    await asyncio.sleep(0)
            finally:
                app.state.ended = True

        return StreamingResponse(pieces())

    return app


@asynccontextmanager
async def server(app: FastAPI, settings: HttpSettings) -> AsyncIterator[int]:
    with listen("127.0.0.1", 0) as listening:
        one = http_server(app, 1, settings)
        serving = asyncio.create_task(one.serve(sockets=[listening]))
        while not one.started:
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
        one.should_exit = one.force_exit = True
        await serving


def run(scenario: Callable[[int, FastAPI], Awaitable[None]], **bounds: Any) -> None:
    settings = HttpSettings(**{"header_timeout_s": 0.3, "silence_s": 0.4} | bounds)

    async def inside() -> None:
        app = application(settings.silence_s)
        async with asyncio.timeout(20), server(app, settings) as port:
            await scenario(port, app)

    asyncio.run(inside())


async def answer(port: int, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """All that comes back until the other end closes, in good order or not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = bytearray()

    async def receive() -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(2**16):
                received.extend(piece)

    receiving = asyncio.create_task(receive())
    for piece in pieces:
        if receiving.done():
            break
        writer.write(piece)
        await asyncio.sleep(pause_s)
    await receiving
    writer.close()
    return bytes(received)


def test_a_connection_that_never_sends_a_whole_head_is_closed() -> None:
    async def scenario(port: int, _: FastAPI) -> None:
        assert await answer(port) == b""
        assert await answer(port, *(b"GET / HTT"[i : i + 1] for i in range(9)), pause_s=0.1) == b""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASK)
        assert (await reader.readuntil(b'"hello"')).startswith(b"HTTP/1.1 200")
        writer.write(b"G")  # of a second request
        assert await reader.read() == b""
        writer.close()

    run(scenario)


def test_work_that_takes_longer_than_a_head_may_is_not_cut_off() -> None:
    async def scenario(port: int, _: FastAPI) -> None:
        ask = b"GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert (await answer(port, ask)).endswith(b'"slow"')

    run(scenario)


def head(path: str, length: int, kind: str = "application/octet-stream") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def test_a_body_that_stops_coming_is_answered_with_408() -> None:
    async def scenario(port: int, _: FastAPI) -> None:
        form = head("/form", 10_000, "multipart/form-data; boundary=b")
        part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
        for begun in ((head("/raw", 100), b"abc"), (form, part)):
            received = await answer(port, *begun)
            assert received.startswith(b"HTTP/1.1 408")
            assert b'"TOO_SLOW"' in received
            assert b"connection: close" in received.lower()

    run(scenario)


def test_a_body_that_trickles_is_too_slow_on_the_whole() -> None:
    async def scenario(port: int, _: FastAPI) -> None:
        pieces = [b"x"] * 8  # a byte every 0.1 s is never silent for 0.4 s
        assert b"HTTP/1.1 408" in await answer(port, head("/raw", 100), *pieces, pause_s=0.1)
        quick = [b"x" * 200] * 8
        closed = head("/raw", 1600).replace(b"Content-Length", b"Connection: close\r\nContent-Length")
        assert (await answer(port, closed, *quick, pause_s=0.1)).endswith(b"1600")

    run(scenario)


def test_an_answer_that_nobody_takes_ends() -> None:
    async def scenario(port: int, app: FastAPI) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        writer.write(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while not getattr(app.state, "ended", False):
            await asyncio.sleep(0.05)
        writer.close()

    run(scenario)


def test_more_connections_than_may_be_are_told_or_closed() -> None:
    async def scenario(port: int, _: FastAPI) -> None:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        assert (await answer(port, ASK)).startswith(b"HTTP/1.1 503")
        held += [await asyncio.open_connection("127.0.0.1", port) for _ in range(64)]
        assert await answer(port, ASK) == b""
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.1)
        ask = ASK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        assert (await answer(port, ask)).endswith(b'"hello"')

    run(scenario, header_timeout_s=15.0, max_connections=3)
