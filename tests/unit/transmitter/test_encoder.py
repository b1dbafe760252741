"""The transmitter's core, without files, threads or a link."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from itertools import chain, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.accounting import SymbolClass
from semvid.errors import TransmissionFailed
from semvid.images.keyframe_codec import KeyframeDecoder
from semvid.link.harq import Delivery, LinkRecord
from semvid.options import TransmissionOptions
from semvid.profile import Given, Profile
from semvid.semantics import Keyframe, StreamEnd, StreamHeader
from semvid.video.orientation import Orientation
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame
from semvid.video.scan import StampSource
from tests.unit.transmitter.clips import HEIGHT, WIDTH, flicker, pan, still
from transmitter.encoder import Encoder, Segment, Shipment
from transmitter.mllm.library import load
from transmitter.rate.model import Forecast, OperatingPoint
from transmitter.rate.plan import Plan

FRAMES = 60
PROFILE = Profile("embedded", longest_gap_s=1.0, closed_loop=True, draws_from=frozenset(Given))
AHEAD = 3


def frames() -> Iterator[Frame]:
    """Calm, then moving, then another picture in every frame."""
    return chain(still(20), pan(25, 2.0, first=20), flicker(FRAMES - 45, first=45))


def source(announced: int = FRAMES) -> SourceInfo:
    return SourceInfo(
        WIDTH, HEIGHT, Orientation(), Fraction(24), Fraction(1, 24), 0, Fraction(1, 2), StampSource.FRAME,
        announced / 24, announced, "h264",
    )  # fmt: skip


def encoder(announced: int = FRAMES, **options: object) -> Encoder:
    chosen = TransmissionOptions.model_validate({"candidate_spacing_s": 1.0, **options})
    plan = Plan(OperatingPoint(55, 60.0, 0.1), Forecast(100.0, 200.0, 10) if chosen.target_cbr else None)
    return Encoder(source(announced), chosen, PROFILE, load("embedded"), plan, AHEAD)


def record(symbols: int, keyframe_symbols: int) -> LinkRecord:
    link = LinkRecord(rounds=3, snr_db=10.0)
    link.ledger.add(SymbolClass.CONTROL, symbols - keyframe_symbols)
    link.ledger.add(SymbolClass.KEYFRAME, keyframe_symbols)
    return link


def sent(announced: int = FRAMES, **options: object) -> list[Shipment]:
    """All shipments of a transmission in which everything arrives."""
    shipments = []
    with closing(encoder(announced, **options)) as core:
        for segment in core.segments(frames()):
            shipments.append(core.shipment(segment))
            core.delivered(shipments[-1], Delivery(), record(900 * len(shipments), 500 * len(shipments)))
    return shipments


def test_every_frame_lies_in_one_segment_and_the_end_says_how_many_there_were() -> None:
    segments = [one.segment for one in sent()]
    keyframes = [one.keyframe.frame.index for one in segments if one.keyframe is not None]
    assert keyframes[0] == 0
    assert keyframes[-1] == FRAMES - 1
    assert keyframes == sorted(set(keyframes))
    assert [one.number for one in segments] == list(range(len(segments)))
    ends = [unit for one in segments for unit in one.units if isinstance(unit, StreamEnd)]
    assert ends == [StreamEnd(FRAMES, len(keyframes))]


@pytest.mark.parametrize("announced", [FRAMES - 20, FRAMES + 20])
def test_a_container_that_announced_another_number_of_frames_is_not_believed(announced: int) -> None:
    segments = [one.segment for one in sent(announced)]
    keyframes = sum(one.keyframe is not None for one in segments)
    assert segments[-1].units[-1] == StreamEnd(FRAMES, keyframes)


@settings(max_examples=5, deadline=None)
@given(lost=st.sets(st.integers(1, 20), min_size=1))
def test_after_any_loss_the_next_picture_stands_alone_and_all_that_arrived_decodes(lost: set[int]) -> None:
    decoder = KeyframeDecoder(WIDTH, HEIGHT)
    with closing(encoder()) as core:
        previous_lost = True
        for segment in core.segments(frames()):
            shipment = core.shipment(segment)
            assert shipment.coded is not None
            assert shipment.coded.refresh == previous_lost
            previous_lost = segment.number in lost
            if previous_lost:
                decoder.reset()
            else:
                decoder.decode(shipment.coded.packet)
            symbols = 500 * (segment.number + 1)
            core.delivered(shipment, Delivery(bulk=not previous_lost), record(symbols, symbols // 2))


@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_what_is_sent_does_not_depend_on_how_far_analysis_is_ahead(data: st.DataObject) -> None:
    def run(ahead: Iterator[int]) -> list[tuple[int, bytes]]:
        done: list[tuple[int, bytes]] = []
        spent = 0
        with closing(encoder(target_cbr=0.005)) as core:
            analysed = core.segments(frames())
            waiting: list[Segment] = []
            while True:
                waiting += islice(analysed, max(0, 1 + next(ahead) - len(waiting)))
                if not waiting:
                    return done
                shipment = core.shipment(waiting.pop(0))
                assert shipment.coded is not None
                assert shipment.segment.keyframe is not None
                spent += 8 * len(shipment.coded.packet)
                core.delivered(shipment, Delivery(), record(spent + 100 * (len(done) + 1), spent))
                done.append((shipment.segment.keyframe.frame.index, shipment.coded.packet))

    steps = data.draw(st.lists(st.integers(0, AHEAD), min_size=60, max_size=60))
    assert run(chain(steps, iter(lambda: AHEAD, None))) == run(iter(lambda: 0, None))


def test_the_header_goes_first_and_its_loss_ends_the_transmission() -> None:
    with closing(encoder()) as core:
        shipment = core.shipment(next(core.segments(frames())))
        assert isinstance(shipment.units[0], StreamHeader)
        with pytest.raises(TransmissionFailed, match=r"lost in all 3 rounds; .* 10\.0 dB"):
            core.delivered(shipment, Delivery(protected=False), record(900, 500))


def test_other_side_information_may_be_lost() -> None:
    with closing(encoder()) as core:
        for segment in core.segments(frames()):
            shipment = core.shipment(segment)
            core.delivered(shipment, Delivery(protected=segment.number == 0), record(900, 500))


def test_text_only_marks_where_segments_begin_and_codes_no_picture() -> None:
    shipments = sent(keyframe_method="text-only")
    assert all(one.coded is None for one in shipments)
    marks = [unit for one in shipments for unit in one.units if isinstance(unit, Keyframe)]
    assert [mark.number for mark in marks] == list(range(len(shipments) - 1))
    assert all(mark.packet == b"" for mark in marks)
    assert isinstance(shipments[-1].units[-1], StreamEnd)


def test_a_consumer_that_is_gone_stops_the_analysis() -> None:
    source_frames = frames()
    with closing(encoder()) as core:
        gone = iter([False] * 10 + [True] * 1000)
        assert len(list(core.segments(source_frames, lambda: next(gone)))) == 1
    assert next(source_frames).index == 10
