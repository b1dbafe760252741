"""A recording of what was received, once more to a receiver."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import grpc

from semvid.errors import LinkFailed
from semvid.link.bootstrap import make_channel
from semvid.link.recording import Recording
from semvid.link.symbols import pack_symbols
from semvid.link.tls import ClientTls
from semvid.link.waveform import set_waveform
from semvid.wire.v1 import link_pb2 as pb
from semvid.wire.v1 import link_pb2_grpc

_ANSWER_S = 300.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the receiver made of it.

    Attributes:
        bursts, symbols: that were handed over; symbols as channel uses, as the receiver counts them.
        unread: bursts whose control word it could not read.
        complete: header, end and every keyframe arrived.
    """

    bursts: int
    symbols: int
    unread: int
    complete: bool


async def replay(recording: Recording, target: str, tls: ClientTls | None = None) -> Replayed:
    """Hands the bursts of a recording to a receiver, in order, each when it has reported on the one before.

    Args:
        recording: of what was received; one of what was sent is received without a channel.
        target: address of the receiver's link.
        tls: towards it.

    Raises:
        LinkFailed: it cannot be reached, or refused.
    """
    unread = 0
    async with make_channel(target, tls) as channel:
        call: Any = link_pb2_grpc.LinkServiceStub(channel).Transmit()
        opening = pb.Open(transmission_id=recording.transmission_id, attempt=recording.attempt)
        set_waveform(opening, recording.waveform)
        try:
            await call.write(pb.TransmitRequest(open=opening))
            await _answer(call, "accepted")
            for sequence, symbols in enumerate(recording.symbols()):
                block = pb.SymbolBlock(sequence=sequence, symbols=pack_symbols(symbols))
                await call.write(pb.TransmitRequest(block=block))
                unread += not (await _answer(call, "report")).report.control_decoded
            await call.done_writing()
            summary = (await _answer(call, "summary")).summary
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
            details = await call.details() if call.done() else str(error)
            raise LinkFailed(f"replay: the receiver at {target} took no more: {details}") from error
        finally:
            call.cancel()
    return Replayed(summary.bursts, summary.symbols, unread, summary.complete)


async def _answer(call: Any, expected: str) -> pb.TransmitResponse:
    try:
        async with asyncio.timeout(_ANSWER_S):
            response = await call.read()
    except TimeoutError as error:
        raise LinkFailed(f"replay: the receiver sent no {expected} within {_ANSWER_S:g} s") from error
    if response is grpc.aio.EOF:
        raise LinkFailed(f"replay: the receiver ended the call: {await call.details()}")
    if not response.HasField(expected):
        raise LinkFailed(f"replay: the receiver sent {response.WhichOneof('kind')} where {expected} was due")
    return response  # type: ignore[no-any-return]
