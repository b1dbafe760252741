"""The link's receiving end: bursts in, reports out."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

import grpc
import structlog
from google.protobuf.message import DecodeError

from receiver.questions.book import QuestionBook
from receiver.questions.record import PREFIX
from receiver.settings import ReceiverSettings
from receiver.sound.decoders import decodable
from receiver.transmission import Summary
from receiver.transmissions import LiveTransmission, Transmissions
from semvid.errors import Conflict, InvalidInput, LinkFailed, SemvidError
from semvid.link.return_link import Reporter, ReturnLink, return_link_of, window_of
from semvid.link.status import MAX_DETAILS, abort, status_of
from semvid.link.stream import next_request
from semvid.link.symbols import SYMBOL_BYTES, pack_symbols
from semvid.link.waveform import frame_message, waveform_of
from semvid.phy.block import Reception, TbState
from semvid.profile import Given
from semvid.service.files import is_full, storage_full
from semvid.service.tracing import NO_TRACES, Span, Traces, traceparent_of
from semvid.waveform import SingleCarrier, Waveform
from semvid.wire.v1 import link_pb2 as pb
from semvid.wire.v1 import link_pb2_grpc

_log = structlog.get_logger(__name__)
_STATES = {
    TbState.ABSENT: pb.TRANSPORT_BLOCK_STATE_UNSPECIFIED,
    TbState.DECODED: pb.TRANSPORT_BLOCK_STATE_DECODED,
    TbState.FAILED: pb.TRANSPORT_BLOCK_STATE_FAILED,
}
_DRAWS_FROM = {
    Given.BOTH_ENDS: pb.DRAWS_FROM_BOTH_ENDS,
    Given.FIRST_FRAME: pb.DRAWS_FROM_FIRST_FRAME,
    Given.NOTHING: pb.DRAWS_FROM_NOTHING,
}

Context = grpc.aio.ServicerContext[pb.TransmitRequest, pb.TransmitResponse]


@dataclass(frozen=True, slots=True)
class _Opening:
    """What a transmission begins with; see `semvid.wire.v1.link_pb2.Open`."""

    transmission_id: str
    attempt: int
    waveform: Waveform
    window: int
    return_link: ReturnLink | None
    live: bool = False


class Incoming(Protocol):
    """What arrives by one `Transmit` call.

    Attributes:
        transmission_id: with which it was opened.
        path: where it can be looked at, of the REST interface.
    """

    transmission_id: str
    path: str

    async def take(self, data: bytes) -> Reception:
        """Receives one burst."""

    async def end(self, return_bytes: int) -> Summary:
        """No more bursts come; so many bytes of reports went back."""

    def break_off(self, error: SemvidError) -> None:
        """The call ended early."""


class _IncomingVideo:
    """One transmission of a video, or of answers in its place."""

    def __init__(self, live: LiveTransmission, transmissions: Transmissions) -> None:
        self._live, self._transmissions = live, transmissions
        self.transmission_id = live.transmission.record.id
        self.path = f"/v1/videos/{self.transmission_id}"

    async def take(self, data: bytes) -> Reception:
        return await self._live.take(data)

    async def end(self, return_bytes: int) -> Summary:  # noqa: ARG002 - who sends notes them
        return await self._transmissions.end(self._live)

    def break_off(self, error: SemvidError) -> None:
        self._transmissions.break_off(self._live, error)


class LinkService(link_pb2_grpc.LinkServiceServicer):
    """One `Transmit` call per video, or per question that is answered.

    The report on a burst waits while the regeneration queue is full, so that a slow decoder is felt at the
    sender. A call that ends early leaves a video of what arrived.
    """

    def __init__(
        self,
        transmissions: Transmissions,
        questions: QuestionBook,
        settings: ReceiverSettings,
        traces: Traces = NO_TRACES,
    ) -> None:
        self._traces = traces
        self._transmissions, self._questions, self._settings = transmissions, questions, settings

    # grpc.aio takes a coroutine that reads and writes the context; the stub only knows of generators
    async def Transmit(  # type: ignore[override]  # noqa: N802
        self,
        request_iterator: object,  # noqa: ARG002
        context: Context,
    ) -> None:
        """Receives one transmission; the protocol is in proto/semvid/wire/v1/link.proto."""
        with self._traces.span("receive", traceparent_of(context.invocation_metadata())) as span:
            await self._transmit(context, span)

    async def _transmit(self, context: Context, span: Span) -> None:
        try:
            opening = _opening(await self._next(context))
            incoming = await self._open(opening, span)
            span.note(transmission_id=incoming.transmission_id)
        except SemvidError as error:
            self._transmissions.refuse(error)
            code = grpc.StatusCode.ALREADY_EXISTS if isinstance(error, Conflict) else status_of(error)
            await context.abort(code, str(error)[:MAX_DETAILS])
        try:
            await self._receive(incoming, opening, context, span)
        except SemvidError as error:
            incoming.break_off(error)
            await abort(context, error)
        except asyncio.CancelledError:
            incoming.break_off(self._transmissions.interruption())
            raise
        except Exception as error:
            _log.error("receiving failed", transmission_id=incoming.transmission_id, exc_info=error)
            told = SemvidError("the receiver failed unexpectedly; see its log")
            if is_full(error):
                told = storage_full(self._settings.data_dir)
            incoming.break_off(told)
            await abort(context, told)

    async def Questions(  # noqa: N802
        self,
        request: pb.QuestionsRequest,  # noqa: ARG002
        context: grpc.aio.ServicerContext[pb.QuestionsRequest, pb.Question],
    ) -> AsyncIterator[pb.Question]:
        """Questions to the source, as they are asked; each costs its bytes on the return direction."""
        try:
            async for record in self._questions.listen():
                message = pb.Question(
                    question_id=record.id, transmission_id=record.video_id, text=record.question
                )
                record.question_bytes += message.ByteSize()
                yield message
        except SemvidError as error:
            await abort(context, error)

    async def _open(self, opening: _Opening, span: Span) -> Incoming:
        transmission_id, waveform = opening.transmission_id, opening.waveform
        if transmission_id.startswith(PREFIX):
            return self._questions.open(transmission_id, waveform)
        live = await self._transmissions.open(
            transmission_id, opening.attempt, waveform, opening.window, span, opening.live
        )
        return _IncomingVideo(live, self._transmissions)

    async def _receive(self, incoming: Incoming, opening: _Opening, context: Context, span: Span) -> None:
        reporter = None if opening.return_link is None else Reporter(opening.return_link)
        accepted = pb.TransmitResponse(accepted=self._accepted(incoming.path, opening.waveform))
        await context.write(accepted)
        sequence = symbols = return_bytes = return_symbols = 0
        while (request := await self._next(context)) is not None:
            if request.WhichOneof("kind") != "block":
                raise InvalidInput("after the first request of a transmission only bursts may follow")
            if request.block.sequence != sequence:
                raise InvalidInput(f"burst {request.block.sequence} came where burst {sequence} was due")
            data = request.block.symbols
            with span.child("decode", symbols=len(data) // SYMBOL_BYTES) as part:
                reception = await incoming.take(data)
                part.note(snr_db=round(reception.snr_db, 2), bulk=reception.bulk_state.name)
            on_air = opening.waveform.on_air(len(data) // SYMBOL_BYTES)
            self._transmissions.count_burst(on_air)
            if reporter is None:
                response = pb.TransmitResponse(report=_report(sequence, reception))
            else:
                coded = reporter.report(sequence, reception)
                return_symbols += len(coded)
                self._transmissions.count_report(len(coded))
                report = pb.SymbolBlock(sequence=sequence, symbols=pack_symbols(coded))
                response = pb.TransmitResponse(report_symbols=report)
            return_bytes += response.ByteSize()
            await context.write(response)
            symbols += on_air
            sequence += 1
        with span.child("finish"):
            summary = await incoming.end(return_bytes)
        await context.write(
            pb.TransmitResponse(
                summary=pb.TransmitSummary(
                    bursts=sequence,
                    symbols=symbols,
                    frames=summary.frames,
                    complete=summary.complete,
                    return_bytes=return_bytes,
                    realised_snr_db=summary.realised_snr_db,
                    return_symbols=return_symbols,
                )
            )
        )

    async def _next(self, context: Context) -> pb.TransmitRequest | None:
        """The next request; None after the last."""
        timeout_s = self._settings.idle_timeout_s
        reading = next_request(context)
        try:
            async with asyncio.timeout(timeout_s):
                return await reading
        except DecodeError as error:
            raise InvalidInput("the receiver got a message that is no TransmitRequest") from error
        except TimeoutError as error:
            raise LinkFailed(f"the sender was silent for {timeout_s:g} s") from error

    def _accepted(self, path: str, waveform: Waveform) -> pb.Accepted:
        profile = self._transmissions.profile
        radio = waveform.radio if isinstance(waveform, SingleCarrier) else None
        return pb.Accepted(
            video_url=f"{self._settings.public_url.rstrip('/')}{path}",
            profile=pb.DecoderProfile(
                name=profile.name,
                longest_gap_s=profile.longest_gap_s,
                closed_loop=profile.closed_loop,
                draws_from=[_DRAWS_FROM[given] for given in sorted(profile.draws_from)],
                restorer=profile.restorer,
                synthesiser=profile.synthesiser,
                tokens=profile.tokens,
                jscc=profile.jscc,
                keeps_hdr=profile.keeps_hdr,
            ),
            sound_codecs=[codec.value for codec in decodable(self._transmissions.voice)],
            radio=None if radio is None else frame_message(radio),
        )


def _opening(request: pb.TransmitRequest | None) -> _Opening:
    if request is None or request.WhichOneof("kind") != "open":
        raise InvalidInput("a transmission begins with an Open request")
    message = request.open
    if message.HasField("emulation"):
        raise InvalidInput(
            "a receiver emulates no channel; send through a channel emulator or without conditions"
        )
    return _Opening(
        message.transmission_id,
        message.attempt or 1,
        waveform_of(message),
        window_of(message),
        return_link_of(message),
        message.live,
    )


def _report(sequence: int, reception: Reception) -> pb.BlockReport:
    return pb.BlockReport(
        sequence=sequence,
        control_decoded=reception.control is not None,
        protected=_STATES[reception.protected_state],
        bulk=_STATES[reception.bulk_state],
        snr_db=reception.snr_db,
        effective_snr_db=reception.effective_snr_db,
    )
