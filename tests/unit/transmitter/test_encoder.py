"""The transmitter's core, without files, threads or a link."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain, count, islice, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid import bitstream
from semvid.accounting import SymbolClass
from semvid.errors import TransmissionFailed
from semvid.images.fidelity import psnr_db
from semvid.images.keyframe_codec import Group, KeyframeDecoder, KeyframeEncoder
from semvid.images.obu import ReferenceLost
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.link.blocks import Delivery
from semvid.link.record import LinkRecord
from semvid.options import Focus, TransmissionOptions
from semvid.profile import Given, Profile
from semvid.psss import Answer
from semvid.semantics import Caption, Opening, PictureCoding, StreamEnd, StreamHeader
from semvid.video.reader import Frame
from tests.unit.transmitter.clips import HEIGHT, WIDTH, flicker, pan, source, still
from transmitter.encoder import Encoder
from transmitter.rate.model import AT_10_DB, Forecast, LinkPrice, OperatingPoint
from transmitter.rate.plan import Plan
from transmitter.shipment import Quote, Segment, Shipment

FRAMES = 60
PROFILE = Profile("embedded", longest_gap_s=1.0, closed_loop=True, draws_from=frozenset(Given))
AHEAD = 3
EACH = {"keyframe_method": "skim", "keyframe_count": FRAMES}
"""Options under which every frame is a keyframe."""
CODINGS = [coding.value for coding in PictureCoding]


class Mute:
    """Sees no difference in anything."""

    name = "mute"

    def compare(
        self,
        reference: Picture,
        candidates: Sequence[Picture],
        focus: Focus,
    ) -> list[Answer]:
        return [Answer(0.9, 0.1) for _ in candidates]

    def caption(self, frames: Sequence[Picture]) -> str:
        return "A picture."


def story() -> Iterator[Frame]:
    """Calm, then moving, then, behind a cut, something new in every frame."""
    return chain(still(20), pan(25, 2.0, first=20), flicker(FRAMES - 45, first=45))


def shots(cut: int = 33) -> Iterator[Frame]:
    return chain(pan(cut, 1.3), pan(FRAMES - cut, 1.3, seed=7, first=cut))


def encoder(
    announced: int = FRAMES,
    bits_per_symbol: float = 2.5,
    scale: float = 1.0,
    dearer: float = 1.0,
    **options: object,
) -> Encoder:
    chosen = TransmissionOptions.model_validate({"candidate_spacing_s": 1.0, **options})
    point = OperatingPoint(40.0, 0.3, scale, preset=8)
    plan = Plan(point, Forecast(100.0, 200.0, 10) if chosen.target_cbr else None)
    price = replace(AT_10_DB, bits_per_symbol=bits_per_symbol)
    quote = quoted(price, dearer)
    return Encoder(source(announced), chosen, PROFILE, Mute(), plan, AHEAD, lambda: price, quote)


def quoted(price: LinkPrice, dearer: float) -> Quote:
    """What shipments take: the estimate that plans are made with, and pictures ``dearer`` times that."""

    def quote(shipment: Shipment, repeated: bool) -> float:
        beside = price.symbols_beside(len(bitstream.pack(shipment.units)))
        return beside + (dearer * price.symbols_of(size(shipment)) if shipment.coded else price.block_symbols)

    return quote


def record(symbols: int, keyframe_symbols: int) -> LinkRecord:
    link = LinkRecord(rounds=3, snr_db=10.0)
    link.ledger.add(SymbolClass.CONTROL, symbols - keyframe_symbols)
    link.ledger.add(SymbolClass.KEYFRAME, keyframe_symbols)
    return link


Losses = Callable[[Shipment], Sequence[range]]
"""Stretches of a shipment's bytes that are lost."""


def nothing(_: Shipment) -> list[range]:
    return []


def all_of(number: int) -> Losses:
    """Loses the pictures of one shipment, which is the ``number``-th."""
    sent = count()
    return lambda shipment: [range(size(shipment))] if next(sent) == number else []


