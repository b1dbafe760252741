"""The way of a video through the transmitter, from a file to symbols on the link.

1. The link is opened; the receiver announces what its decoder can bridge; known symbols measure the SNR.
2. Frames are read one by one. The selector picks keyframes (SKEM or SKIM); what lies between two of them is a
   segment, which closes with its caption, its motion score and, where needed, its time stamps.
3. Each closed segment leaves at once: side information in the protected transport block, the keyframe, coded
   as the next picture of one sequence, in the bulk transport block.
4. A keyframe that stayed lost makes the coder start its sequence anew with the next one. Where a CBR was
   asked for, what was spent so far steers quality and density of what comes (`transmitter.rate.control`).

Steps 2 and 3 run at the same time: analysis is ahead of the link by a few segments, never more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from urllib.parse import urljoin

from semvid import __version__
from semvid.accounting import SymbolClass, cbr
from semvid.errors import TransmissionFailed
from semvid.images.keyframe_codec import EncodedPicture, KeyframeEncoder
from semvid.profile import Given
from semvid.semantics import Keyframe, StreamEnd, StreamHeader, Unit
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo, probe
from semvid.video.reader import read_frames
from transmitter.jobs import Job
from transmitter.keyframes import make_selector
from transmitter.keyframes.selection import KeyframeSelector, Selected
from transmitter.link_call import LinkCall
from transmitter.mllm import EMBEDDED
from transmitter.mllm.library import MllmLibrary, load
from transmitter.mllm.meter import Meter
from transmitter.options import TransmissionOptions, search_of
from transmitter.rate.control import Budget, RateControl
from transmitter.rate.model import OperatingPoint
from transmitter.rate.plan import Plan, make_plan
from transmitter.rate.trial import Excerpts, bytes_alone
from transmitter.records import SemanticsRecord
from transmitter.run_ahead import run_ahead
from transmitter.sender import Delivery, LinkRecord, Sender, keyframe_parts
from transmitter.settings import TransmitterSettings
from transmitter.shrinking import coded_size, shrunk_to
from transmitter.side_information import SideInformation
from transmitter.stages import StageClock


async def transmit(job: Job, settings: TransmitterSettings, limits: VideoLimits, mllms: MllmLibrary) -> None:
    """Sends the video of ``job`` and keeps the job's facts up to date.

    Raises:
        SemvidError: of the kind that says why the transmission failed.
    """
    source = await asyncio.to_thread(probe, job.upload, limits)
    job.advance("loading the multimodal model", 0.0)
    mllm = await asyncio.to_thread(mllms.open, job.options.mllm, job.options.scoring)
    timeouts = settings.accept_timeout_s, settings.report_timeout_s
    with closing(SemanticsRecord(job.folder, source.time_base)) as record:
        job.advance("opening the link", 0.0)
        async with LinkCall(settings.link_target, job.id, job.options.channel, *timeouts) as call:
            call.profile.require(job.options.given)
            job.facts["decoder"] = call.profile.name
            job.facts["video_url"] = urljoin(settings.receiver_url, call.video_url)
            await Transmission(job, source, limits, record, call, mllm).run(settings.segments_ahead)


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """What leaves together: side information of the segment that ends, and the keyframe that ends it.

    Attributes:
        side: units for the protected transport block.
        keyframe: None where only side information is left to send.
        number: of the keyframe, or how many there were.
        frames_read: frames of the source looked at so far.
    """

    side: list[Unit]
    keyframe: Selected | None
    number: int
    frames_read: int


class Transmission:
    """One video over one open link."""

    def __init__(
        self,
        job: Job,
        source: SourceInfo,
        limits: VideoLimits,
        record: SemanticsRecord,
        call: LinkCall,
        mllm: Meter,
    ) -> None:
        self._job, self._source, self._limits, self._record = job, source, limits, record
        self._profile = call.profile
        self._mllm = mllm
        self._closed = 0  # segments that analysis has handed over
        self._sender = Sender(call, job.options.mcs, job.options.retransmissions)
        self._clock = StageClock()
        job.facts["seconds"] = self._clock.seconds
        job.facts["versions"] = _versions()

    async def run(self, segments_ahead: int) -> None:
        """Measures, chooses, sends, and waits until the receiver has all."""
        job, options = self._job, self._job.options
        job.advance("measuring the channel", 0.0)
        await self._sender.sound()
        job.advance("choosing quality and density", 0.0)
        with self._clock.stage("planning"):
            plan = await asyncio.to_thread(self._make_plan)
        point = plan.point
        if options.given is not Given.NOTHING:
            job.facts["operating_point"] = point.resource()
        control = RateControl(plan, self._budget(), options.coding)

        def point_for_analysis() -> OperatingPoint:
            # segments that were handed over so long ago are sent and noted, however fast either side is
            return control.point_after(self._closed - segments_ahead - 1)

        selector = make_selector(options, self._source, self._profile, self._mllm, point_for_analysis)
        self._size = coded_size(self._source, point.shrink)
        self._header = stream_header(self._source, options, self._size)
        encoder = KeyframeEncoder(*self._size, point.crf, options.coding, finer_start=point.finer_start)
        analysis = run_ahead(lambda gone: self._segments(selector, gone), segments_ahead)
        async with aclosing(analysis) as segments:
            async for segment in segments:
                await self._send(segment, encoder, control)
                self._note(segment, self._sender.record)
        await asyncio.to_thread(encoder.close)
        job.advance("waiting for the receiver", 1.0)
        with self._clock.stage("finishing"):
            job.facts["complete"] = await self._sender.finish()
        job.facts["return_bytes"] = self._sender.record.return_bytes

    def _budget(self) -> Budget | None:
        options, source = self._job.options, self._source
        if options.target_cbr is None or options.given is not Given.BOTH_ENDS:
            return None
        frames = source.frame_count_hint
        symbols = options.target_cbr * 3 * source.width * source.height * frames
        return Budget(symbols, frames, float(source.frame_rate))

    def _make_plan(self) -> Plan:
        options = self._job.options
        # Keyframes of the PSSS rule count against a target; the embedded model says how many there may be,
        # whoever decides in the end.
        mllm = None if options.target_cbr is None else load(EMBEDDED)

        def selector(point: OperatingPoint) -> KeyframeSelector:
            return make_selector(options, self._source, self._profile, mllm, lambda: point)

        excerpts = Excerpts(
            self._job.upload, self._source, self._limits, selector, options.coding, self._longest_gap_s()
        )
        return make_plan(excerpts, options, self._sender.price())

    def _longest_gap_s(self) -> float:
        count = self._job.options.keyframe_count
        return self._profile.longest_gap_s if count is None else self._source.duration_s / (count - 1)

    def _segments(self, selector: KeyframeSelector, gone: Callable[[], bool]) -> Iterator[Segment]:
        """Reads the source and closes one segment after another, until ``gone``."""
        side = SideInformation(self._header, self._mllm)
        frames_read = self._closed = 0
        ended = False

        def close(selected: Selected) -> Segment:
            nonlocal ended
            at_end = selected.frame.index == self._source.frame_count_hint - 1
            ended = at_end and self._header.given is Given.BOTH_ENDS
            with self._clock.stage("captions"):
                units = side.close(selected, last=ended)
            if ended:
                units.append(StreamEnd(frames_read, self._closed + 1))
            self._closed += 1
            return Segment(units, selected, self._closed - 1, frames_read)

        with closing(read_frames(self._job.upload, self._source, self._limits)) as frames:
            while not gone():
                with self._clock.stage("reading"):
                    frame = next(frames, None)
                if frame is None:
                    break
                frames_read += 1
                with self._clock.stage("motion"):
                    side.push(frame)
                with self._clock.stage("selecting"):
                    chosen = selector.push(frame)
                self._record.add_comparisons(selector.take_comparisons())
                yield from map(close, chosen)
            else:
                return
        with self._clock.stage("selecting"):
            chosen = selector.finish()
        self._record.add_comparisons(selector.take_comparisons())
        yield from map(close, chosen)
        if not ended:  # the last segment is open, or the container announced another number of frames
            with self._clock.stage("captions"):
                units = side.finish()
            yield Segment([*units, StreamEnd(frames_read, self._closed)], None, self._closed, frames_read)

    async def _send(self, segment: Segment, encoder: KeyframeEncoder, control: RateControl) -> None:
        """One segment onto the link; the loss of its keyframe, if it is lost, back to the coder."""
        self._record.add_units(segment.side)
        if segment.keyframe is None:
            with self._clock.stage("link"):
                await self._sender.ship(segment.side)
            return
        if self._header.given is Given.NOTHING:
            await self._send_mark(segment, segment.keyframe)
            return
        frame, shot_start = segment.keyframe.frame, segment.keyframe.shot_start
        with self._clock.stage("coding"):
            coded = await asyncio.to_thread(self._coded, segment.keyframe, encoder, control)
        opening: list[Unit] = [self._header] if segment.number == 0 else []
        part_bytes = self._sender.part_bytes()
        parts = keyframe_parts(
            segment.number, frame.index, coded.packet, shot_start, coded.refresh, part_bytes
        )
        with self._clock.stage("link"):
            delivery = await self._sender.ship([*opening, *segment.side], parts)
        self._record.add_keyframe(segment.number, segment.keyframe, coded, encoder.crf, delivery.bulk)
        ledger = self._sender.record.ledger
        keyframe_symbols = ledger.symbols[SymbolClass.KEYFRAME]
        control.note(frame.index + 1, ledger.total_symbols, keyframe_symbols)
        if opening:
            self._require_header(delivery)
        if not delivery.bulk:
            encoder.refresh()

    def _coded(self, selected: Selected, encoder: KeyframeEncoder, control: RateControl) -> EncodedPicture:
        """The keyframe's picture, at the quality that the budget allows."""
        picture = shrunk_to(selected.frame.picture, self._size)
        crf = control.restart(
            selected.frame.index,
            selected.shot_start,
            encoder.refreshing,
            partial(bytes_alone, picture, control.point.finer_start),
        )
        if crf is not None:
            encoder.refresh(crf)
        return encoder.encode(picture)

    async def _send_mark(self, segment: Segment, selected: Selected) -> None:
        """The beginning of a segment without its picture."""
        mark = Keyframe(segment.number, selected.frame.index, b"", selected.shot_start)
        opening: list[Unit] = [self._header] if segment.number == 0 else []
        with self._clock.stage("link"):
            delivery = await self._sender.ship([*opening, *segment.side, mark])
        no_picture = EncodedPicture(b"", refresh=False)
        self._record.add_keyframe(segment.number, selected, no_picture, None, delivery.protected)
        if opening:
            self._require_header(delivery)

    def _require_header(self, delivery: Delivery) -> None:
        if not delivery.protected:
            raise TransmissionFailed(
                f"the stream header was lost in all {self._sender.rounds} rounds; the receiver last measured "
                f"{self._sender.record.snr_db:.1f} dB. Raise the SNR or allow more retransmissions"
            )

    def _note(self, segment: Segment, link: LinkRecord) -> None:
        """The job's facts after one segment."""
        keyframes = segment.number + (segment.keyframe is not None)
        given = self._header.given
        symbols = link.ledger.total_symbols
        self._job.advance(
            "sending",
            min(1.0, segment.frames_read / self._source.frame_count_hint),
            symbols={c.value: n for c, n in link.ledger.symbols.items()},
            bits={c.value: n for c, n in link.ledger.bits.items()},
            total_symbols=symbols,
            cbr=cbr(symbols, segment.frames_read, self._source.height, self._source.width),
            mcs={c.value: dict(names) for c, names in link.mcs.items()},
            blocks_sent=link.blocks_sent,
            blocks_lost=link.blocks_lost,
            retransmissions=link.retransmissions,
            snr_db=link.snr_db,
            keyframes=0 if given is Given.NOTHING else keyframes,
            segments=max(0, keyframes - (given is Given.BOTH_ENDS)),
            asked={"search": search_of(self._job.options), **self._mllm.resource()},
            frames=segment.frames_read,
        )


def stream_header(
    source: SourceInfo, options: TransmissionOptions, coded: tuple[int, int] | None = None
) -> StreamHeader:
    """What the receiver must know first; keyframes are ``coded`` (width, height) large, or as the source."""
    coded_width, coded_height = coded or (source.width, source.height)
    return StreamHeader(
        width=source.width,
        height=source.height,
        coded_width=coded_width,
        coded_height=coded_height,
        time_base=source.time_base,
        frame_rate=source.frame_rate,
        first_pts=source.first_pts,
        coding=options.coding,
        seed=options.seed,
        phase=source.grid_phase,
        given=options.given,
    )


def _versions() -> dict[str, str]:
    libraries = ("av", "numba", "numpy", "opencv-python-headless")
    return {"semvid": __version__, **{name: metadata.version(name) for name in libraries}}
