"""The health service, grpc.health.v1.

Watchers learn of every change and are let go when the server drains, so that an idle watcher does not keep
a draining server alive.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class Health(health_pb2_grpc.HealthServicer):
    """Status of the server (``""``) and of each of its services. Use it from one event loop only."""

    def __init__(self, *services: str) -> None:
        """Everything is NOT_SERVING at first.

        Args:
            services: full names, for example ``semvid.wire.v1.LinkService``.
        """
        self._status: dict[str, Any] = dict.fromkeys(("", *services), NOT_SERVING)
        self._draining = False
        self._changed = asyncio.Event()

    @property
    def draining(self) -> bool:
        """Whether `drain` was called."""
        return self._draining

    def set_serving(self, serving: bool = True, *services: str) -> None:
        """Sets the status of ``services`` (``""`` is the server itself); of all if none is named.

        Nothing becomes SERVING again once the server drains.

        Raises:
            KeyError: a service that was not named when this object was made.
        """
        for service in services or tuple(self._status):
            if service not in self._status:
                raise KeyError(service)
            self._status[service] = SERVING if serving and not self._draining else NOT_SERVING
        self._wake()

    def drain(self) -> None:
        """Sets everything to NOT_SERVING for good and lets watchers go once they have heard it."""
        self._draining = True
        self.set_serving(False)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def Check(  # noqa: N802
        self,
        request: health_pb2.HealthCheckRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> health_pb2.HealthCheckResponse:
        """Status of one service; NOT_FOUND if the server has no such service."""
        if request.service not in self._status:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"no service {request.service!r} here")
        return health_pb2.HealthCheckResponse(status=self._status[request.service])

    async def Watch(  # noqa: N802
        self,
        request: health_pb2.HealthCheckRequest,
        context: grpc.aio.ServicerContext[Any, Any],  # noqa: ARG002
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        """Status of one service now, and again after every change."""
        told = None
        while True:
            changed = self._changed
            status = self._status.get(request.service, SERVICE_UNKNOWN)
            if status != told:
                told = status
                yield health_pb2.HealthCheckResponse(status=status)
                continue  # it may have changed while the message was on its way
            if self._draining:
                return
            await changed.wait()
