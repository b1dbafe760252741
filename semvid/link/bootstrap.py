"""gRPC servers and channels with the bounds and windows that every service shares.

gRPC hides back-pressure: with its defaults a sender may write some 4 MiB to a receiver that sleeps, which is
the whole of many transmissions. Small HTTP/2 windows that do not grow (no bandwidth-delay probe) bring that
down to one or two blocks, so that a slow receiver is felt at the sender.
"""

import socket
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health_pb2_grpc

from semvid.errors import InvalidInput
from semvid.link.health import Health
from semvid.link.symbols import MAX_BLOCK_SYMBOLS, SYMBOL_BYTES
from semvid.link.tls import ClientTls, ServerTls
from semvid.proxy import grpc_host, is_loopback

MAX_MESSAGE_BYTES = MAX_BLOCK_SYMBOLS * SYMBOL_BYTES + 128 * 1024  # 640 KiB: a full block and its framing
WINDOW_BYTES = 64 * 1024

_SHARED_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", WINDOW_BYTES),
    ("grpc.keepalive_time_ms", 20_000),  # finds a peer that vanished without closing its connection
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
)
_SERVER_OPTIONS: tuple[tuple[str, int], ...] = (
    *_SHARED_OPTIONS,
    ("grpc.so_reuseport", 0),  # a second server on the same port must fail, not share it
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)
_CHANNEL_OPTIONS: tuple[tuple[str, int], ...] = (
    *_SHARED_OPTIONS,
    ("grpc.enable_retries", 0),  # a replayed stream would be a second transmission
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    # despite its name also how long one attempt to connect may last: with 500 ms each way it takes 2 s, with
    # TLS 3 s. A refused attempt is followed by the next one after the other two pauses all the same.
    ("grpc.min_reconnect_backoff_ms", 10_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one server bears.

    Attributes:
        concurrent_calls: calls of every kind; one more is refused with RESOURCE_EXHAUSTED at once.
        concurrent_streams: calls on one connection; further ones wait at the client.
    """

    concurrent_calls: int = 256
    concurrent_streams: int = 128


def make_server(
    address: str,
    health: Health,
    *,
    limits: ServerLimits = ServerLimits(),
    tls: ServerTls | None = None,
) -> tuple[grpc.aio.Server, int]:
    """A server that listens on ``address`` once started, with the health service on it.

    Add the servicers, ``await server.start()``, then ``health.set_serving()``. Must be called inside the
    event loop that will serve.

    Args:
        address: ``host:port``; port 0 takes a free one.
        health: what the health service answers.
        limits: bounds on concurrency.
        tls: None serves without encryption.

    Returns:
        The server, not started, and the port it is bound to.

    Raises:
        InvalidInput: nothing can be bound to ``address``, or a TLS file cannot be read.
    """
    server = grpc.aio.server(
        options=[*_SERVER_OPTIONS, ("grpc.max_concurrent_streams", limits.concurrent_streams)],
        maximum_concurrent_rpcs=limits.concurrent_calls,
    )
    credentials = tls.credentials() if tls else None
    _require_free(address)
    try:
        if credentials:
            port = server.add_secure_port(address, credentials)
        else:
            port = server.add_insecure_port(address)
    except RuntimeError as error:
        raise _taken(address, "the address is not of this machine or the port is taken") from error
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    return server, port


def _require_free(address: str) -> None:
    """Refuses what is taken before gRPC tries, which writes three lines of its own to standard error."""
    host, port = grpc_host(address), address.rpartition(":")[2]
    if not host or not port.isdigit():
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, int(port)), family=family).close()
    except OSError as error:
        raise _taken(address, str(error.strerror)) from error


def _taken(address: str, reason: str) -> InvalidInput:
    return InvalidInput(
        f"cannot listen on {address}: {reason}; choose another address or stop the process that has it"
    )


def make_channel(target: str, tls: ClientTls | None = None) -> grpc.aio.Channel:
    """A channel to ``target`` (``host:port``) with the same bounds and windows. It connects when first used.

    A target on the loopback interface is reached without the proxy that the environment may name.

    Raises:
        InvalidInput: a TLS file cannot be read.
    """
    options = _CHANNEL_OPTIONS
    if is_loopback(grpc_host(target)):
        options = (*options, ("grpc.enable_http_proxy", 0))
    if tls:
        return grpc.aio.secure_channel(target, tls.credentials(), options=options)
    return grpc.aio.insecure_channel(target, options=options)


async def drain(server: grpc.aio.Server, health: Health, grace_s: float) -> None:
    """Stops ``server``: NOT_SERVING first, then no new calls, then the end of the running ones.

    Args:
        server: started.
        health: the one that ``server`` was made with.
        grace_s: seconds that running calls are given; they are cancelled after it.
    """
    health.drain()
    await server.stop(grace_s)