class Receiver:
    """Takes what arrives of each shipment and decodes it.

    Attributes:
        shipments: all.
        size: width and height of coded pictures, as the header says.
        frames: source frames of the decoded keyframes, in coding order.
    """

    def __init__(self, pictures: list[Picture]) -> None:
        self.shipments: list[Shipment] = []
        self.frames: list[int] = []
        self._pictures, self.size, self._decoder = pictures, (WIDTH, HEIGHT), KeyframeDecoder(WIDTH, HEIGHT)

    @property
    def coded(self) -> list[Shipment]:
        """Those with pictures, or what is left of them."""
        return [shipment for shipment in self.shipments if shipment.coded is not None]

    def take(self, shipment: Shipment, losses: Losses) -> Delivery:
        self.shipments.append(shipment)
        for header in shipment.units:
            if isinstance(header, StreamHeader):
                self.size = header.coded_width, header.coded_height
                self._decoder = KeyframeDecoder(*self.size)
        if (coded := shipment.coded) is None:
            return Delivery()
        delivery = Delivery(lost=tuple(losses(shipment)))
        lost = coded.pictures_in(delivery.lost)
        for index, (described, packet) in enumerate(zip(coded.group.pictures, coded.packets, strict=True)):
            if index in lost or not packet:
                self._decoder.lose(described.kept_in)
                continue
            try:
                picture = self._decoder.decode(packet)
            except ReferenceLost:
                assert lost, f"the sender knew that keyframe {described.frame} leans on one that is missing"
                continue
            self.frames.append(described.frame)
            assert shipment.crf is not None
            least = 24 if shipment.crf < 60 else 18
            source = at_size(self._pictures[described.frame], self.size)
            assert psnr_db(picture, source) > least or self.size != (WIDTH, HEIGHT)  # another frame: below 17
        return delivery


def transmit(
    core: Encoder, losses: Losses = nothing, frames: Callable[[], Iterator[Frame]] = story
) -> Receiver:
    receiver = Receiver([frame.picture for frame in frames()])
    with closing(core):
        for segment in core.segments(frames()):
            for shipment in core.shipments(segment):
                sent = len(receiver.shipments) + 1
                core.delivered(shipment, receiver.take(shipment, losses), record(900 * sent, 500 * sent))
    return receiver


def slow_pan() -> Iterator[Frame]:
    return pan(FRAMES, 1.3)


def size(shipment: Shipment) -> int:
    return 0 if shipment.coded is None else shipment.coded.group.size


def layers(shipment: Shipment, sent: bool) -> list[int]:
    """Those of the pictures that were sent, or of those that were given up."""
    assert shipment.coded is not None
    group = shipment.coded.group
    return [
        layer
        for layer, picture in zip(group.layers(), group.pictures, strict=True)
        if (picture.size > 0) == sent
    ]


def keyframes(segments: Iterable[Segment]) -> list[int]:
    return [one.keyframe.frame.index for one in segments if one.keyframe is not None]


def test_every_frame_lies_in_one_segment_and_the_end_says_how_many_there_were() -> None:
    with closing(encoder()) as core:
        segments = list(core.segments(story()))
    frames = keyframes(segments)
    assert frames[0] == 0
    assert frames[-1] == FRAMES - 1
    assert frames == sorted(set(frames))
    assert [one.number for one in segments] == list(range(len(segments)))
    ends = [unit for one in segments for unit in one.units if isinstance(unit, StreamEnd)]
    assert ends == [StreamEnd(FRAMES, len(frames))]


@pytest.mark.parametrize(("announced", "hold"), [(FRAMES - 20, None), (FRAMES + 20, 21)])
def test_a_container_that_announced_another_number_of_frames_is_not_believed(
    announced: int, hold: int | None
) -> None:
    """Where frames are missing at the end their time is kept: the last one that came is shown that long."""
    receiver = transmit(encoder(announced))
    segments = [segment for shipment in receiver.shipments for segment in shipment.segments]
    assert receiver.shipments[-1].units[-1] == StreamEnd(FRAMES, len(keyframes(segments)), hold)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("method", [{}, EACH], ids=["by meaning", "every frame"])
def test_groups_cover_all_keyframes_once_and_in_order(coding: str, method: dict[str, object]) -> None:
    receiver = transmit(encoder(coding=coding, **method))
    segments = [segment for shipment in receiver.shipments for segment in shipment.segments]
    assert [segment.number for segment in segments] == list(range(len(segments)))
    for shipment in receiver.shipments:
        assert shipment.coded is not None
        assert shipment.coded.group.number == shipment.segments[0].number
        described = [picture.frame for picture in shipment.coded.group.in_time]
        assert described == keyframes(shipment.segments)
    assert sorted(receiver.frames) == keyframes(segments)


