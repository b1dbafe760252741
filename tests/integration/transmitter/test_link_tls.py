"""Mutual TLS from the transmitter to its next hop."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from semvid.errors import InvalidInput
from semvid.link.bootstrap import make_server
from semvid.link.health import Health
from semvid.link.peer import LINK_SERVICE, watched
from semvid.link.tls import ServerTls
from transmitter.settings import TransmitterSettings


async def _is_reached(target: str, settings: TransmitterSettings) -> bool:
    async with watched(target, settings.link_credentials()) as peer:
        for _ in range(40):
            if peer.serving:
                return True
            await asyncio.sleep(0.05)
    return False


def test_only_with_its_certificate_is_the_next_hop_reached(pki: Path) -> None:
    async def scene() -> None:
        health = Health(LINK_SERVICE)
        tls = ServerTls(pki / "server.pem", pki / "server.key", pki / "ca.pem")
        server, port = make_server("127.0.0.1:0", health, tls=tls)
        await server.start()
        health.set_serving()
        try:
            target = f"127.0.0.1:{port}"
            shown = {"link_tls_certificate": pki / "client.pem", "link_tls_key": pki / "client.key"}
            known = {"link_tls": True, "link_tls_authority": pki / "ca.pem"}
            assert await _is_reached(target, TransmitterSettings.load(**known, **shown))
            assert not await _is_reached(target, TransmitterSettings.load(**known))
            assert not await _is_reached(target, TransmitterSettings.load())
        finally:
            await server.stop(0)

    asyncio.run(scene())


def test_files_without_tls_are_refused() -> None:
    with pytest.raises(InvalidInput, match="SEMVID_TRANSMITTER_LINK_TLS is not true"):
        TransmitterSettings.load(link_tls_authority=Path("ca.pem"))
