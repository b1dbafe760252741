"""Errors of `semvid.errors` as gRPC status."""

from typing import Any, Never

import grpc

from semvid.errors import Conflict, SemvidError

MAX_DETAILS = 1_000  # characters; details travel in a trailer that intermediaries may bound


class TransmissionIdInUse(Conflict):
    """Another transmission with the same id is open."""

    code = "TRANSMISSION_ID_IN_USE"
    title = "Transmission id in use"
    grpc_status = "ALREADY_EXISTS"


async def abort(context: grpc.aio.ServicerContext[Any, Any], error: SemvidError) -> Never:
    """Ends the call behind ``context`` with the status that the class of ``error`` fixes."""
    await context.abort(status_of(error), str(error)[:MAX_DETAILS])


def status_of(error: SemvidError) -> grpc.StatusCode:
    """The gRPC status code of ``error``."""
    return grpc.StatusCode[error.grpc_status]