def test_low_delay_and_intra_send_each_keyframe_at_once() -> None:
    for coding in ("low-delay", "intra"):
        with closing(encoder(coding=coding, **EACH)) as core:
            for segment in islice(core.segments(slow_pan()), 12):
                (shipment,) = core.shipments(segment)
                assert shipment.segments == (segment,)
                core.delivered(shipment, Delivery(), record(900, 500))


def test_a_pyramid_is_sent_while_the_video_goes_on() -> None:
    with closing(encoder(**EACH)) as core:
        for segment in core.segments(slow_pan()):
            if list(core.shipments(segment)):
                break
    assert segment.number < FRAMES - 8


@pytest.mark.parametrize("coding", CODINGS)
@settings(max_examples=5)
@given(seed=st.integers(0, 2**16), lost=st.sampled_from([0.1, 0.3]))
def test_whatever_is_lost_all_that_is_sent_later_decodes(coding: str, seed: int, lost: float) -> None:
    """Refused is only what was on its way together with what it leans on; `Receiver` sees to that."""
    random = np.random.default_rng(seed)

    def losses(shipment: Shipment) -> list[range]:
        first, stop = sorted(random.integers(0, size(shipment) + 1, 2).tolist())
        return [range(first, stop + 1)] if random.random() < lost else []

    receiver = transmit(encoder(coding=coding, **EACH), losses, shots)
    segments = [segment for shipment in receiver.shipments for segment in shipment.segments]
    assert keyframes(segments) == list(range(FRAMES))
    assert receiver.frames


@pytest.mark.parametrize("number", [0, 1, 4])
def test_after_a_lost_anchor_what_waits_is_coded_anew(number: int) -> None:
    receiver = transmit(encoder(**EACH), all_of(number), slow_pan)
    refreshing = [n for n, one in enumerate(receiver.shipments) if one.coded and one.coded.group.refresh]
    assert refreshing == [0, number + 1]
    lost = keyframes(receiver.shipments[number].segments)
    assert sorted(receiver.frames) == [frame for frame in range(FRAMES) if frame not in lost]


@pytest.mark.parametrize("cut", [20, 33, 50])
def test_an_anchor_lost_just_before_a_cut_spoils_no_more_than_its_group(cut: int) -> None:
    """The sequence before the cut has ended by then, and nothing follows that would push it out."""
    receiver = transmit(encoder(**EACH), all_of(1), lambda: shots(cut))
    lost = keyframes(receiver.shipments[1].segments)
    assert len(lost) > 1
    assert sorted(receiver.frames) == [frame for frame in range(FRAMES) if frame not in lost]


def test_a_lost_picture_that_none_leans_on_costs_itself() -> None:
    def losses(shipment: Shipment) -> list[range]:
        return [range(size(shipment) - 1, size(shipment))] if shipment.segments[0].number == 0 else []

    receiver = transmit(encoder(**EACH), losses, slow_pan)
    first = receiver.shipments[0].coded
    assert first is not None
    (lost,) = first.pictures_in(losses(receiver.shipments[0]))
    assert first.group.layers()[lost] == max(first.group.layers())
    assert first.group.pictures[lost].kept_in == 0
    missing = first.group.pictures[lost].frame
    assert sorted(receiver.frames) == [frame for frame in range(FRAMES) if frame != missing]


def test_a_lost_upper_picture_costs_those_that_lean_on_it_and_no_layer_below() -> None:
    def losses(shipment: Shipment) -> list[range]:
        """One byte in the middle layer of the second group."""
        if shipment.segments[0].number == 0 or shipment.coded is None or lost:
            return []
        group = shipment.coded.group
        index = group.layers().index(2)
        lost.append(group.pictures[index].frame)
        return [range(group.spans()[index].start, group.spans()[index].start + 1)]

    lost: list[int] = []
    receiver = transmit(encoder(**EACH), losses, slow_pan)
    assert [one.coded.group.refresh for one in receiver.shipments if one.coded] == [
        True, *[False] * (len(receiver.shipments) - 1)
    ]  # fmt: skip
    assert lost
    assert lost[0] not in receiver.frames
    for shipment in receiver.shipments[2:]:
        assert min(layers(shipment, sent=False), default=2) >= 2


