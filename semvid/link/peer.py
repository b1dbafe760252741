"""Asks the next hop whether it serves."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from semvid.link.bootstrap import make_channel
from semvid.link.health import SERVING


async def is_serving(target: str, service: str = "", timeout_s: float = 1.0) -> bool:
    """Whether ``service`` (``""``: the server) at ``target`` reports SERVING within ``timeout_s`` seconds."""
    async with make_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=timeout_s)
        except grpc.aio.AioRpcError:
            return False
    return bool(answer.status == SERVING)
