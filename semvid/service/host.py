"""Starts and stops a service."""

import asyncio
import contextlib
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from semvid.errors import InvalidInput, SemvidError
from semvid.service.allocator import bound_freed_memory
from semvid.service.connections import bounded_connections
from semvid.service.http_settings import HttpSettings
from semvid.service.lifeline import follow_starter


@contextmanager
def started(service: str) -> Iterator[None]:
    """Around a service's start: what it refuses is one line on standard error and exit status 2."""
    follow_starter()
    bound_freed_memory()
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


def http_server(app: FastAPI, graceful_s: int, settings: HttpSettings) -> HttpServer:
    """A server of ``app`` that gives open requests ``graceful_s`` seconds when it is told to exit.

    Raises:
        InvalidInput: a TLS file cannot be used.
    """
    tls = _tls(settings)
    config = uvicorn.Config(
        app,
        http=bounded_connections(settings),
        ws="none",
        lifespan="off",
        log_config=None,  # ours, `semvid.service.logs`
        log_level="error",  # what strangers send that is no HTTP is not worth a line each
        access_log=False,
        proxy_headers=False,
        limit_concurrency=settings.max_connections + 1,  # uvicorn refuses the one that reaches it
        timeout_graceful_shutdown=graceful_s,
        timeout_keep_alive=30,
        server_header=False,
        ssl_context_factory=None if tls is None else lambda *_: tls,
    )
    return HttpServer(config)


def _tls(settings: HttpSettings) -> ssl.SSLContext | None:
    if settings.http_certificate is None or settings.http_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # a key that wants a passphrase is refused: nobody is there to type it
        context.load_cert_chain(settings.http_certificate, settings.http_key, password=lambda: "")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        files = f"{settings.http_certificate} and {settings.http_key}"
        raise InvalidInput(
            f"TLS: {files} cannot be used: {error}; they must be PEM files of one pair"
        ) from error
    return context


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


def serve_http(app: FastAPI, host: str, port: int, settings: HttpSettings, drain_s: float = 10.0) -> None:
    """Runs ``app`` until SIGTERM, SIGINT or SIGHUP, then gives open requests ``drain_s`` seconds.

    A second signal ends them at once.

    Raises:
        InvalidInput: nothing can be bound there, or a TLS file cannot be used.
        SemvidError: what the application raised when it started.
    """
    server = http_server(app, int(drain_s), settings)
    with listen(host, port) as listening:
        asyncio.run(_serve(app, server, listening))


async def _serve(app: FastAPI, server: HttpServer, listening: socket.socket) -> None:
    signals = StopSignals()

    async def obey() -> None:
        await signals.first.wait()
        server.should_exit = True
        await signals.second.wait()
        server.force_exit = True

    async with app.router.lifespan_context(app):
        obeying = asyncio.create_task(obey())
        await server.serve(sockets=[listening])
    obeying.cancel()
