"""The way of a video through the transmitter, from a file to symbols on the link.

1. The link is opened; the receiver announces what its decoder can bridge; known symbols measure the SNR.
2. Excerpts of the video are tried, and quality and density planned (`transmitter.rate.plan`).
3. `Encoder.segments` reads frames one by one and closes a segment at each keyframe that it chooses.
4. `Encoder.shipments` codes keyframes in groups.
5. `Shipping.ship` has `HarqSender` send each group, the most important layers first, with the side
   information of its segments; their sound travels ahead of their pictures.
6. `Encoder.delivered` takes what became of it, for the picture code and for rate control.

`transmitter.coding` has an encoder for every way in which keyframes cross. Step 3 runs in a thread of its
own, ahead of the link by a few segments, never more. Of a live source the upload is the beginning, on which
is planned; its frames come from `transmitter.live`. A job with a task goes none of these ways: its questions
are answered, and the answers sent (`transmitter.answers`).
"""

import asyncio
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import aclosing, closing
from dataclasses import asdict, replace
from functools import partial
from importlib import metadata
from urllib.parse import urljoin

from semvid import __version__
from semvid.accounting import cbr
from semvid.images.jscc.networks import shipped_digest
from semvid.mllm.library import MllmLibrary
from semvid.mllm.meter import Meter
from semvid.options import HdrChoice, SoundChoice, TransmissionOptions
from semvid.profile import Given
from semvid.semantics import PictureCoding, SoundCodec
from semvid.service.clock import StageClock
from semvid.service.prefetch import prefetched
from semvid.service.tracing import NO_SPAN, Span
from semvid.sound.track import read_sound
from semvid.tokens.library import TokenLibrary
from semvid.tokens.model import TokenModel
from semvid.video.limits import VideoLimits
from semvid.video.live_reader import live_info
from semvid.video.probe import SourceInfo, probe
from semvid.video.reader import Frame, read_frames
from transmitter.answers import answered, send_task
from transmitter.coding import AnyPlan, VideoEncoder, make_encoder, plan_for
from transmitter.deadline import Arrival, Timing, within_link
from transmitter.job import Job
from transmitter.link_call import LinkCall
from transmitter.link_sender import LinkSender, account
from transmitter.options import search_of
from transmitter.rate.control import Budget
from transmitter.rate.footage import Footage
from transmitter.rate.model import LinkPrice
from transmitter.records import SemanticsRecord
from transmitter.settings import TransmitterSettings
from transmitter.shipment import Segment, Shipment
from transmitter.shipping import Shipping
from transmitter.sound.door import track_of
from transmitter.sound.plan import Decision, SoundPlan, decide
from transmitter.sound.sender import SoundSender, resource
from transmitter.sound.speech.library import SpeechLibrary
from transmitter.sound.speech.transcriber import Transcriber
from transmitter.sound.trial import LONGEST_S, tried
from transmitter.watchdog import within

_LIVE_SEGMENTS_AHEAD = 1  # more would be past when they leave; frames are dropped instead
_BEGINNING_COUNTS_FOR_S = 30.0  # of a live source, where its beginning is planned on


async def transmit(
    job: Job,
    settings: TransmitterSettings,
    limits: VideoLimits,
    mllms: MllmLibrary,
    speech: SpeechLibrary,
    tokens: TokenLibrary,
    span: Span = NO_SPAN,
) -> None:
    """Sends the video of ``job`` and keeps the job's facts up to date; ``span`` is what it is a part of.

    Raises:
        SemvidError: of the kind that says why the transmission failed.
    """
    with span.child("probe"):
        seen = await asyncio.to_thread(probe, job.upload, limits)
    if job.options.hdr is HdrChoice.KEEP:
        seen = seen.keeping_hdr()
    source = seen if job.live is None else live_info(seen)
    job.advance("loading the multimodal model", 0.0)
    with span.child("load model"):
        mllm = await asyncio.to_thread(mllms.open, job.options.mllm, job.options.scoring)
    transcriber = await asyncio.to_thread(speech.open) if job.options.sound is SoundChoice.TEXT else None
    token_model = None
    if job.options.coding is PictureCoding.TOKENS:
        with span.child("load token model"):
            token_model = await asyncio.to_thread(tokens.open)
    timeouts = settings.accept_timeout_s, settings.report_timeout_s, settings.video_timeout_s
    most_bytes = settings.live_lines_bytes if job.is_live else None
    record = SemanticsRecord(job.folder, source.time_base, most_bytes)
    tls = settings.link_credentials()
    opening = job.id, job.attempts, job.options.channel, job.options.signal
    call = LinkCall(settings.link_target, *opening, *timeouts, tls, span.traceparent, job.is_live)
    if job.options.task is not None:
        job.advance("answering the questions", 0.0)
        answers = await answered(job.upload, limits, mllm, job.options.task)
        job.advance("opening the link", 0.0)
        async with call:
            job.facts["video_url"] = urljoin(settings.receiver_url, call.video_url)
            job.facts["versions"] = _versions()
            await send_task(job, source, call, answers)
        return
    job.advance("opening the link", 0.0)
    async with call:
        call.profile.require(job.options.given)
        if token_model is not None:
            call.profile.require_tokens(token_model.name, token_model.digest)
        if source.kept is not None:
            call.profile.require_hdr()
        if job.options.coding is PictureCoding.JSCC:
            call.profile.require_jscc(shipped_digest())
        job.facts["decoder"] = call.profile.name
        job.facts["video_url"] = urljoin(settings.receiver_url, call.video_url)
        if job.is_live:
            job.facts["live_url"] = f"{job.facts['video_url']}/live.m3u8"
        opened = job, seen, source, limits, record, call, mllm, transcriber, token_model, span
        ahead = _LIVE_SEGMENTS_AHEAD if job.is_live else settings.segments_ahead
        await _Transmission(*opened, settings.encode_timeout_s).run(ahead)


