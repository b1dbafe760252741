"""The transmissions in work: how many there may be, their threads, their end."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

import structlog

from receiver.animators.animator import Animator
from receiver.animators.warp import WARP
from receiver.decoders.decoder import Decoder
from receiver.library import Library
from receiver.metrics import ReceiverMetrics
from receiver.record import State
from receiver.settings import ReceiverSettings
from receiver.sound.voices.voice import Voice
from receiver.transmission import Summary, Transmission
from semvid.errors import Busy, LinkFailed, SemvidError
from semvid.images.jscc.networks import shipped_digest
from semvid.images.restorer import Restorer
from semvid.phy.block import Reception
from semvid.service.tracing import NO_SPAN, Span
from semvid.tokens.model import TokenModel
from semvid.waveform import SINGLE_CARRIER, Waveform

Result = TypeVar("Result")

_log = structlog.get_logger(__name__)


class LiveTransmission:
    """A `Transmission` seen from the event loop: one blocking step at a time, and never lost half-way."""

    def __init__(self, transmission: Transmission, threads: ThreadPoolExecutor, moved: asyncio.Event) -> None:
        self.transmission, self._threads, self._moved = transmission, threads, moved
        self._step: asyncio.Future[Any] | None = None
        self._ending: asyncio.Task[Summary] | None = None

    async def take(self, data: bytes) -> Reception:
        """`Transmission.take` in a thread; then waits until there is room for the next block's gaps."""
        reception = await self._run(lambda: self.transmission.take(data))
        while self.transmission.crowded:
            self._moved.clear()
            if self.transmission.crowded:
                await self._moved.wait()
        return reception

    async def end(self, broken: SemvidError | None) -> Summary:
        """`Transmission.end` in a thread, once; later calls wait for the first and get its result."""
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._end(broken))
        return await asyncio.shield(self._ending)

    async def _end(self, broken: SemvidError | None) -> Summary:
        if self._step is not None:  # that a cancelled call left running
            with suppress(Exception):
                await self._step
        return await self._run(lambda: self.transmission.end(broken))

    async def settle(self) -> None:
        """`Transmission.settle` in a thread."""
        await asyncio.to_thread(self.transmission.settle)

    async def _run(self, step: Callable[[], Result]) -> Result:
        future = asyncio.get_running_loop().run_in_executor(self._threads, step)
        self._step = future
        return await asyncio.shield(future)


