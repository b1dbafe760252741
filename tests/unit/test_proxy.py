from __future__ import annotations

import pytest

from semvid.errors import InvalidInput
from semvid.proxy import grpc_host, grpc_proxy, http_proxy, http_transport, is_loopback

CREDENTIALS = "http://user:secret@proxy.example:3128"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", True),
        ("fe80::1%lo", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("receiver", False),
        ("", False),
    ],
)
def test_what_loopback_is(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("environment", "url", "variable"),
    [
        ({"http_proxy": CREDENTIALS}, "http://127.0.0.1:8081", None),
        ({"http_proxy": CREDENTIALS}, "http://localhost:8081", None),
        ({"ALL_PROXY": "socks5://proxy.example:1080"}, "http://[::1]:8081", None),
        ({"http_proxy": CREDENTIALS}, "http://far:8081", "http_proxy"),
        ({"HTTP_PROXY": CREDENTIALS}, "http://far:8081", "HTTP_PROXY"),
        ({"http_proxy": CREDENTIALS}, "https://far", None),
        ({"HTTPS_PROXY": CREDENTIALS, "all_proxy": "http://x:1"}, "https://far", "HTTPS_PROXY"),
        ({"ALL_PROXY": CREDENTIALS}, "https://far", "ALL_PROXY"),
        ({"http_proxy": CREDENTIALS, "no_proxy": "near,far"}, "http://far:8081", None),
        ({"http_proxy": CREDENTIALS, "NO_PROXY": ".example"}, "http://video.example", None),
        ({"http_proxy": ""}, "http://far", None),
        ({}, "http://far", None),
    ],
)
def test_the_proxy_of_an_address(
    environment: dict[str, str], url: str, variable: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    proxy = http_proxy(url)
    assert (proxy and proxy.variable) == variable


@pytest.mark.parametrize(
    ("environment", "target", "variable"),
    [
        ({"grpc_proxy": CREDENTIALS}, "127.0.0.1:50061", None),
        ({"grpc_proxy": CREDENTIALS}, "[::1]:50061", None),
        ({"grpc_proxy": CREDENTIALS}, "unix:/run/link", None),
        ({"grpc_proxy": CREDENTIALS, "http_proxy": "http://x:1"}, "far:50061", "grpc_proxy"),
        ({"https_proxy": CREDENTIALS}, "dns:///far:50061", "https_proxy"),
        ({"HTTP_PROXY": CREDENTIALS}, "far:50061", None),
        ({"http_proxy": "socks5://x:1"}, "far:50061", None),
        ({"http_proxy": CREDENTIALS, "no_proxy": "near, far"}, "far:50061", None),
    ],
)
def test_the_proxy_of_a_grpc_target(
    environment: dict[str, str], target: str, variable: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    proxy = grpc_proxy(target)
    assert (proxy and proxy.variable) == variable


def test_credentials_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", CREDENTIALS)
    proxy = http_proxy("http://far:8081")
    assert proxy is not None
    assert proxy.in_the_way() == (
        "the proxy http://proxy.example:3128 of http_proxy stands in between: "
        "set NO_PROXY=far to go without it"
    )


@pytest.mark.parametrize("address", ["socks4://proxy.example:1", "gopher://user:secret@proxy.example:1"])
def test_a_proxy_that_cannot_be_used_is_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", address)
    http_transport("http://127.0.0.1:8081")
    with pytest.raises(
        InvalidInput, match=r"proxy\.example:1 of ALL_PROXY cannot be used for far"
    ) as refused:
        http_transport("http://far:8081")
    assert "secret" not in str(refused.value)


def test_hosts_of_grpc_targets() -> None:
    targets = ("far:1", "[::1]:1", "dns:far:1", "dns://8.8.8.8/far:1", "ipv4:127.0.0.1:1", "unix:/x")
    assert [grpc_host(target) for target in targets] == ["far", "::1", "far", "far", "127.0.0.1", ""]
