"""What listens beyond loopback must ask somebody something, in every service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from channel.settings import ChannelSettings
from receiver.settings import ReceiverSettings
from semvid.errors import InvalidInput
from semvid.service.exposure import listens_beyond_loopback
from semvid.service.settings import ServiceSettings
from transmitter.settings import TransmitterSettings


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost", "a.localhost", "::ffff:127.0.0.1"]
)
def test_loopback_is_this_machine_alone(host: str) -> None:
    assert not listens_beyond_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "[::]", "", "192.168.1.5", "lab.example", "::ffff:10.0.0.1", "localhost.example"],
)
def test_everything_else_is_not(host: str) -> None:
    assert listens_beyond_loopback(host)


OPEN = [
    (TransmitterSettings, {"host": "0.0.0.0"}, "SEMVID_TRANSMITTER_HOST=0.0.0.0", "KEYS_FILE"),
    (ReceiverSettings, {"host": "::"}, "SEMVID_RECEIVER_HOST=::", "KEYS_FILE"),
    (ReceiverSettings, {"link_address": "0.0.0.0:1"}, "SEMVID_RECEIVER_LINK_ADDRESS", "TLS_CLIENT_AUTHORITY"),
    (ChannelSettings, {"listen": "[::]:1"}, "SEMVID_CHANNEL_LISTEN", "TLS_CLIENT_AUTHORITY"),
    (ChannelSettings, {"http_host": "10.0.0.1", "http_port": 1}, "SEMVID_CHANNEL_HTTP_HOST", "KEYS_FILE"),
]


@pytest.mark.parametrize(("kind", "given", "named", "remedy"), OPEN)
def test_a_port_that_asks_nobody_is_refused_with_the_remedy(
    kind: type[ServiceSettings], given: dict[str, Any], named: str, remedy: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        kind.load(**given)
    assert named in str(refused.value)
    assert remedy in str(refused.value)
    assert "OPEN_TO_NETWORK=true" in str(refused.value)
    assert kind.load(**given, open_to_network=True)


def test_credentials_open_it() -> None:
    assert TransmitterSettings.load(host="0.0.0.0", keys_file=Path("keys"))
    tls = {"tls_certificate": Path("c"), "tls_key": Path("k")}
    assert ReceiverSettings.load(link_address="0.0.0.0:1", **tls, tls_client_authority=Path("a"))
    with pytest.raises(InvalidInput, match="LINK_ADDRESS"):  # TLS alone asks nobody
        ReceiverSettings.load(link_address="0.0.0.0:1", **tls)
    with pytest.raises(InvalidInput, match="LINK_ADDRESS"):  # nor do the keys of another port
        ReceiverSettings.load(link_address="0.0.0.0:1", keys_file=Path("keys"))


def test_http_tls_needs_certificate_and_key() -> None:
    with pytest.raises(InvalidInput, match="TLS needs both SEMVID_RECEIVER_HTTP_CERTIFICATE"):
        ReceiverSettings.load(http_key=Path("k"))


@pytest.mark.parametrize("wrong", ["*", "a.example:8081", "http://a.example", "A.example", "a b", ".."])
def test_what_is_no_name_of_a_host_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("SEMVID_TRANSMITTER_ALLOWED_HOSTS", f"good.example,{wrong}")
    with pytest.raises(InvalidInput, match="is no name of a host"):
        TransmitterSettings.load()
