"""The way of a video through the transmitter, from a file to symbols on the link.

1. The link is opened; the receiver announces what its decoder can bridge; known symbols measure the SNR.
2. Excerpts of the video are tried, and quality and density planned (`transmitter.rate.plan`).
3. `Encoder.segments` reads frames one by one and closes a segment at each keyframe that it chooses.
4. `Encoder.shipments` codes keyframes in groups, and `HarqSender` sends each group, the most important layers
   first, with the side information of its segments.
5. `Encoder.delivered` takes what became of it, for the picture code and for rate control.

Step 3 runs in a thread of its own, ahead of the link by a few segments, never more.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import asdict
from functools import partial
from importlib import metadata
from urllib.parse import urljoin

from semvid import __version__
from semvid.accounting import cbr
from semvid.errors import LinkFailed
from semvid.link.harq import Delivery, HarqSender
from semvid.profile import Given
from semvid.service.clock import StageClock
from semvid.service.prefetch import prefetched
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo, probe
from semvid.video.reader import read_frames
from transmitter.encoder import Encoder, Segment, Shipment
from transmitter.jobs import Job
from transmitter.link_call import LinkCall
from transmitter.mllm.library import MllmLibrary
from transmitter.mllm.meter import Meter
from transmitter.options import search_of
from transmitter.rate.footage import Footage
from transmitter.rate.model import LinkPrice
from transmitter.rate.plan import Plan, make_plan
from transmitter.records import SemanticsRecord
from transmitter.settings import TransmitterSettings


async def transmit(job: Job, settings: TransmitterSettings, limits: VideoLimits, mllms: MllmLibrary) -> None:
    """Sends the video of ``job`` and keeps the job's facts up to date.

    Raises:
        SemvidError: of the kind that says why the transmission failed.
    """
    source = await asyncio.to_thread(probe, job.upload, limits)
    job.advance("loading the multimodal model", 0.0)
    mllm = await asyncio.to_thread(mllms.open, job.options.mllm, job.options.scoring)
    timeouts = settings.accept_timeout_s, settings.report_timeout_s
    record = SemanticsRecord(job.folder, source.time_base)
    job.advance("opening the link", 0.0)
    async with LinkCall(settings.link_target, job.id, job.options.channel, *timeouts) as call:
        call.profile.require(job.options.given)
        job.facts["decoder"] = call.profile.name
        job.facts["video_url"] = urljoin(settings.receiver_url, call.video_url)
        await _Transmission(job, source, limits, record, call, mllm).run(settings.segments_ahead)


class _Transmission:
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
        self._call, self._mllm = call, mllm
        self._harq = HarqSender(job.options.mcs, job.options.retransmissions)
        self._clock = StageClock()
        job.facts["seconds"] = self._clock.seconds
        job.facts["versions"] = _versions()

    async def run(self, segments_ahead: int) -> None:
        """Measures, plans, sends, and waits until the receiver has all."""
        job = self._job
        job.advance("measuring the channel", 0.0)
        self._harq.report(await self._call.exchange(self._harq.sound()))
        job.advance("choosing quality and density", 0.0)
        with self._clock.stage("planning"):
            plan = await asyncio.to_thread(self._plan)
        if job.options.given is not Given.NOTHING:
            job.facts["operating_point"] = plan.point.resource()
        encoder = Encoder(
            self._source,
            job.options,
            self._call.profile,
            self._mllm,
            plan,
            segments_ahead,
            lambda: LinkPrice.of(self._harq.adapter),
            self._record.add_comparison,
            self._clock,
        )
        analysis = prefetched(lambda gone: self._segments(encoder, gone), segments_ahead)
        async with aclosing(analysis) as segments:
            async for segment in segments:
                shipments = encoder.shipments(segment)
                while (shipment := await asyncio.to_thread(next, shipments, None)) is not None:
                    delivery = await self._ship(shipment)
                    encoder.delivered(shipment, delivery, self._harq.record)
                    self._note(shipment.segments[-1])
                    if shipment.segments[-1].last:
                        self._note_undecodable(shipment.segments[-1].frames_read)
                    job.facts["layers"] = {
                        str(n): asdict(layer) for n, layer in sorted(encoder.layers.items())
                    }
        # only here: where this is cancelled a thread may still be coding, and closing under it would hang
        await asyncio.to_thread(encoder.close)
        job.advance("waiting for the receiver", 1.0)
        with self._clock.stage("finishing"):
            await self._finish()

    def _plan(self) -> Plan:
        job = self._job
        read = partial(Footage.read, job.upload, self._source, self._limits, job.options, self._call.profile)
        return make_plan(read, job.options, LinkPrice.of(self._harq.adapter))

    def _segments(self, encoder: Encoder, gone: Callable[[], bool]) -> Iterator[Segment]:
        with closing(read_frames(self._job.upload, self._source, self._limits)) as frames:
            yield from encoder.segments(frames, gone)

    async def _ship(self, shipment: Shipment) -> Delivery:
        """One shipment onto the link, repeated where it does not arrive."""
        self._record.add_units(shipment.units)
        with self._clock.stage("link"):
            self._harq.ship(shipment.blocks(self._harq.adapter.bulk_limit_bytes()))
            while (burst := await asyncio.to_thread(self._harq.next_burst)) is not None:
                self._harq.report(await self._call.exchange(burst))
        self._record.add_keyframes(shipment, self._harq.delivery)
        return self._harq.delivery

    async def _finish(self) -> None:
        """Closes the transmission.

        Raises:
            LinkFailed: the link broke off, or the receiver counted another number of symbols than we did.
        """
        summary = await self._call.finish()
        sent = self._harq.record.ledger.total_symbols
        if summary.symbols != sent:
            raise LinkFailed(f"the receiver counted {summary.symbols} symbols, the ledger {sent}")
        self._job.facts["complete"] = summary.complete
        self._job.facts["return_bytes"] = summary.return_bytes
        if summary.HasField("realised_snr_db"):  # a receiver of an earlier version says nothing of it
            self._job.facts["realised_snr_db"] = summary.realised_snr_db

    def _note_undecodable(self, frames_read: int) -> None:
        announced = self._source.frame_count_hint + self._source.frames_before
        self._job.facts["undecodable_frames"] = max(0, announced - frames_read)

    def _note(self, segment: Segment) -> None:
        """The job's facts after one segment."""
        keyframes = segment.number + (segment.keyframe is not None)
        given, link = self._job.options.given, self._harq.record
        symbols = link.ledger.total_symbols
        self._job.advance(
            "sending",
            min(1.0, segment.frames_read / self._source.frame_count_hint),
            symbols={c.value: n for c, n in link.ledger.symbols.items()},
            bits={c.value: n for c, n in link.ledger.bits.items()},
            total_symbols=symbols,
            cbr=cbr(symbols, segment.frames_read, self._source.height, self._source.width),
            mcs={c.value: dict(names) for c, names in link.mcs.items()},
            bursts_sent=link.bursts_sent,
            blocks_sent=link.blocks_sent,
            blocks_lost=link.blocks_lost,
            retransmissions=link.retransmissions,
            snr_db=link.snr_db,
            keyframes=0 if given is Given.NOTHING else keyframes,
            segments=max(0, keyframes - (given is Given.BOTH_ENDS)),
            asked={"search": search_of(self._job.options), **self._mllm.resource()},
            frames=segment.frames_read,
        )


def _versions() -> dict[str, str]:
    libraries = ("av", "numba", "numpy", "opencv-python-headless")
    return {"semvid": __version__, **{name: metadata.version(name) for name in libraries}}
