"""The transmitter's core where keyframes are AV1: frames in, shipments out, one per group of keyframes, and
back what became of each.

Pure: no files, no link, no threads of its own. `Encoder.segments` is analysis and may run ahead of the rest
by a set number of segments, in another thread if wanted; `shipments` and `delivered` are called in turn. What
comes out depends on the frames and the deliveries alone, never on how fast either side is.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, Final

from semvid.accounting import SymbolClass
from semvid.images.keyframe_codec import MOST_HELD, EncodedPicture, Group
from semvid.link.blocks import Delivery
from semvid.link.packing import CodedGroup
from semvid.link.record import LinkRecord
from semvid.mllm import Mllm
from semvid.options import TransmissionOptions
from semvid.semantics import PictureCoding, SideUnit, SoundHeader
from semvid.service.clock import StageClock
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame
from transmitter.analysis import Analysis
from transmitter.header import stream_header
from transmitter.keyframes.selection import Selected, Selecting
from transmitter.means import Means
from transmitter.offers import Missing, Offer, Offers
from transmitter.rate import header_first
from transmitter.rate.control import Budget, RateControl
from transmitter.rate.model import LinkPrice, coded_size
from transmitter.rate.plan import Plan
from transmitter.rate.second_pass import next_crf
from transmitter.rate.trial import bytes_alone
from transmitter.sequence import CodedSequence
from transmitter.shipment import LayerRecord, Quote, Segment, Shipment, keyframe_facts
from transmitter.verdict import require_header, require_pictures

_BEFORE_THE_LINK_IS_KNOWN: Final = 0.8  # of the room, that what waits behind such a header is sized for


class Encoder:
    """Turns one video into shipments.

    Args:
        source: of the frames.
        options: of the transmission.
        mllm: who captions.
        plan: quality and density to begin with (`transmitter.rate.plan`).
        selecting: begins the selection of keyframes.
        segments_ahead: how many segments analysis may be ahead of `shipments`. Decisions that depend on
            what was sent lag behind by so much, even where analysis is not ahead.
        price: what the link charges now.
        quote: what a shipment takes over the link as it is now.
        clock: takes the seconds of reading, motion, selecting, captions and coding.
        sound: said beside the stream header; its packets are none of the encoder's business.
        late: whether what ends a segment would be late before it is coded; it is left out then.

    Attributes:
        layers: what became of the keyframes, by layer.
        captions_given_up: captions for which there was no room.
    """

    def __init__(
        self,
        source: SourceInfo,
        options: TransmissionOptions,
        mllm: Mllm,
        plan: Plan,
        selecting: Selecting,
        segments_ahead: int,
        price: Callable[[], LinkPrice],
        quote: Quote,
        clock: StageClock | None = None,
        sound: SoundHeader | None = None,
        late: Callable[[Segment], bool] = lambda _: False,
    ) -> None:
        self._source, self._options = source, options
        self._price, self._late = price, late
        self._clock = clock or StageClock()
        self.layers: defaultdict[int, LayerRecord] = defaultdict(LayerRecord)
        self.captions_given_up = 0
        lag = segments_ahead + 1 + MOST_HELD[options.coding]
        self._budget = Budget.for_target(options, source)
        self._control = RateControl(plan, self._budget, options.coding, lag)
        self._means = Means(self._control, price, quote)
        size = coded_size(source, plan.point.scale)
        self._sequence = CodedSequence(options.coding, size, plan.point, self._clock)
        self._header = stream_header(source, options, size, plan.point.detail, plan.point.restoration)
        selection = selecting(self._price_of_keyframe)
        self._analysis = Analysis(source, self._header, mllm, self._clock, selection)
        self._headers: list[SideUnit] = [self._header] if sound is None else [self._header, sound]
        self._header_left = False
        self._missing = Missing()  # at the receiver
        self._again: list[Segment] = []  # whose keyframes are to be sent once more
        self._latest: Group = ()  # that was shipped
        self._missing_before = self._missing  # the latest group
        self._fits = False  # all that waits, into what is left
        self._spoilt = False  # something that the sequence leans on is missing at the receiver

    def segments(
        self, frames: Iterator[Frame], gone: Callable[[], bool] = lambda: False
    ) -> Iterator[Segment]:
        """Analyses ``frames`` and closes one segment after another, until ``gone``."""
        yield from self._analysis.segments(frames, gone)

    def shipments(self, segment: Segment) -> Iterator[Shipment]:
        """Takes the next segment; codes its keyframe; gives what is complete now, each when it is asked for.

        Call `delivered` with each before you ask for the next.
        """
        selected = segment.keyframe
        if selected is not None and segment.number and not self._sequence.waits and self._late(segment):
            yield self._left_out(segment, selected)
            return
        if selected is not None:
            pyramid = self._options.coding is PictureCoding.PYRAMID
            cut = selected.shot_start and pyramid
            if cut:
                yield from self._shipped(self._sequence.finish(), ended=True)
            with self._clock.stage("coding"):
                picture = self._sequence.sized(selected)
                crf = None
                if cut or not pyramid:  # inside a pyramid where a group leaves, see `_changes_quality`
                    crf = self._control.restart(
                        selected.frame.index, selected.shot_start, self._spoilt, partial(bytes_alone, picture)
                    )
            anew = cut or crf is not None
            if anew:
                yield from self._shipped(self._sequence.finish(), ended=True)
                picture = self._sequence.sized(selected)  # at a size that may be another by now
            if anew or self._spoilt:
                self._begin()
            yield from self._shipped(self._sequence.push(segment, picture), ended=False)
        if segment.last:
            if joins := selected is None and self._sequence.waits:
                self._sequence.join(segment)
            groups = self._sequence.finish()
            if self._is_sized_by_a_sounding(groups):
                yield self._header_alone()
            yield from self._shipped(self._set_right(groups), ended=True)
            if joins:
                return
        if selected is None:
            most = self._control.limit(segment.frames_read, self._price(), last=True)
            yield Shipment((segment,), self._units_of(segment), most_symbols=most)

    def delivered(
        self, shipment: Shipment, delivery: Delivery, link: LinkRecord, for_sound: float = 0.0
    ) -> bool:
        """Takes what became of the latest shipment: what it cost, and which pictures are lost.

        Args:
            shipment, delivery: the latest.
            link: what was sent so far, sound included.
            for_sound: symbols that the plan puts aside for the sound sent so far; what it took more or less
                is the pictures' loss or gain.

        Returns:
            Whether that is the end of it; otherwise its keyframes come again, coarser.

        Raises:
            TransmissionFailed: the stream header was lost, without which nothing can be shown, or the target
                CBR had no room for any picture.
        """
        require_header(shipment, delivery, link, self._budget)
        spent = link.ledger.total_symbols - round(for_sound), link.ledger.symbols[SymbolClass.KEYFRAME]
        if shipment.coded is None:
            self._control.note_spent(*spent)
        else:
            if self._is_in_vain(shipment.coded, delivery):
                self._control.note_spent(*spent)
                if delivery.protected:
                    self.captions_given_up += shipment.captions_given_up
                self._again = [
                    replace(segment, units=[]) if delivery.protected else segment
                    for segment in shipment.segments
                ]
                return False
            self._note(shipment, shipment.coded, delivery, spent)
        arrived = sum(layer.sent - layer.lost for layer in self.layers.values())
        if shipment.segments[-1].last and self._budget is not None:
            require_pictures(arrived, link, self._budget)
        return True

    def _note(
        self,
        shipment: Shipment,
        coded: CodedGroup,
        delivery: Delivery,
        spent: tuple[int, int],
    ) -> None:
        """`delivered`, of a group of keyframes."""
        self.captions_given_up += shipment.captions_given_up
        group = coded.group
        assert shipment.crf is not None
        self._control.note(
            len(shipment.segments),
            shipment.segments[-1].stop,
            *spent,
            shipment.crf,
            group.refresh,
            group.shot_start,
        )
        lost = coded.pictures_in(delivery.lost)
        given_up = {index for index, packet in enumerate(coded.packets) if not packet}
        layers = group.layers()
        for index, (layer, packet) in enumerate(zip(layers, coded.packets, strict=True)):
            record = self.layers[layer]
            record.sent, record.bytes = record.sent + bool(packet), record.bytes + len(packet)
            record.given_up, record.lost = record.given_up + (not packet), record.lost + (index in lost)
        if lost:
            there = set(range(len(layers))) - given_up - lost
            _, self._missing = self._missing_before.after(self._latest, there)
        if self._options.coding is not PictureCoding.INTRA:
            leaned_on = {index for index in lost | given_up if group.pictures[index].kept_in}
            self._spoilt |= any(layers[index] == 0 for index in leaned_on)

    def _is_in_vain(self, coded: CodedGroup, delivery: Delivery) -> bool:
        """Whether all of what begins a sequence is lost, and is to be tried once more with what is left.

        The receiver has not even its description, so that it may be described anew. Without a budget it has
        been repeated as often as it may; with a deadline it would be late.
        """
        described = all(stretch.start or not stretch for stretch in delivery.lost)
        again = self._budget is not None and not self._options.is_timed
        return again and coded.group.refresh and not described

    def resource(self) -> dict[str, Any]:
        """JSON-ready: what became of keyframes and captions so far."""
        return keyframe_facts(self.layers, self.captions_given_up)

    def close(self) -> None:
        """Frees the picture code."""
        self._sequence.close()

    def _begin(self) -> None:
        """A new sequence of pictures, at the quality that now holds."""
        self._spoilt = self._fits = False
        self._sequence.begin(self._control.point)

    def _price_of_keyframe(self) -> float:
        return self._control.price_for(self._analysis.closed)

    def _shipped(self, groups: list[Group], ended: bool) -> Iterator[Shipment]:
        """``groups`` as shipments.

        What waits is coded anew where an anchor is lost or given up, where the quality is to change inside a
        shot, or where what begins a sequence has no room at this quality.

        Args:
            ended: nothing follows what waits in its sequence.
        """
        for group in groups:
            if self._changes_quality(group) or self._too_dear(group):
                break
            if self._header_first:
                yield self._header_alone()
                self._fits = False
                if self._too_dear(group):  # the link is known better now
                    break
            yield self._shipment(group)
            self._sequence.put_back(self._again)
            if self._again or (self._spoilt and self._sequence.waits):
                self._again = []
                break
        else:
            return
        self._begin()
        yield from self._shipped(self._sequence.anew(ended), ended)

    def _set_right(self, groups: list[Group]) -> list[Group]:
        """The end of a video: where all of its sequence still waits, coded so that it uses up what is left.

        A plan goes by excerpts and by what a faster preset makes of them; here the pictures are known.
        """
        if self._budget is None or not groups or not groups[0][0].refresh:
            return groups
        control, finest = self._control, self._control.finest
        taken: dict[float, float] = {}
        while True:
            taken[self._sequence.crf] = self._means.taken(self._everything(groups))
            crf = next_crf(taken, control.symbols_left, finest, control.still_good)
            if crf == self._sequence.crf:
                self._fits = taken[crf] <= control.symbols_left
                return groups
            control.take_up(crf)
            self._begin()
            groups = self._sequence.anew(ended=True)

    def _everything(self, groups: list[Group]) -> Iterator[Offer]:
        """All of ``groups``, which wait, one after the other."""
        segments, missing = iter(self._sequence.segments), self._missing
        for group in groups:
            own = list(islice(segments, len(group)))
            offer = replace(self._offers(group, own, math.inf), missing=missing).everything
            yield offer
            missing = offer.missing

    @property
    def _header_first(self) -> bool:
        """Whether the header leaves in a block of its own, so that not all hangs on what follows it."""
        if self._budget is None or self._header_left:
            return False
        return header_first.on_a_poor_link(self._price(), self._budget)

    def _is_sized_by_a_sounding(self, groups: list[Group]) -> bool:
        """Whether the header leaves in a block of its own, so that what waits is sized by more."""
        if self._budget is None or self._header_left or not groups:
            return False
        taken = self._means.taken(self._everything(groups))
        return header_first.for_a_second_pass(self._price(), self._budget, taken, self._control.symbols_left)

    def _header_alone(self) -> Shipment:
        segment = Segment([], None, 0, self._sequence.oldest.segment.frames_read, last=False)
        units, most = self._units_of(segment), self._control.limit(0, self._price(), last=False)
        self._header_left = True
        return Shipment((segment,), units, most_symbols=most)

    def _changes_quality(self, group: Group) -> bool:
        """Whether ``group``, inside a pyramid, is to begin a sequence at the quality that holds now.

        Decided here and not where a picture enters the pyramid: what was sent until then is always the same.
        """
        if group[0].refresh or self._options.coding is not PictureCoding.PYRAMID:
            return False
        waiting = self._sequence.oldest
        assert waiting.segment.keyframe is not None
        frame = waiting.segment.keyframe.frame.index
        with self._clock.stage("coding"):
            crf = self._control.restart(frame, False, False, partial(bytes_alone, waiting.picture))
        return crf is not None

    def _too_dear(self, group: Group) -> bool:
        """Whether ``group`` begins a sequence and is to be coded anew at the coarser quality that now holds.

        All of it is made somewhat coarser before pictures are given up, and anchors as coarse as it takes. As
        long as the header has not left, all of it is made as small as it takes, before either.
        """
        if self._budget is None or not group[0].refresh or self._fits:
            return False
        control, means = self._control, self._means
        segments = self._sequence.of(group)
        # a sounding errs, and once the header has left nothing can be made smaller
        share = _BEFORE_THE_LINK_IS_KNOWN if self._header_first else 1.0
        room = share * means.room(segments, self._all_units(segments))
        offers = self._offers(group, segments, share * means.most(segments))
        everything = means.charged(offers.everything, room)
        if control.coarsened(everything, room, control.still_good):
            return True
        if not self._header_left and control.shrunk(everything, room):
            self._resize()
            return True
        return control.coarsened(means.charged(offers.anchors, room), room)

    def _resize(self) -> None:
        """Brings what waits to the size that now holds; the header has not left yet."""
        width, height = size = coded_size(self._source, self._control.point.scale)
        self._header = replace(self._header, coded_width=width, coded_height=height)
        self._headers[0] = self._header
        self._sequence.resize(size)

    def _shipment(self, group: Group) -> Shipment:
        """As much of ``group`` as there is room for."""
        segments = self._sequence.take(group)
        self._latest, self._missing_before = group, self._missing
        offer = self._means.best(self._offers(group, segments, self._means.most(segments)))
        self._missing, self._header_left = offer.missing, True
        return offer.shipment

    def _left_out(self, segment: Segment, selected: Selected) -> Shipment:
        """``segment`` without its picture, which the picture code never sees, so that nothing leans on it."""
        uncoded = EncodedPicture(0, b"", self._options.coding is PictureCoding.INTRA, leans_on=0, kept_in=0)
        self._latest, self._missing_before = (uncoded,), self._missing
        coded = CodedGroup.of([uncoded], segment.number, [selected.frame.index], selected.shot_start)
        most = self._means.most([segment])
        return Shipment((segment,), self._units_of(segment), coded, self._sequence.crf, most)

    def _offers(self, group: Group, segments: Sequence[Segment], most: float) -> Offers:
        units = self._all_units(segments)
        return Offers(group, segments, units, self._sequence.crf, most, self._missing)

    def _all_units(self, segments: Sequence[Segment]) -> list[SideUnit]:
        return [unit for segment in segments for unit in self._units_of(segment)]

    def _units_of(self, segment: Segment) -> list[SideUnit]:
        with_header = segment.number == 0 and not self._header_left
        return [*(self._headers if with_header else []), *segment.units]
