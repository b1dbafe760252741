"""Between two hops: implements LinkService and calls the next hop's.

Forward, every burst crosses the air (`channel.air`) and only then is sent on; the next one
is read when the next hop has taken it, so that one burst per transmission is held here and a slow receiver
is felt at the sender. Backward, reports that are symbols get the noise of the return link, everything is late
by its delay (`channel.reports`), and the rest passes unchanged, the final status too. Messages are made anew:
the transmission id, the attempt, the waveform, the window and the coding of reports, the numbering and the
received symbols are all that goes on, whatever else a sender may have put into them or into the call's
metadata. The one exception is a well-formed ``traceparent``, so that a trace goes through
(docs/operations.md).
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import grpc
import structlog

from channel.air import Air, Sent
from channel.downstream import Downstream
from channel.metrics import ChannelMetrics
from channel.power import PowerGuard
from channel.recording import Recorder, Recordings
from channel.registry import Registry
from channel.reports import Reports
from channel.return_path import ReturnPath
from channel.settings import ChannelSettings
from semvid.errors import InvalidInput, LimitExceeded, LinkFailed, SemvidError
from semvid.link.status import abort, status_of
from semvid.link.stream import next_request
from semvid.link.symbols import pack_symbols, unpack_symbols
from semvid.link.waveform import set_waveform, waveform_of
from semvid.proxy import grpc_proxy
from semvid.service.tracing import NO_TRACES, Span, Traces, traceparent_of
from semvid.waveform import Waveform
from semvid.wire.v1 import link_pb2 as pb
from semvid.wire.v1 import link_pb2_grpc

_LAST_RESPONSE_S = 5.0
_TRANSMISSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_log = structlog.get_logger(__name__)

Context = grpc.aio.ServicerContext[pb.TransmitRequest, pb.TransmitResponse]


class LinkProxy(link_pb2_grpc.LinkServiceServicer):
    """LinkService between a sender and the next hop."""

    def __init__(
        self,
        registry: Registry,
        air: Air,
        downstream: Downstream,
        metrics: ChannelMetrics,
        settings: ChannelSettings,
        traces: Traces = NO_TRACES,
    ) -> None:
        self._traces = traces
        self._registry, self._air, self._downstream = registry, air, downstream
        self._recordings = Recordings(settings.record_dir)
        self._metrics, self._settings = metrics, settings
        self._return_path = ReturnPath(downstream)

    def drain(self) -> None:
        """Lets those go who listen for questions; transmissions go on."""
        self._return_path.drain()

    async def Questions(  # noqa: N802
        self,
        request: pb.QuestionsRequest,  # noqa: ARG002
        context: grpc.aio.ServicerContext[pb.QuestionsRequest, pb.Question],
    ) -> AsyncIterator[pb.Question]:
        """Questions from the receiver, with the status of the next hop at the end."""
        try:
            async for question in self._return_path.questions():
                yield question
        except grpc.aio.AioRpcError as error:
            await context.abort(error.code(), error.details() or "")
        except SemvidError as error:
            await abort(context, error)

    # grpc.aio takes a coroutine that reads and writes the context; the stub only knows of generators
    async def Transmit(  # type: ignore[override]  # noqa: N802
        self,
        request_iterator: object,  # noqa: ARG002
        context: Context,
    ) -> None:
        """One transmission, from `Open` to the status of the next hop."""
        status = "CANCELLED"
        self._metrics.open_transmissions.inc()
        try:
            opening = await self._opening(context)
            emulation = opening.emulation if opening.HasField("emulation") else None
            waveform = self._air.opened(opening, waveform_of(opening))
            with self._registry.transmission(opening.transmission_id, emulation, waveform):
                code, details, trailers = await self._relay(opening, waveform, context)
        except SemvidError as error:
            status = status_of(error).name
            await abort(context, error)
        else:
            status = code.name
            if code is not grpc.StatusCode.OK:
                await context.abort(code, details, trailers)
            context.set_trailing_metadata(trailers)
        finally:
            self._metrics.open_transmissions.dec()
            self._metrics.transmissions.labels(status).inc()

    async def _opening(self, context: Context) -> pb.Open:
        request = await _read(context, self._settings.open_timeout_s)
        if request is None or request.WhichOneof("kind") != "open":
            raise InvalidInput("channel: the first message of a transmission must be Open")
        if not _TRANSMISSION_ID.fullmatch(request.open.transmission_id):
            raise InvalidInput("channel: a transmission id has 1..64 characters of A-Z a-z 0-9 _ -")
        return request.open

    async def _relay(
        self, opening: pb.Open, waveform: Waveform, context: Context
    ) -> tuple[grpc.StatusCode, str, Any]:
        """Passes bursts on and responses back until the next hop ends the call; returns its status."""
        parent = traceparent_of(context.invocation_metadata())
        with self._traces.span("channel", parent, transmission_id=opening.transmission_id) as span:
            return await self._relay_traced(opening, waveform, context, span)

    async def _relay_traced(
        self, opening: pb.Open, waveform: Waveform, context: Context, span: Span
    ) -> tuple[grpc.StatusCode, str, Any]:
        call = self._downstream.transmit(context.time_remaining(), span.traceparent)
        recorder = self._recordings.begin(opening, waveform, self._air)
        relay = _Relay(opening, waveform, self._registry, self._air, recorder, self._metrics, self._settings)
        reports = Reports(lambda: self._registry.conditions(opening.transmission_id), self._metrics)
        forward = asyncio.create_task(relay.forward(context, call))
        backward = asyncio.create_task(reports.pass_back(call, context))
        try:
            await asyncio.wait({forward, backward}, return_when=asyncio.FIRST_COMPLETED)
            if forward.done() and forward.exception():
                call.cancel()
                # a status cannot be sent while a response is: that one first
                await asyncio.wait({backward}, timeout=_LAST_RESPONSE_S)
            if forward.done():
                forward.result()
            await backward
            code, details = await call.code(), await call.details()
            if code is grpc.StatusCode.UNAVAILABLE and await self._downstream.connection_lost():
                proxy = grpc_proxy(self._downstream.target)
                raise LinkFailed(
                    f"channel: no connection to the next hop {self._downstream.target} ({details}); start a "
                    "receiver there or set SEMVID_CHANNEL_RECEIVER to where it is"
                    + ("" if proxy is None else f"; {proxy.in_the_way('no_proxy')}")
                )
            return code, details, tuple(await call.trailing_metadata())
        finally:
            for task in (forward, backward):
                task.cancel()
            call.cancel()
            await asyncio.gather(forward, backward, return_exceptions=True)
            recorder.close()
            span.note(bursts=relay.bursts, symbols=relay.symbols)
            _log.info(
                "transmission ended",
                transmission_id=opening.transmission_id,
                bursts=relay.bursts,
                symbols=relay.symbols,
            )


class _Relay:
    """The forward direction of one transmission: bursts in, received bursts out."""

    def __init__(
        self,
        opening: pb.Open,
        waveform: Waveform,
        registry: Registry,
        air: Air,
        recorder: Recorder,
        metrics: ChannelMetrics,
        settings: ChannelSettings,
    ) -> None:
        self.bursts = self.symbols = 0
        self._transmission_id, self._attempt = opening.transmission_id, opening.attempt
        self._opening = opening
        self._registry, self._air, self._waveform = registry, air, waveform
        self._recorder = recorder
        self._metrics, self._settings = metrics, settings
        self._power = PowerGuard() if settings.check_power else None

    async def forward(self, context: Context, call: Any) -> None:
        """Until the sender closes its side or the next hop ends the call.

        Raises:
            InvalidInput, LimitExceeded, LinkFailed: the sender broke the protocol or a bound.
        """
        opening = pb.Open(
            transmission_id=self._transmission_id,
            attempt=self._attempt,
            window=self._opening.window,
            live=self._opening.live,
        )
        set_waveform(opening, self._waveform)
        if self._opening.HasField("return_link"):
            aggregation = self._opening.return_link.aggregation
            opening.return_link.CopyFrom(pb.ReturnLink(aggregation=aggregation))
        if not await _taken(call.write(pb.TransmitRequest(open=opening))):
            return
        while (request := await _read(context, self._settings.idle_timeout_s)) is not None:
            received = await self._received(request)
            started = time.perf_counter()
            if not await _taken(call.write(pb.TransmitRequest(block=received))):
                return
            self._metrics.backpressure_seconds.inc(time.perf_counter() - started)
        await _taken(call.done_writing())

    async def _received(self, request: pb.TransmitRequest) -> pb.SymbolBlock:
        if request.WhichOneof("kind") != "block":
            raise InvalidInput("channel: every message of a transmission after Open must be a burst")
        if request.block.sequence != self.bursts:
            raise InvalidInput(
                f"channel: burst {self.bursts} was due, got sequence {request.block.sequence}; count from 0"
            )
        sent = unpack_symbols(request.block.symbols)
        if self.symbols + sent.size > self._settings.max_symbols:
            raise LimitExceeded(
                f"channel: transmission of more than {self._settings.max_symbols} symbols; send a shorter "
                "video, accept a lower quality or raise SEMVID_CHANNEL_MAX_SYMBOLS"
            )
        if self._power:
            self._power.check(sent)
        burst = Sent(self._transmission_id, sent, self.bursts, self.symbols, self._waveform)
        with self._metrics.block_seconds.time():
            arrived = await self._air.cross(burst)
        self._recorder.add(burst, arrived)
        message = pb.SymbolBlock(sequence=self.bursts, symbols=pack_symbols(arrived.symbols))
        self.bursts += 1
        self.symbols += sent.size
        self._registry.blocks += 1
        self._registry.symbols += sent.size
        model = str(arrived.remarks.get("model", "radio"))
        self._metrics.blocks.labels(model).inc()
        self._metrics.symbols.labels(model).inc(self._waveform.on_air(sent.size))
        self._metrics.lost.inc(bool(arrived.remarks.get("lost")))
        return message


async def _read(context: Context, timeout_s: float) -> pb.TransmitRequest | None:
    """The sender's next message; None once it has closed its side."""
    try:
        async with asyncio.timeout(timeout_s):
            return await next_request(context)
    except TimeoutError as error:
        raise LinkFailed(
            f"channel: the sender was silent for {timeout_s:g} s; cancel transmissions that are not going on"
        ) from error


async def _taken(writing: Coroutine[Any, Any, None]) -> bool:
    """Awaits a write to the next hop; false if the call is over, its status says why."""
    try:
        await writing
    except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
        return False
    return True