@pytest.mark.parametrize("bits_per_symbol", [0.2, 0.05])
def test_what_is_too_dear_is_given_up_from_the_top(bits_per_symbol: float) -> None:
    core = encoder(bits_per_symbol=bits_per_symbol, target_cbr=0.02, **EACH)
    receiver = transmit(core, frames=slow_pan)
    *shipments, last = receiver.coded
    assert (
        len(keyframes(last.segments)) == 1
    )  # where a sequence ends with a group of one, that leans on others
    for shipment in shipments:
        sent, not_sent = layers(shipment, sent=True), layers(shipment, sent=False)
        assert 0 in sent
        assert 0 not in not_sent
        assert min(not_sent, default=9) >= max(sent)
    assert len(shipments) <= len(receiver.frames) < FRAMES


def test_a_budget_without_room_for_any_picture_is_said_to_be_one() -> None:
    core = encoder(bits_per_symbol=0.01, target_cbr=0.02, **EACH)
    with pytest.raises(TransmissionFailed, match=r"no picture arrived within the 22,561 symbols.*target CBR"):
        transmit(core, frames=slow_pan)
    assert core.layers[0].given_up > 0
    assert not any(layer.sent for layer in core.layers.values())


def test_where_the_link_gets_too_dear_on_the_way_anchors_are_given_up_too() -> None:
    """Once the budget is gone nothing is sent, and each that leans on what is missing goes as well."""
    core = encoder(target_cbr=0.02, **EACH)
    receiver = Receiver([frame.picture for frame in slow_pan()])
    with closing(core):
        for segment in core.segments(slow_pan()):
            for shipment in core.shipments(segment):
                spent = 10_000 * len(receiver.shipments)
                core.delivered(shipment, receiver.take(shipment, nothing), record(spent + 900, spent + 500))
    assert core.layers[0].sent > 0
    assert core.layers[0].given_up > 0
    *_, last = receiver.coded
    assert layers(last, sent=True) == []
    assert isinstance(last.units[-1], StreamEnd)


def test_before_the_header_has_left_what_has_no_room_is_made_smaller() -> None:
    usual, poor = (
        transmit(encoder(bits_per_symbol=bits, target_cbr=0.02, **EACH), frames=slow_pan)
        for bits in (2.5, 0.2)
    )
    assert usual.size == (WIDTH, HEIGHT)
    assert poor.size[0] < WIDTH
    assert poor.size[0] / poor.size[1] == WIDTH / HEIGHT


def test_over_a_poor_link_the_header_leaves_first_and_once() -> None:
    for bits, alone in ((2.5, False), (0.2, True)):
        receiver = transmit(encoder(bits_per_symbol=bits, target_cbr=0.02, **EACH), frames=slow_pan)
        first, *others = receiver.shipments
        assert first.carries_header
        assert (first.coded is None) == alone
        assert not any(shipment.carries_header for shipment in others)


def test_an_anchor_that_there_is_no_room_for_is_coded_anew_and_coarser() -> None:
    """Where it is as small as can be."""
    options = {"scale": 4.0, "target_cbr": 0.02, **EACH}
    first, *_ = transmit(encoder(bits_per_symbol=0.05, **options), frames=slow_pan).coded
    usual, *_ = transmit(encoder(**options), frames=slow_pan).coded
    assert usual.crf == 40
    assert first.crf is not None
    assert first.crf > 50
    assert size(first) < size(usual) / 2
    assert keyframes(first.segments) == keyframes(usual.segments)


def test_an_anchor_is_coarser_where_it_takes_more_than_was_estimated_and_than_there_is() -> None:
    options = {"scale": 4.0, "target_cbr": 0.02, **EACH}
    first, *_ = transmit(encoder(dearer=60.0, **options), frames=slow_pan).coded
    assert first.crf is not None
    assert first.crf > 50
    assert layers(first, sent=True)


