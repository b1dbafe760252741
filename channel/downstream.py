"""The next hop: a receiver or another channel."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import structlog

from semvid.link.bootstrap import make_channel
from semvid.link.peer import watch_health
from semvid.link.tls import ClientTls
from semvid.service.tracing import carried
from semvid.wire.v1 import link_pb2, link_pb2_grpc

_STATE_SETTLES_S = 0.1

_log = structlog.get_logger(__name__)


class Downstream:
    """Connection to the next hop, shared by all transmissions.

    Attributes:
        target: its address.
        serving: whether its LinkService reported SERVING when last asked.
    """

    def __init__(self, target: str, tls: ClientTls | None) -> None:
        self.target = target
        self.serving = False
        self._channel = make_channel(target, tls)
        self._link: Any = link_pb2_grpc.LinkServiceStub(self._channel)

    def transmit(self, timeout_s: float | None, traceparent: str | None = None) -> Any:
        """Starts a `LinkService.Transmit` call.

        Args:
            timeout_s: that it may last, seconds; None: for ever.
            traceparent: of the trace that it is a part of; None: of none.
        """
        return self._link.Transmit(timeout=timeout_s, metadata=carried(traceparent))

    def questions(self) -> Any:
        """Starts a `LinkService.Questions` call, which lasts until either end is stopped."""
        return self._link.Questions(link_pb2.QuestionsRequest())

    async def connection_lost(self) -> bool:
        """Whether a call that just ended with UNAVAILABLE lost its connection, or never had one.

        False: the connection stands, so the peer itself answered UNAVAILABLE.
        """
        ready = grpc.ChannelConnectivity.READY
        if self._channel.get_state() is not ready:
            return True
        try:
            async with asyncio.timeout(_STATE_SETTLES_S):
                await self._channel.wait_for_state_change(ready)
        except TimeoutError:
            return False
        return True

    async def watch_health(self, tell: Callable[[bool], None]) -> None:
        """Keeps ``serving`` up to date, for ever, and calls ``tell`` with it when it changes."""

        def changed(serving: bool) -> None:
            self.serving = serving
            tell(serving)
            _log.info("next hop changed", target=self.target, serving=serving)

        await watch_health(self._channel, changed)

    async def close(self) -> None:
        """Cancels what is under way."""
        await self._channel.close()
