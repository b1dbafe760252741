"""A link of 500 ms one way: connections stand, and what asks over them waits long enough."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from grpc_health.v1 import health_pb2, health_pb2_grpc

from semvid.link.bootstrap import make_channel, make_server
from semvid.link.health import SERVING, Health
from semvid.link.peer import LINK_SERVICE, is_serving, watched

ONE_WAY_S = 0.5


@asynccontextmanager
async def delayed(target: str) -> AsyncIterator[str]:
    """A TCP proxy before ``target`` through which everything takes `ONE_WAY_S` longer."""
    loop, host, port = asyncio.get_running_loop(), *target.rsplit(":", 1)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(2**16):
            loop.call_later(ONE_WAY_S, writer.write, data)
        loop.call_later(ONE_WAY_S, writer.close)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(host, int(port))
        await asyncio.gather(carry(reader, there[1]), carry(there[0], writer), return_exceptions=True)

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def serving(port: int = 0) -> AsyncIterator[int]:
    """A server whose LinkService serves, and its port."""
    health = Health(LINK_SERVICE)
    server, bound = make_server(f"127.0.0.1:{port}", health)
    await server.start()
    health.set_serving()
    try:
        yield bound
    finally:
        await server.stop(0)


def test_links_with_half_a_second_of_delay_connect() -> None:
    async def scene() -> None:
        async with serving() as port, delayed(f"127.0.0.1:{port}") as target, asyncio.timeout(20):
            async with make_channel(target) as channel:
                # not wait_for_ready: the first attempt to connect must do
                stub = health_pb2_grpc.HealthStub(channel)
                answer = await stub.Check(health_pb2.HealthCheckRequest(service=LINK_SERVICE), timeout=10)
                assert answer.status == SERVING
            assert await is_serving(target, LINK_SERVICE)
            async with watched(target) as peer:
                while not peer.serving:
                    await asyncio.sleep(0.02)

    asyncio.run(scene())


def test_a_peer_that_comes_up_late_is_found_soon() -> None:
    async def scene() -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        async with watched(f"127.0.0.1:{port}") as peer, asyncio.timeout(20):
            await asyncio.sleep(1.5)
            assert not peer.serving
            async with serving(port):
                began = asyncio.get_running_loop().time()
                while not peer.serving:
                    await asyncio.sleep(0.02)
                assert asyncio.get_running_loop().time() - began < 4

    asyncio.run(scene())
