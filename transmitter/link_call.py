"""One `LinkService.Transmit` call, seen from the sending end."""

import asyncio
from typing import Any, Self

import grpc

from semvid.channel_options import ChannelOptions
from semvid.errors import Busy, InvalidInput, LinkFailed, SemvidError
from semvid.link.blocks import BlockReport
from semvid.link.bootstrap import make_channel
from semvid.link.harq import MAX_WINDOW
from semvid.link.return_link import ReturnLink, set_return_link
from semvid.link.symbols import pack_symbols, unpack_symbols
from semvid.link.tls import ClientTls
from semvid.link.waveform import frame_of, set_waveform
from semvid.phy.arrays import Symbols
from semvid.phy.block import TbState
from semvid.phy.report_word import report_level
from semvid.profile import Given, Profile
from semvid.proxy import grpc_proxy
from semvid.semantics import SoundCodec
from semvid.service.tracing import carried
from semvid.waveform import SingleCarrier, Waveform
from semvid.wire.v1 import link_pb2 as pb
from semvid.wire.v1 import link_pb2_grpc
from transmitter.channel_call import wire_conditions

_STATES = {
    pb.TRANSPORT_BLOCK_STATE_UNSPECIFIED: TbState.ABSENT,
    pb.TRANSPORT_BLOCK_STATE_DECODED: TbState.DECODED,
    pb.TRANSPORT_BLOCK_STATE_FAILED: TbState.FAILED,
}
_DRAWS_FROM = {
    pb.DRAWS_FROM_BOTH_ENDS: Given.BOTH_ENDS,
    pb.DRAWS_FROM_FIRST_FRAME: Given.FIRST_FRAME,
    pb.DRAWS_FROM_NOTHING: Given.NOTHING,
}