def test_captions_that_come_again_are_given_up_once() -> None:
    core = encoder(bits_per_symbol=0.05, target_cbr=0.02, **EACH)
    receiver, refused, silent = Receiver([frame.picture for frame in slow_pan()]), False, 0
    letters = np.random.default_rng(0).choice(list("abcdefghijklmnopqrstuvwxyz"), 400)
    with closing(core):
        for segment in core.segments(slow_pan()):
            caption = Caption(segment.number, segment.number + 1, "".join(letters))
            for shipment in core.shipments(replace(segment, units=[*segment.units, caption])):
                vain = shipment.coded is not None and not refused
                lost = Delivery(protected=False, lost=(range(size(shipment)),))
                delivery = lost if vain else receiver.take(shipment, nothing)
                sent = len(receiver.shipments)
                assert core.delivered(shipment, delivery, record(900 * sent, 500 * sent)) != vain
                refused |= vain
                silent += 0 if vain else shipment.captions_given_up
    assert 0 < silent == core.captions_given_up


def test_the_dearer_the_link_the_more_is_given_up() -> None:
    kept = [
        len(transmit(encoder(bits_per_symbol=bits, target_cbr=0.02, **EACH), frames=slow_pan).frames)
        for bits in (2.5, 0.2, 0.05)
    ]
    assert kept[0] == FRAMES
    assert kept == sorted(kept, reverse=True)
    assert kept[-1] < FRAMES / 3


def test_the_beginning_that_is_lost_comes_again_where_there_is_a_budget() -> None:
    receiver = transmit(encoder(target_cbr=0.02, **EACH), all_of(0), slow_pan)
    first, again, *_ = receiver.shipments
    assert keyframes(first.segments) == keyframes(again.segments)
    assert first.carries_header
    assert not again.units  # they have arrived
    assert sorted(receiver.frames) == list(range(FRAMES))


def test_layers_are_counted() -> None:
    core = encoder(bits_per_symbol=0.2, target_cbr=0.02, **EACH)
    shipments = transmit(core, all_of(2), slow_pan).coded
    assert sum(layer.sent + layer.given_up for layer in core.layers.values()) == FRAMES
    assert sum(layer.bytes for layer in core.layers.values()) == sum(map(size, shipments))
    assert sum(layer.lost for layer in core.layers.values()) == len(layers(shipments[2], sent=True))
    assert core.layers[0].lost > 0
    assert core.layers[3].given_up > 0


def test_without_a_target_nothing_is_given_up() -> None:
    assert len(transmit(encoder(bits_per_symbol=0.01, **EACH)).frames) == FRAMES


def test_a_cut_begins_a_sequence() -> None:
    receiver = transmit(encoder(**EACH), frames=shots)
    for shipment in receiver.shipments:
        frames, coded = keyframes(shipment.segments), shipment.coded
        assert coded is not None
        assert frames[-1] < 33 or frames[0] >= 33
        assert coded.group.shot_start == (frames[0] == 33)
        assert coded.group.refresh == (frames[0] in (0, 33))


def test_the_quality_behind_a_cut_goes_by_all_that_was_sent_before_it() -> None:
    """Although a pyramid gives nothing back before its end comes in sight."""
    crfs: list[float | None] = []
    sent = count(1)
    with closing(encoder(target_cbr=0.02, **EACH)) as core:
        for segment in core.segments(shots()):
            for shipment in core.shipments(segment):
                number = next(sent)
                core.delivered(shipment, Delivery(), record(5300 * number, 5000 * number))
                crfs += [shipment.crf] * len(shipment.segments)
    before, behind = set(crfs[:33]), set(crfs[33:])
    assert before == {40}
    assert min(crf or 0 for crf in behind) > 40


