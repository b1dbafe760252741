"""The channel's control service, seen from the transmitter: conditions while a transmission runs."""

import grpc

from semvid.channel_options import ChannelOptions
from semvid.errors import Conflict, InvalidInput, LinkFailed
from semvid.link.bootstrap import make_channel
from semvid.link.tls import ClientTls
from semvid.wire.v1 import channel_pb2 as pb
from semvid.wire.v1 import channel_pb2_grpc, link_pb2

_ANSWER_S = 5.0

Conditions = dict[str, str | float | int | list[tuple[float, float]]]


async def conditions_of(target: str, transmission_id: str, tls: ClientTls | None = None) -> Conditions:
    """The conditions in force at the channel ``target``, by the names of `semvid.options.ChannelOptions`.

    Raises:
        Conflict: it does not carry this transmission, or is no channel emulator.
        LinkFailed: it does not answer.
    """
    async with make_channel(target, tls) as channel:
        stub = channel_pb2_grpc.ChannelControlServiceStub(channel)
        request = pb.GetConditionsRequest(transmission_id=transmission_id)
        try:
            answer = await stub.GetConditions(request, timeout=_ANSWER_S)
        except grpc.aio.AioRpcError as error:
            raise _refusal(target, transmission_id, error) from error
    return _conditions(answer.conditions)


async def change_conditions(
    target: str, transmission_id: str, change: ChannelOptions, tls: ClientTls | None = None
) -> Conditions:
    """Changes the fields that ``change`` sets, from the next burst on, and returns the conditions then.

    Raises:
        InvalidInput: ``change`` sets nothing, or the channel refuses a value.
        Conflict, LinkFailed: as for `conditions_of`.
    """
    conditions = wire_conditions(change)
    if conditions == link_pb2.ChannelConditions():
        raise InvalidInput(
            f"the change names no condition; name one or more of {', '.join(type(change).model_fields)}"
        )
    async with make_channel(target, tls) as channel:
        stub = channel_pb2_grpc.ChannelControlServiceStub(channel)
        request = pb.SetConditionsRequest(transmission_id=transmission_id, conditions=conditions)
        try:
            answer = await stub.SetConditions(request, timeout=_ANSWER_S)
        except grpc.aio.AioRpcError as error:
            raise _refusal(target, transmission_id, error) from error
    return _conditions(answer.conditions)


def wire_conditions(options: ChannelOptions) -> link_pb2.ChannelConditions:
    """The message of what ``options`` sets."""
    fields = options.model_dump(exclude_none=True)
    points = [
        link_pb2.SnrPoint(time_s=time_s, snr_db=snr_db) for time_s, snr_db in fields.pop("snr_trace", ())
    ]
    return link_pb2.ChannelConditions(**fields, snr_trace=points)


def _conditions(message: link_pb2.ChannelConditions) -> Conditions:
    fields = {field.name: getattr(message, field.name) for field in message.DESCRIPTOR.fields}
    return {**fields, "snr_trace": [(point.time_s, point.snr_db) for point in message.snr_trace]}


def _refusal(
    target: str, transmission_id: str, error: grpc.aio.AioRpcError
) -> Conflict | InvalidInput | LinkFailed:
    details = error.details() or ""
    match error.code():
        case grpc.StatusCode.INVALID_ARGUMENT:
            return InvalidInput(details)
        case grpc.StatusCode.NOT_FOUND:
            return Conflict(
                f"transmission {transmission_id} is not on the air at {target}; its channel can be changed "
                "from the end of the stage `opening the link` to the end of the transmission"
            )
        case grpc.StatusCode.UNIMPLEMENTED:
            return Conflict(
                f"{target} is no channel emulator, so there is no channel to change; let "
                "SEMVID_TRANSMITTER_LINK_TARGET name one"
            )
        case code:
            return LinkFailed(f"channel at {target}: {code.name}: {details}")
