"""Reading the requests of a streaming call on the server."""

import asyncio
from typing import Any, TypeVar

import grpc

Request = TypeVar("Request")
CANCELLATION_FOLLOWS_S = 0.05


async def next_request(context: grpc.aio.ServicerContext[Request, Any]) -> Request | None:
    """The client's next message, or None once it has closed its side in good order.

    When a client cancels, or its connection breaks, gRPC first reports the end of the stream, just as for an
    orderly close, and only then cancels the handler. So the end is believed only after a moment in which no
    cancellation came.

    Raises:
        asyncio.CancelledError: the client cancelled or is gone.
    """
    request = await context.read()
    if request is not grpc.aio.EOF:
        return request
    await asyncio.sleep(CANCELLATION_FOLLOWS_S)
    return None