def too_dear(coding: str) -> list[tuple[float | None, bool, list[bytes]]]:
    """CRF, whether it stands alone, and packets of each group of a video that costs three times its plan."""
    core = encoder(2000, target_cbr=0.006, coding=coding, keyframe_method="skim", keyframe_count=2000)
    sent = []
    spent = 0
    with closing(core):
        for segment in core.segments(slow_pan()):
            for shipment in core.shipments(segment):
                spent += 300 * len(shipment.segments)
                core.delivered(shipment, Delivery(), record(spent, spent * 9 // 10))
                if (coded := shipment.coded) is not None:
                    sent.append((shipment.crf, coded.group.refresh, list(coded.packets)))
    return sent


@pytest.mark.parametrize("coding", ["pyramid", "low-delay"])
def test_inside_a_shot_the_quality_changes_with_a_picture_that_stands_alone(coding: str) -> None:
    groups = too_dear(coding)
    changes = [refresh for (before, _, _), (crf, refresh, _) in pairwise(groups) if crf != before]
    assert changes == [True]
    assert groups[0][:2] == (40, True)
    assert (groups[-1][0] or 0) > 40
    assert sum(refresh for _, refresh, _ in groups) == 2


class Late(KeyframeEncoder):
    """Gives groups back some pictures later, as SVT-AV1 does on a machine that has other work."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._late: list[Group] = []

    def push(self, picture: Picture) -> list[Group]:
        self._late += super().push(picture)
        due = self._late[:-1]
        self._late = self._late[-1:]
        return due

    def finish(self) -> list[Group]:
        late, self._late = self._late, []
        return late + super().finish()


def test_what_is_sent_does_not_depend_on_how_fast_a_pyramid_is_coded(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = too_dear("pyramid")
    monkeypatch.setattr("transmitter.encoder.KeyframeEncoder", Late)
    assert too_dear("pyramid") == usual


@settings(max_examples=4)
@given(data=st.data(), coding=st.sampled_from(CODINGS))
def test_what_is_sent_does_not_depend_on_how_far_analysis_is_ahead(data: st.DataObject, coding: str) -> None:
    def run(ahead: Iterator[int]) -> list[tuple[int, tuple[bytes, ...]]]:
        done: list[tuple[int, tuple[bytes, ...]]] = []
        spent = 0
        with closing(encoder(target_cbr=0.005, coding=coding)) as core:
            analysed = core.segments(story())
            waiting: list[Segment] = []
            while True:
                waiting += islice(analysed, max(0, 1 + next(ahead) - len(waiting)))
                if not waiting:
                    return done
                for shipment in core.shipments(waiting.pop(0)):
                    assert shipment.coded is not None
                    spent += 8 * shipment.coded.group.size
                    core.delivered(shipment, Delivery(), record(spent + 100 * (len(done) + 1), spent))
                    done.append((shipment.segments[0].number, tuple(shipment.coded.packets)))

    steps = data.draw(st.lists(st.integers(0, AHEAD), min_size=60, max_size=60))
    assert run(chain(steps, iter(lambda: AHEAD, None))) == run(iter(lambda: 0, None))


def test_the_header_goes_first_and_its_loss_ends_the_transmission() -> None:
    with closing(encoder(coding="low-delay")) as core:
        (shipment,) = core.shipments(next(core.segments(story())))
        assert isinstance(shipment.units[0], StreamHeader)
        with pytest.raises(TransmissionFailed, match=r"lost in all 3 rounds; .* 10\.0 dB"):
            core.delivered(shipment, Delivery(protected=False), record(900, 500))


def test_other_side_information_may_be_lost() -> None:
    with closing(encoder(coding="low-delay")) as core:
        for segment in core.segments(story()):
            for shipment in core.shipments(segment):
                core.delivered(shipment, Delivery(protected=segment.number == 0), record(900, 500))


def test_text_only_marks_where_segments_begin_and_codes_no_picture() -> None:
    shipments = transmit(encoder(keyframe_method="text-only")).shipments
    assert all(one.coded is None for one in shipments)
    marks = [unit for one in shipments for unit in one.units if isinstance(unit, Opening)]
    assert [mark.number for mark in marks] == list(range(len(shipments) - 1))
    assert marks[0].frame == 0
    assert isinstance(shipments[-1].units[-1], StreamEnd)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_first_frame_of_each_segment_is_sent_with_its_units(coding: str) -> None:
    receiver = transmit(encoder(keyframe_method="first-frame", segment_s=0.5, coding=coding))
    assert min(receiver.frames) == 0
    assert isinstance(receiver.shipments[-1].units[-1], StreamEnd)
    units = [unit for one in receiver.shipments for unit in one.units]
    assert sum(isinstance(unit, StreamHeader) for unit in units) == 1


def test_a_consumer_that_is_gone_stops_the_analysis() -> None:
    frames = story()
    with closing(encoder()) as core:
        gone = iter([False] * 10 + [True] * 1000)
        assert len(list(core.segments(frames, lambda: next(gone)))) == 1
    assert next(frames).index == 10
