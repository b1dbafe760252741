"""Starts and stops a service."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from semvid.errors import InvalidInput, SemvidError
from semvid.service.lifeline import follow_starter


@contextmanager
def started(service: str) -> Iterator[None]:
    """Around a service's start: what it refuses is one line on standard error and exit status 2."""
    follow_starter()
    try:
        yield
    except SemvidError as error:
        print(f"semvid {service}: {error}", file=sys.stderr)
        raise SystemExit(2) from error


class StopSignals:
    """SIGTERM, SIGINT and SIGHUP, in the running event loop.

    SIGHUP is left alone where it is ignored, as ``nohup`` wants.

    Attributes:
        first: set by the first of them: end in good order.
        second: set by the next: end at once.
    """

    def __init__(self) -> None:
        self.first, self.second = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._take)

    def _take(self) -> None:
        (self.second if self.first.is_set() else self.first).set()


class HttpServer(uvicorn.Server):
    """Uvicorn that leaves signals and the application's life to the process that it is part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def http_server(app: FastAPI, graceful_s: int) -> HttpServer:
    """A server of ``app`` that gives open requests ``graceful_s`` seconds when it is told to exit."""
    return HttpServer(
        uvicorn.Config(
            app,
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=graceful_s,
            timeout_keep_alive=30,
            server_header=False,
        )
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        InvalidInput: the port is taken, or the address is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise InvalidInput(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another address or stop the process "
            "that has it"
        ) from error


def serve_http(app: FastAPI, host: str, port: int, drain_s: float = 10.0) -> None:
    """Runs ``app`` until SIGTERM, SIGINT or SIGHUP, then gives open requests ``drain_s`` seconds.

    A second signal ends them at once.

    Raises:
        InvalidInput: nothing can be bound there.
        SemvidError: what the application raised when it started.
    """
    with listen(host, port) as listening:
        asyncio.run(_serve(app, listening, drain_s))


async def _serve(app: FastAPI, listening: socket.socket, drain_s: float) -> None:
    signals, server = StopSignals(), http_server(app, int(drain_s))

    async def obey() -> None:
        await signals.first.wait()
        server.should_exit = True
        await signals.second.wait()
        server.force_exit = True

    async with app.router.lifespan_context(app):
        obeying = asyncio.create_task(obey())
        await server.serve(sockets=[listening])
    obeying.cancel()
