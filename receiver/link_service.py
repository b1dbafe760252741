"""The link's receiving end: bursts in, reports out."""

import asyncio

import grpc
import structlog
from google.protobuf.message import DecodeError

from receiver.settings import ReceiverSettings
from receiver.sound.decoders import decodable
from receiver.transmissions import LiveTransmission, Transmissions
from semvid.errors import Conflict, InvalidInput, LinkFailed, SemvidError
from semvid.link.status import MAX_DETAILS, abort, status_of
from semvid.link.stream import next_request
from semvid.link.symbols import SYMBOL_BYTES
from semvid.link.waveform import waveform_of
from semvid.phy.block import Reception, TbState
from semvid.profile import Given
from semvid.service.files import is_full, storage_full
from semvid.waveform import Waveform
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


class LinkService(link_pb2_grpc.LinkServiceServicer):
    """One `Transmit` call per video.

    The report on a burst waits while the regeneration queue is full, so that a slow decoder is felt at the
    sender. A call that ends early leaves a video of what arrived.
    """

    def __init__(self, transmissions: Transmissions, settings: ReceiverSettings) -> None:
        self._transmissions, self._settings = transmissions, settings

    # grpc.aio takes a coroutine that reads and writes the context; the stub only knows of generators
    async def Transmit(  # type: ignore[override]  # noqa: N802
        self,
        request_iterator: object,  # noqa: ARG002
        context: Context,
    ) -> None:
        """Receives one transmission; the protocol is in proto/semvid/wire/v1/link.proto."""
        try:
            opening = await self._next(context)
            live = await self._transmissions.open(*_opening(opening))
        except SemvidError as error:
            self._transmissions.refuse(error)
            code = grpc.StatusCode.ALREADY_EXISTS if isinstance(error, Conflict) else status_of(error)
            await context.abort(code, str(error)[:MAX_DETAILS])
        try:
            await self._receive(live, context)
        except SemvidError as error:
            self._transmissions.break_off(live, error)
            await abort(context, error)
        except asyncio.CancelledError:
            self._transmissions.break_off(live, self._transmissions.interruption())
            raise
        except Exception as error:
            _log.error("receiving failed", transmission_id=live.transmission.record.id, exc_info=error)
            told = SemvidError("the receiver failed unexpectedly; see its log")
            if is_full(error):
                told = storage_full(self._settings.data_dir)
            self._transmissions.break_off(live, told)
            await abort(context, told)

    async def _receive(self, live: LiveTransmission, context: Context) -> None:
        accepted = pb.TransmitResponse(accepted=self._accepted(live.transmission.record.id))
        await context.write(accepted)
        sequence = symbols = return_bytes = 0
        while (request := await self._next(context)) is not None:
            if request.WhichOneof("kind") != "block":
                raise InvalidInput("after the first request of a transmission only bursts may follow")
            if request.block.sequence != sequence:
                raise InvalidInput(f"burst {request.block.sequence} came where burst {sequence} was due")
            data = request.block.symbols
            reception = await live.take(data)
            self._transmissions.count_burst(len(data) // SYMBOL_BYTES)
            response = pb.TransmitResponse(report=_report(sequence, reception))
            return_bytes += response.ByteSize()
            await context.write(response)
            symbols += len(data) // SYMBOL_BYTES
            sequence += 1
        summary = await self._transmissions.end(live)
        await context.write(
            pb.TransmitResponse(
                summary=pb.TransmitSummary(
                    bursts=sequence,
                    symbols=symbols,
                    frames=summary.frames,
                    complete=summary.complete,
                    return_bytes=return_bytes,
                    realised_snr_db=summary.realised_snr_db,
                )
            )
        )

    async def _next(self, context: Context) -> pb.TransmitRequest | None:
        """The next request; None after the last."""
        timeout_s = self._settings.idle_timeout_s
        reading = next_request(context)
        try:
            return await asyncio.wait_for(reading, timeout_s)
        except DecodeError as error:
            raise InvalidInput("the receiver got a message that is no TransmitRequest") from error
        except TimeoutError as error:
            raise LinkFailed(f"the sender was silent for {timeout_s:g} s") from error

    def _accepted(self, video_id: str) -> pb.Accepted:
        profile = self._transmissions.profile
        return pb.Accepted(
            video_url=f"{self._settings.public_url.rstrip('/')}/v1/videos/{video_id}",
            profile=pb.DecoderProfile(
                name=profile.name,
                longest_gap_s=profile.longest_gap_s,
                closed_loop=profile.closed_loop,
                draws_from=[_DRAWS_FROM[given] for given in sorted(profile.draws_from)],
                restorer=profile.restorer,
            ),
            sound_codecs=[codec.value for codec in decodable(self._transmissions.voice)],
        )


def _opening(request: pb.TransmitRequest | None) -> tuple[str, int, Waveform]:
    """Id, attempt and waveform of the transmission that ``request`` opens."""
    if request is None or request.WhichOneof("kind") != "open":
        raise InvalidInput("a transmission begins with an Open request")
    if request.open.HasField("emulation"):
        raise InvalidInput(
            "a receiver emulates no channel; send through a channel emulator or without conditions"
        )
    return request.open.transmission_id, request.open.attempt or 1, waveform_of(request.open)


def _report(sequence: int, reception: Reception) -> pb.BlockReport:
    return pb.BlockReport(
        sequence=sequence,
        control_decoded=reception.control is not None,
        protected=_STATES[reception.protected_state],
        bulk=_STATES[reception.bulk_state],
        snr_db=reception.snr_db,
        effective_snr_db=reception.effective_snr_db,
    )
