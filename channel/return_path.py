"""Questions on their way back from the receiver: passed on unchanged, as all of the return direction is."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from channel.downstream import Downstream
from semvid.errors import LinkFailed
from semvid.wire.v1 import link_pb2 as pb


class ReturnPath:
    """Relays `LinkService.Questions`; `drain` lets those go who listen."""

    def __init__(self, downstream: Downstream) -> None:
        self._downstream = downstream
        self._draining = asyncio.Event()

    def drain(self) -> None:
        """Ends every call, so that none keeps a draining server alive."""
        self._draining.set()

    async def questions(self) -> AsyncIterator[pb.Question]:
        """Until the next hop ends the call, or `drain`.

        Raises:
            LinkFailed: the channel is being stopped.
            grpc.aio.AioRpcError: the next hop cannot be reached or ended the call with a status.
        """
        call: Any = self._downstream.questions()
        draining = asyncio.create_task(self._draining.wait())
        try:
            while True:
                reading = asyncio.ensure_future(call.read())
                await asyncio.wait({reading, draining}, return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    reading.cancel()
                    raise LinkFailed("the channel is being stopped; listen again when it is back")
                question = reading.result()
                if question is grpc.aio.EOF:
                    return
                yield question
        finally:
            draining.cancel()
            call.cancel()
