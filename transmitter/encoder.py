"""The transmitter's core: frames in, shipments out, one per segment, and back what became of each.

Pure: no files, no link, no threads of its own. `Encoder.segments` is analysis and may run ahead of the rest
by a set number of segments, in another thread if wanted; `shipment` and `delivered` are called in turn. What
comes out depends on the frames and the deliveries alone, never on how fast either side is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from semvid.accounting import SymbolClass
from semvid.errors import TransmissionFailed
from semvid.images.keyframe_codec import EncodedPicture, KeyframeEncoder
from semvid.images.resize import at_size
from semvid.link.harq import BlockPayload, Delivery, LinkRecord
from semvid.link.packing import KeyframePacket, block_payloads
from semvid.options import TransmissionOptions
from semvid.profile import Given, Profile
from semvid.semantics import Keyframe, StreamEnd, StreamHeader, Unit
from semvid.service.clock import StageClock
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame
from transmitter.keyframes import make_selector
from transmitter.keyframes.selection import Selected, Told
from transmitter.mllm import Mllm
from transmitter.rate.control import Budget, RateControl
from transmitter.rate.model import coded_size
from transmitter.rate.plan import Plan
from transmitter.rate.trial import bytes_alone
from transmitter.side_information import SideInformation


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """What ends together: a segment's side information, and the keyframe that ends it.

    Attributes:
        units: for the protected transport block.
        keyframe: None where only side information is left to send.
        number: of the keyframe, or how many there were.
        frames_read: frames of the source looked at so far.
    """

    units: list[Unit]
    keyframe: Selected | None
    number: int
    frames_read: int


@dataclass(frozen=True, slots=True, eq=False)
class Shipment:
    """What leaves together.

    Attributes:
        segment: whose units and keyframe these are.
        units: its units, the stream header before the first, the mark of a keyframe without picture after.
        coded: the picture of its keyframe; None where none is sent.
        crf: of that picture.
    """

    segment: Segment
    units: list[Unit]
    coded: EncodedPicture | None = None
    crf: int | None = None

    def blocks(self, bulk_limit_bytes: int) -> list[BlockPayload]:
        """As payloads for `semvid.link.harq.HarqSender.ship`."""
        packet = None
        if self.coded is not None and (selected := self.segment.keyframe) is not None:
            packet = KeyframePacket(
                self.segment.number,
                selected.frame.index,
                self.coded.packet,
                selected.shot_start,
                self.coded.refresh,
            )
        return block_payloads(self.units, packet, bulk_limit_bytes)


class Encoder:
    """Turns one video into shipments.

    Args:
        source: of the frames.
        options: of the transmission.
        profile: what the receiver's decoder can bridge.
        mllm: who compares and captions.
        plan: quality and density to begin with (`transmitter.rate.plan`).
        segments_ahead: how many segments analysis may be ahead of the shipments. Decisions that depend on
            what was sent lag behind by so much, even where analysis is not ahead.
        compared: told of every question that the multimodal model answered.
        clock: takes the seconds of reading, motion, selecting, captions and coding.
    """

    def __init__(
        self,
        source: SourceInfo,
        options: TransmissionOptions,
        profile: Profile,
        mllm: Mllm,
        plan: Plan,
        segments_ahead: int,
        compared: Told = lambda _: None,
        clock: StageClock | None = None,
    ) -> None:
        self._source, self._given, self._mllm = source, options.given, mllm
        self._clock = clock or StageClock()
        self._closed = 0  # segments that analysis has handed over
        budget = Budget.for_target(options, source)
        self._control = RateControl(plan, budget, options.coding, lag=segments_ahead + 1)
        self._selector = make_selector(
            options, source, profile, mllm, lambda: self._control.point_for(self._closed), compared
        )
        self._size = coded_size(source, plan.point.shrink)
        self._header = stream_header(source, options, self._size)
        self._pictures = KeyframeEncoder(
            *self._size, plan.point.crf, options.coding, finer_start=plan.point.finer_start
        )

    def segments(
        self, frames: Iterator[Frame], gone: Callable[[], bool] = lambda: False
    ) -> Iterator[Segment]:
        """Analyses ``frames`` and closes one segment after another, until ``gone``."""
        side = SideInformation(self._header, self._mllm)
        frames_read = self._closed = 0
        ended = False

        def close(selected: Selected) -> Segment:
            nonlocal ended
            at_end = selected.frame.index == self._source.frame_count_hint - 1
            ended = at_end and self._given is Given.BOTH_ENDS
            with self._clock.stage("captions"):
                units = side.close(selected, last=ended)
            if ended:
                units.append(StreamEnd(frames_read, self._closed + 1))
            self._closed += 1
            return Segment(units, selected, self._closed - 1, frames_read)

        while not gone():
            with self._clock.stage("reading"):
                frame = next(frames, None)
            if frame is None:
                break
            frames_read += 1
            with self._clock.stage("motion"):
                side.push(frame)
            with self._clock.stage("selecting"):
                chosen = self._selector.push(frame)
            yield from map(close, chosen)
        else:
            return
        with self._clock.stage("selecting"):
            chosen = self._selector.finish()
        yield from map(close, chosen)
        if not ended:  # the last segment is open, or the container announced another number of frames
            with self._clock.stage("captions"):
                units = side.finish()
            yield Segment([*units, StreamEnd(frames_read, self._closed)], None, self._closed, frames_read)

    def shipment(self, segment: Segment) -> Shipment:
        """Codes the keyframe of the next segment, at the quality that the budget allows."""
        selected = segment.keyframe
        if selected is None:
            return Shipment(segment, segment.units)
        units = [*([self._header] if segment.number == 0 else []), *segment.units]
        frame = selected.frame
        if self._given is Given.NOTHING:
            units.append(Keyframe(segment.number, frame.index, b"", selected.shot_start))
            return Shipment(segment, units)
        with self._clock.stage("coding"):
            picture = at_size(frame.picture, self._size)
            crf = self._control.restart(
                frame.index,
                selected.shot_start,
                self._pictures.refreshing,
                partial(bytes_alone, picture, self._control.point.finer_start),
            )
            if crf is not None:
                self._pictures.refresh(crf)
            coded = self._pictures.encode(picture)
        return Shipment(segment, units, coded, self._pictures.crf)

    def delivered(self, shipment: Shipment, delivery: Delivery, link: LinkRecord) -> None:
        """Takes what became of the latest shipment: what it cost, and whether its picture is lost.

        Raises:
            TransmissionFailed: the stream header was lost, without which nothing can be shown.
        """
        selected = shipment.segment.keyframe
        if shipment.coded is not None and selected is not None:
            ledger = link.ledger
            keyframe_symbols = ledger.symbols[SymbolClass.KEYFRAME]
            self._control.note(selected.frame.index + 1, ledger.total_symbols, keyframe_symbols)
        if shipment.segment.number == 0 and selected is not None and not delivery.protected:
            raise TransmissionFailed(
                f"the stream header was lost in all {link.rounds} rounds; the receiver last measured "
                f"{link.snr_db:.1f} dB. Raise the SNR or allow more retransmissions"
            )
        if not delivery.bulk:
            self._pictures.refresh()

    def close(self) -> None:
        """Frees the picture code."""
        self._pictures.close()


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
