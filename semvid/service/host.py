"""Starts and stops an HTTP service."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from semvid.errors import SemvidError


@contextmanager
def started(service: str) -> Iterator[None]:
    """Around a service's start: what it refuses is one line on standard error and exit status 2."""
    try:
        yield
    except SemvidError as error:
        print(f"semvid {service}: {error}", file=sys.stderr)
        raise SystemExit(2) from error


def serve_http(app: FastAPI, host: str, port: int, drain_s: float = 10.0) -> None:
    """Runs ``app`` until SIGTERM or SIGINT, then gives open requests ``drain_s`` seconds.

    A second signal ends at once.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=int(drain_s),
        timeout_keep_alive=30,
        server_header=False,
    )
    asyncio.run(uvicorn.Server(config).serve())
