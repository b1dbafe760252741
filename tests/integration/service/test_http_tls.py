"""TLS of a REST interface, on a real server; files that will not do are refused at its start."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from semvid.errors import InvalidInput
from semvid.service.host import http_server, listen
from semvid.service.http_settings import HttpSettings


def test_it_speaks_tls_and_nothing_else(pki: Path) -> None:
    app = FastAPI()
    settings = HttpSettings(http_certificate=pki / "server.pem", http_key=pki / "server.key")

    @app.get("/")
    async def answer() -> str:
        return "hello"

    async def scene() -> None:
        with listen("127.0.0.1", 0) as listening:
            port = listening.getsockname()[1]
            server = http_server(app, 1, settings)
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            trusted = ssl.create_default_context(cafile=pki / "ca.pem")
            async with httpx.AsyncClient(verify=trusted) as client:
                while not server.started:
                    await asyncio.sleep(0.01)
                assert (await client.get(f"https://127.0.0.1:{port}/")).json() == "hello"
                with pytest.raises(httpx.HTTPError):
                    await client.get(f"http://127.0.0.1:{port}/")
            async with httpx.AsyncClient() as stranger:
                with pytest.raises(httpx.ConnectError, match="certificate"):
                    await stranger.get(f"https://127.0.0.1:{port}/")
            server.should_exit = server.force_exit = True
            await serving

    async def bounded() -> None:
        async with asyncio.timeout(30):
            await scene()

    asyncio.run(bounded())


def test_files_that_will_not_do_are_named(pki: Path, tmp_path: Path) -> None:
    for certificate, key in (
        (tmp_path / "none.pem", pki / "server.key"),
        (pki / "server.pem", pki / "client.key"),
        (pki / "server.key", pki / "server.key"),
    ):
        with pytest.raises(InvalidInput, match=f"TLS: {certificate} and {key} cannot be used"):
            http_server(FastAPI(), 1, HttpSettings(http_certificate=certificate, http_key=key))
