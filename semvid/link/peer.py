"""Asks the next hop whether it serves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from semvid.link.bootstrap import make_channel
from semvid.link.health import SERVING
from semvid.link.tls import ClientTls

LINK_SERVICE: Final = "semvid.wire.v1.LinkService"
_ASK_READY_S = 5.0  # between two questions
_ASK_UNREADY_S = 0.5
_ANSWER_S = 5.0  # a new connection takes three round trips until it answers, 3 s where one way takes 500 ms


async def is_serving(target: str, service: str = "", timeout_s: float = _ANSWER_S) -> bool:
    """Whether ``service`` (``""``: the server) at ``target`` reports SERVING within ``timeout_s`` seconds."""
    async with make_channel(target) as channel:
        return await _asked(channel, service, timeout_s)


async def watch_health(channel: grpc.aio.Channel, tell: Callable[[bool], None]) -> None:
    """Tells whether the LinkService at the other end of ``channel`` serves, for ever, whenever that changes.

    A channel emulator's serves while its own next hop's does, so that the answer is about the whole chain.
    Nobody is thought to serve at first.
    """
    known = False
    while True:
        serving = await _asked(channel, LINK_SERVICE, _ANSWER_S)
        if serving != known:
            known = serving
            tell(serving)
        await asyncio.sleep(_ASK_READY_S if serving else _ASK_UNREADY_S)


class Peer:
    """The next hop of a service.

    Attributes:
        serving: whether its LinkService reported SERVING when last asked.
    """

    serving = False


@asynccontextmanager
async def watched(target: str, tls: ClientTls | None = None) -> AsyncIterator[Peer]:
    """The next hop at ``target``, asked over one connection as long as the block lasts.

    Raises:
        InvalidInput: a TLS file cannot be read.
    """
    peer = Peer()
    async with make_channel(target, tls) as channel:
        watching = asyncio.create_task(
            watch_health(channel, lambda serving: setattr(peer, "serving", serving))
        )
        try:
            yield peer
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def _asked(channel: grpc.aio.Channel, service: str, timeout_s: float) -> bool:
    stub = health_pb2_grpc.HealthStub(channel)
    try:
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=timeout_s)
    except grpc.aio.AioRpcError:
        return False
    return bool(answer.status == SERVING)