class LinkCall:
    """Bursts out, reports back, both in order.

    Attributes:
        profile: what the receiver's decoder can bridge; known once the call is entered.
        sound_codecs: what it can decode sound of; likewise.
        window: blocks that may be under way at once: more than one where reports are known to come late.
        return_symbols: of the reports that came back as symbols.
        video_url: of the video at the receiver; a path where the receiver does not know its own address.
        waveform: how symbols become a signal, with what a radio on the way puts around bursts; likewise.
    """

    profile: Profile
    sound_codecs: frozenset[SoundCodec]
    video_url: str
    waveform: Waveform

    def __init__(
        self,
        target: str,
        transmission_id: str,
        attempt: int,
        emulation: ChannelOptions | None,
        waveform: Waveform,
        accept_timeout_s: float,
        report_timeout_s: float,
        video_timeout_s: float,
        tls: ClientTls | None = None,
        traceparent: str | None = None,
        live: bool = False,
    ) -> None:
        self._target, self._tls = target, tls
        self._open = pb.Open(transmission_id=transmission_id, attempt=attempt, live=live)
        self._asked = waveform
        set_waveform(self._open, waveform)
        self.window, self._return_link = 1, None
        if emulation is not None and emulation.return_delay_ms:
            self.window = self._open.window = MAX_WINDOW
        if emulation is not None and emulation.return_snr_db is not None:
            self._return_link = ReturnLink(report_level(emulation.return_snr_db))
        set_return_link(self._open, self._return_link)
        if emulation is not None:
            self._open.emulation.CopyFrom(wire_conditions(emulation))
        self._accept_timeout_s = accept_timeout_s
        self._report_timeout_s = report_timeout_s
        self._sent = self._reported = self.return_symbols = 0
        self._video_timeout_s = video_timeout_s
        self._metadata = carried(traceparent)

    async def __aenter__(self) -> Self:
        """Opens the transmission.

        Raises:
            LinkFailed, Busy, InvalidInput: nobody answers, the other end refuses, or a TLS file cannot be
                read.
        """
        self._channel = make_channel(self._target, self._tls)
        self._call: Any = link_pb2_grpc.LinkServiceStub(self._channel).Transmit(metadata=self._metadata)
        try:
            await self._write(pb.TransmitRequest(open=self._open))
            accepted = (await self._read("accepted", self._accept_timeout_s)).accepted
        except BaseException:
            await self._hang_up()
            raise
        self.waveform = self._asked
        if accepted.HasField("radio"):
            if self._open.HasField("ofdm"):
                await self._hang_up()
                raise LinkFailed(f"{self._target} is a radio that sends a single carrier; leave OFDM out")
            self.waveform = SingleCarrier(frame_of(accepted.radio))
        announced = accepted.profile
        self.video_url = accepted.video_url
        known = {codec.value: codec for codec in SoundCodec}
        self.sound_codecs = frozenset(known[name] for name in accepted.sound_codecs if name in known)
        self.profile = Profile(
            name=announced.name,
            longest_gap_s=announced.longest_gap_s,
            closed_loop=announced.closed_loop,
            # of a newer receiver there may be kinds that we do not know
            draws_from=frozenset(_DRAWS_FROM[kind] for kind in announced.draws_from if kind in _DRAWS_FROM)
            or frozenset({Given.BOTH_ENDS}),
            restorer=announced.restorer,
            synthesiser=announced.synthesiser,
            tokens=announced.tokens,
            jscc=announced.jscc,
            keeps_hdr=announced.keeps_hdr,
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._hang_up()

    async def send(self, symbols: Symbols) -> None:
        """Sends one burst.

        Raises:
            LinkFailed, Busy, InvalidInput: the link broke off or refused the burst.
        """
        block = pb.SymbolBlock(sequence=self._sent, symbols=pack_symbols(symbols))
        await self._write(pb.TransmitRequest(block=block))
        self._sent += 1

    async def report(self) -> BlockReport | None:
        """Waits for the report on the oldest burst that none came on yet; None: it cannot be read.

        Raises:
            LinkFailed, Busy, InvalidInput: the link broke off or refused the burst.
        """
        expected = "report" if self._return_link is None else "report_symbols"
        response = await self._read(expected, self._report_timeout_s)
        report: pb.BlockReport | pb.SymbolBlock = getattr(response, expected)
        if report.sequence != self._reported:
            raise LinkFailed(f"{self._target} reported on burst {report.sequence}, not {self._reported}")
        self._reported += 1
        if isinstance(report, pb.SymbolBlock):
            assert self._return_link is not None
            symbols = unpack_symbols(report.symbols)
            self.return_symbols += len(symbols)
            return self._return_link.read(symbols, report.sequence)
        return BlockReport(
            report.control_decoded,
            _STATES[report.protected],
            _STATES[report.bulk],
            report.snr_db,
            report.effective_snr_db,
        )

    async def finish(self) -> pb.TransmitSummary:
        """Says that no more bursts come and waits for the receiver's summary, which comes with its video."""
        await self._call.done_writing()
        return (await self._read("summary", self._video_timeout_s)).summary

    async def _write(self, request: pb.TransmitRequest) -> None:
        try:
            await self._call.write(request)
        except grpc.aio.AioRpcError as error:
            raise _refusal(self._target, error.code(), error.details() or "") from error
        except asyncio.InvalidStateError as error:  # the call ended before; its status says why
            raise await self._status_of_ended_call() from error

    async def _read(self, expected: str, timeout_s: float) -> pb.TransmitResponse:
        try:
            # `asyncio.wait_for` of Python 3.11 loses a cancellation that comes together with the response
            async with asyncio.timeout(timeout_s):
                response = await self._call.read()
        except TimeoutError as error:
            raise LinkFailed(
                f"{self._target} sent no {expected} within {timeout_s:g} s; is the receiver overloaded?"
            ) from error
        except grpc.aio.AioRpcError as error:
            raise _refusal(self._target, error.code(), error.details() or "") from error
        if response is grpc.aio.EOF:
            raise await self._status_of_ended_call()
        if not response.HasField(expected):
            raise LinkFailed(f"{self._target} sent {response.WhichOneof('kind')} where {expected} was due")
        return response  # type: ignore[no-any-return]

    async def _status_of_ended_call(self) -> SemvidError:
        code, details = await self._call.code(), await self._call.details()
        return _refusal(self._target, code, details or "the stream ended early")

    async def _hang_up(self) -> None:
        self._call.cancel()
        await self._channel.close()


def _refusal(target: str, code: grpc.StatusCode, details: str) -> SemvidError:
    message = f"link to {target}: {code.name}: {details}"
    match code:
        case grpc.StatusCode.INVALID_ARGUMENT:
            return InvalidInput(message)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return Busy(message)
        case grpc.StatusCode.UNAVAILABLE if proxy := grpc_proxy(target):
            return LinkFailed(f"{message}; {proxy.in_the_way('no_proxy')}")
        case _:
            return LinkFailed(message)