class Transmissions:
    """All transmissions in work. Use it from one event loop.

    Args:
        settings: bounds.
        library: where videos are kept.
        decoder: serves all videos.
        metrics: what is counted.
        restorer: of keyframes; None: none.
        voice: reads sound that came as text; None: nobody does.
        tokens: makes pictures of tokens; None: nobody does.
        animator: makes portraits move.

    Attributes:
        profile: what the receiver can show: its decoder, restorer, token model and networks together.
    """

    def __init__(
        self,
        settings: ReceiverSettings,
        library: Library,
        decoder: Decoder,
        metrics: ReceiverMetrics,
        restorer: Restorer | None = None,
        voice: Voice | None = None,
        tokens: TokenModel | None = None,
        animator: Animator = WARP,
    ) -> None:
        self._animator = animator
        self.decoder, self._restorer, self.voice, self._tokens = decoder, restorer, voice, tokens
        self.profile = replace(
            decoder.profile,
            restorer="" if restorer is None else restorer.digest,
            tokens="" if tokens is None else tokens.digest,
            jscc=shipped_digest(),
        )
        self._settings, self._library, self._metrics = settings, library, metrics
        self._receiving = ThreadPoolExecutor(settings.concurrent_transmissions, "receive")
        self._regenerating = ThreadPoolExecutor(settings.workers, "regenerate")
        self._live: dict[str, LiveTransmission] = {}
        self._settling: dict[str, asyncio.Task[None]] = {}
        self._draining = False

    def live(self, video_id: str) -> Transmission | None:
        """The transmission of a video in work."""
        found = self._live.get(video_id)
        return None if found is None else found.transmission

    async def open(
        self,
        transmission_id: str,
        attempt: int = 1,
        waveform: Waveform = SINGLE_CARRIER,
        window: int = 1,
        span: Span = NO_SPAN,
        endless: bool = False,
    ) -> LiveTransmission:
        """Begins a transmission; what is still made of an earlier attempt is given up.

        Args:
            transmission_id: the id of the video, too.
            attempt: of the sender, from 1.
            waveform: how its bursts are sent.
            window: blocks that the sender may have under way at once.
            span: what the making of the video is a part of.
            endless: nobody knows when it ends; it is shown while it comes, and kept in part.

        Raises:
            LinkFailed: the service is being stopped.
            Busy: as many videos are in work as may, or an earlier attempt still sends.
            Conflict: the id is in use, by this attempt or a later one.
            InvalidInput: an id that is no id.
            StorageFull: there is no room on the disk.
        """
        if self._draining:
            raise LinkFailed("the receiver is being stopped; try again when it is back")
        await self._give_up_earlier(transmission_id, attempt)
        if len(self._live) >= self._settings.concurrent_transmissions:
            raise Busy(
                f"the receiver works on {len(self._live)} videos, its limit; try again when one is finished"
            )
        loop, moved = asyncio.get_running_loop(), asyncio.Event()

        def notify() -> None:
            with suppress(RuntimeError):  # the loop is closed; nobody waits
                loop.call_soon_threadsafe(moved.set)

        most_bytes = self._settings.live_lines_bytes if endless else None
        name = self.decoder.profile.name
        files, record = self._library.create(transmission_id, name, attempt, endless, most_bytes)
        transmission = Transmission(
            files,
            record,
            self.decoder,
            self._regenerating,
            self._settings,
            notify,
            self._restorer,
            self.voice,
            self._tokens,
            waveform,
            window,
            span,
            self._animator,
        )
        live = self._live[transmission_id] = LiveTransmission(transmission, self._receiving, moved)
        self._metrics.in_work.set(len(self._live))
        _log.info("transmission opened", transmission_id=transmission_id)
        return live

    async def _give_up_earlier(self, transmission_id: str, attempt: int) -> None:
        live = self._live.get(transmission_id)
        if live is None or live.transmission.record.attempt >= attempt:
            return
        settling = self._settling.get(transmission_id)
        if settling is None:
            raise Busy(f"an earlier attempt at transmission {transmission_id} is still under way; try again")
        live.transmission.stop()
        await asyncio.wait({settling})

    async def end(self, live: LiveTransmission) -> Summary:
        """The sender closed the stream: the video is finished, also where nobody waits for that any more.

        Returns:
            What arrived, once the video is made: from then on no crash of the receiver changes it.

        Raises:
            SemvidError: the video could not be made of what arrived.
        """
        settling = self._settle_in_background(live, None)
        summary = await live.end(None)
        await asyncio.shield(settling)
        pipeline = live.transmission.pipeline
        if pipeline is not None and pipeline.error is not None:
            raise pipeline.error
        return summary

    def break_off(self, live: LiveTransmission, error: SemvidError) -> None:
        """The stream ended early: what arrived is regenerated in the background."""
        video_id = live.transmission.record.id
        if video_id in self._settling or self._live.get(video_id) is not live:
            return  # it had ended already
        self._metrics.refused.labels(error.code).inc()
        _log.warning("transmission broke off", transmission_id=video_id, error=str(error))
        self._settle_in_background(live, error)

    def interruption(self) -> SemvidError:
        """Why a call was cancelled."""
        if self._draining:
            return LinkFailed("the receiver was stopped during the transmission")
        return LinkFailed("the sender broke the transmission off")

    def refuse(self, error: SemvidError) -> None:
        """Counts a transmission that was not begun."""
        self._metrics.refused.labels(error.code).inc()

    def count_burst(self, symbols: int) -> None:
        """Counts one burst."""
        self._metrics.bursts.inc()
        self._metrics.symbols.inc(symbols)

    def count_report(self, symbols: int) -> None:
        """Counts one report that went back as symbols."""
        self._metrics.return_symbols.inc(symbols)

    async def drain(self, grace_s: float) -> None:
        """Refuses new transmissions, gives regeneration ``grace_s`` seconds, then stops it.

        Call it after the link has closed. Videos that are stopped are TRUNCATED and can be played.
        """
        self._draining = True
        for live in self._live.values():
            self.break_off(live, self.interruption())
        if self._settling:
            _, late = await asyncio.wait(self._settling.values(), timeout=grace_s)
            for live in self._live.values():
                live.transmission.stop()
            if late:
                await asyncio.wait(late)
        self._receiving.shutdown()
        self._regenerating.shutdown()

    def refuse_new(self) -> None:
        """From now on `open` refuses."""
        self._draining = True

    def _settle_in_background(self, live: LiveTransmission, broken: SemvidError | None) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._settle(live, broken))
        self._settling[live.transmission.record.id] = task
        return task

    async def _settle(self, live: LiveTransmission, broken: SemvidError | None) -> None:
        record = live.transmission.record
        try:
            try:
                await live.end(broken)
                await live.settle()
            except Exception as error:
                _log.error("video cannot be finished", transmission_id=record.id, exc_info=error)
                record.fail(SemvidError("the receiver failed unexpectedly at the end; see its log"))
                record.state = State.FAILED
            await asyncio.to_thread(self._library.finish, record.id)
        finally:
            del self._live[record.id], self._settling[record.id]
            self._metrics.in_work.set(len(self._live))
        self._metrics.count_video(record)
        _log.info(
            "video finished", transmission_id=record.id, state=record.state, frames=record.frames_written
        )