class _Transmission:
    """One video over one open link."""

    def __init__(
        self,
        job: Job,
        seen: SourceInfo,
        source: SourceInfo,
        limits: VideoLimits,
        record: SemanticsRecord,
        call: LinkCall,
        mllm: Meter,
        transcriber: Transcriber | None,
        token_model: TokenModel | None,
        span: Span,
        encode_timeout_s: float,
    ) -> None:
        self._span, self._encode_timeout_s = span, encode_timeout_s
        self._job, self._seen, self._source = job, seen, source
        self._limits, self._record = limits, record
        self._call, self._mllm, self._transcriber = call, mllm, transcriber
        self._token_model = token_model
        self._sender = LinkSender(call, job.options)
        self._harq = self._sender.harq
        self._clock = StageClock()
        self._options = within_link(job.options, source)
        self._budget = Budget.for_target(self._options, source)
        self._timing = Timing.of(self._options, source, job.live)
        self._sound: SoundSender | None = None
        self._decision = Decision(None, "")
        job.facts["seconds"] = self._clock.seconds
        job.facts["versions"] = _versions()

    async def run(self, segments_ahead: int) -> None:
        """Measures, plans, sends, and waits until the receiver has all."""
        job = self._job
        job.advance("measuring the channel", 0.0)
        job.on_air = True
        await self._sender.sound()
        await asyncio.to_thread(self._decide_on_sound)
        await self._send(segments_ahead)
        job.advance("waiting for the receiver", 1.0)
        with self._clock.stage("finishing"), self._span.child("wait for the receiver"):
            await self._finish()

    async def _send(self, segments_ahead: int) -> None:
        job, options = self._job, self._picture_options()
        job.advance("choosing quality and density", 0.0)
        with self._clock.stage("planning"), self._span.child("plan"):
            plan = await within(self._encode_timeout_s, "trial of encodings", partial(self._plan, options))
        if job.options.given is not Given.NOTHING and (point := plan.resource()):
            job.facts["operating_point"] = point
        bounds = self._budget, self._timing
        shipping = Shipping(
            self._sender, *bounds, self._sound, self._source.time_base, self._clock, self._span
        )
        encoder = make_encoder(
            plan,
            self._source,
            options,
            self._call.profile,
            self._mllm,
            self._harq,
            shipping.quote,
            segments_ahead,
            self._record.add_comparison,
            self._clock,
            None if self._sound is None else self._sound.plan.header,
            shipping.late,
            self._token_model,
        )
        analysis = prefetched(lambda gone: self._segments(encoder, gone), segments_ahead)
        async with aclosing(analysis) as segments:
            async for segment in segments:
                shipments = encoder.shipments(segment)
                while (shipment := await self._encoded(shipments)) is not None:
                    delivery = await shipping.ship(shipment)
                    final = encoder.delivered(shipment, delivery, self._harq.record, shipping.put_aside)
                    if final:
                        self._record.add_keyframes(shipment, delivery)
                        self._note_arrivals(shipping.arrivals)
                    if final or delivery.protected:  # otherwise its units come again
                        self._record.add_units(shipment.units)
                    self._note(shipment.segments[-1])
                    if shipment.segments[-1].last:
                        self._note_undecodable(shipment.segments[-1].frames_read)
                    job.facts |= encoder.resource()
        # only here: where this is cancelled a thread may still be coding, and closing under it would hang
        await asyncio.to_thread(encoder.close)

    def _decide_on_sound(self) -> None:
        job, source, limits = self._job, self._source, self._limits
        track, reason = track_of(job.upload, job.options.sound, limits)
        self._decision = Decision(None, reason)
        if track is not None:
            self._decision = decide(self._options, track, source, self._harq.adapter, self._call.sound_codecs)
        if (plan := self._decision.plan) is not None:
            read = partial(read_sound, job.upload, source, plan.header.channels, limits)
            if self._options.target_cbr is not None and self._sound_is_short(plan):
                plan = tried(plan, read(), self._harq.adapter)
            self._sound = SoundSender(plan, read(), self._transcriber)
        job.facts["sound"] = resource(self._decision, self._sound, self._harq.record)

    def _sound_is_short(self, plan: SoundPlan) -> bool:
        coded = plan.header.codec is not SoundCodec.TEXT
        return coded and not self._source.endless and self._source.duration_s <= LONGEST_S

    def _picture_options(self) -> TransmissionOptions:
        """The options by which pictures are chosen and coded: sound leaves them less of the target."""
        options, source = self._options, self._source
        if self._sound is None or options.target_cbr is None:
            return options
        symbols = self._sound.plan.put_aside_per_s * source.duration_s
        for_sound = cbr(round(symbols), source.frame_count_hint, source.height, source.width)
        return options.model_copy(update={"target_cbr": options.target_cbr - for_sound})

    def _plan(self, options: TransmissionOptions) -> AnyPlan:
        upload, source, limits = self._job.upload, self._seen, self._limits
        if self._source.endless:  # what is sent once is shared by more than the beginning
            shared = round(_BEGINNING_COUNTS_FOR_S * source.frame_rate)
            source = replace(source, frame_count_hint=max(shared, source.frame_count_hint))
        read = partial(Footage.read, upload, source, limits, options, self._call.profile)
        link = LinkPrice.of(self._harq.adapter)
        return plan_for(read, options, source, link, self._source.endless)

    def _segments(self, encoder: VideoEncoder, gone: Callable[[], bool]) -> Iterator[Segment]:
        with closing(self._frames()) as frames:
            segments = encoder.segments(frames, gone)
            began = time.time()
            for segment in segments:
                frames_read = segment.frames_read
                self._span.child("analyse", began, segment=segment.number, frames_read=frames_read).end()
                yield segment
                began = time.time()

    def _frames(self) -> Generator[Frame, None, None]:
        job = self._job
        if job.live is None:
            yield from read_frames(job.upload, self._source, self._limits)
            return
        for frame in job.live.frames():
            job.upload.unlink(missing_ok=True)  # its decoder has it; a beginning answers no questions
            yield frame

    async def _encoded(self, shipments: Iterator[Shipment]) -> Shipment | None:
        """The next shipment, once it is coded; None after the last."""
        began = time.time()
        shipment = await within(self._encode_timeout_s, "encoder", lambda: next(shipments, None))
        if shipment is not None:
            self._span.child("encode", began, **shipment.places).end()
        return shipment

    def _note_arrivals(self, arrivals: list[Arrival]) -> None:
        """Of a shipment that does not come again."""
        if (timing := self._timing) is not None:
            timing.note(arrivals)
            self._record.add_arrivals(arrivals)
            self._job.facts["delays"] = timing.delays.resource()

    async def _finish(self) -> None:
        """Closes the transmission.

        Raises:
            LinkFailed: the link broke off, or the receiver counted another number of symbols than we did.
        """
        self._job.facts |= asdict(await self._sender.finish())

    def _note_undecodable(self, frames_read: int) -> None:
        if self._source.endless:  # counted where they are decoded
            return
        announced = self._source.frame_count_hint + self._source.frames_before
        self._job.facts["undecodable_frames"] = max(0, announced - frames_read)

    def _note(self, segment: Segment) -> None:
        """The job's facts after one segment."""
        keyframes = segment.number + (segment.keyframe is not None)
        given, link = self._job.options.given, self._harq.record
        symbols = link.ledger.total_symbols
        self._job.advance(
            "sending",
            0.0 if self._source.endless else min(1.0, segment.frames_read / self._source.frame_count_hint),
            **account(link),
            cbr=cbr(symbols, segment.frames_read, self._source.height, self._source.width),
            sound=resource(self._decision, self._sound, link),
            keyframes=0 if given is Given.NOTHING else keyframes,
            segments=max(0, keyframes - (given is Given.BOTH_ENDS)),
            asked={"search": search_of(self._job.options), **self._mllm.resource()},
            frames=segment.frames_read,
        )


def _versions() -> dict[str, str]:
    libraries = ("av", "numba", "numpy", "opencv-python-headless")
    return {"semvid": __version__, **{name: metadata.version(name) for name in libraries}}
