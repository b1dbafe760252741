"""What leaves in time, by the clock of the link."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from pydantic import ValidationError

from semvid.accounting import SymbolClass
from semvid.channel_options import ChannelOptions
from semvid.images.keyframe_codec import EncodedPicture
from semvid.link.blocks import BlockPayload, Delivery, Payload
from semvid.link.packing import CodedGroup
from semvid.link.record import LinkRecord
from semvid.options import TransmissionOptions
from semvid.semantics import ALL_SLOTS
from tests.unit.transmitter.clips import source, still
from transmitter.deadline import TEXT_RENEWALS, FromFile, Timing, together, within_link
from transmitter.keyframes.selection import Reason, Selected
from transmitter.shipment import Segment, Shipment

RATE_HZ, FRAME_RATE = 1000.0, 10.0


def shipment(number: int, frames_read: int, picture: bool = True) -> Shipment:
    frame = list(still(frames_read))[-1]
    segment = Segment([], Selected(frame, Reason.INTERVAL), number, frames_read, last=False)
    coded = EncodedPicture(number, bytes(50), True, leans_on=0, kept_in=ALL_SLOTS)
    group = CodedGroup.of([coded], number, [frame.index], False, None if picture else set())
    return Shipment((segment,), [], group, 40.0)


def block(text: bool = True, picture: bool = True) -> BlockPayload:
    caption, bulk = (Payload(bytes(9), {kind: 72}) for kind in (SymbolClass.CAPTION, SymbolClass.KEYFRAME))
    return BlockPayload(caption if text else None, bulk if picture else None, stretch=range(50))


def test_text_leaves_first_and_is_repeated_and_pictures_have_what_is_left() -> None:
    timing, link, one = Timing(RATE_HZ, FromFile(FRAME_RATE), deadline_s=0.5), LinkRecord(3), shipment(0, 10)
    first, then = timing.begin(one, [block(), block(text=False)], link)
    assert [(b.protected is not None, b.bulk, b.renewals) for b in first] == [(True, None, TEXT_RENEWALS)]
    assert [b.protected for b in then] == [None, None]
    link.ledger.add(SymbolClass.CAPTION, 120)
    assert timing.room(one, link) == pytest.approx(380)
    link.ledger.add(SymbolClass.KEYFRAME, 300)
    timing.note(timing.end(one, Delivery(), link))
    (arrival,) = timing.end(one, Delivery(), link)
    assert arrival.delay_s == pytest.approx(0.42)
    assert arrival.ready_s == pytest.approx(1.0)
    assert arrival.picture
    assert timing.delays.resource()["kept"] == 1


def test_a_link_that_is_behind_begins_late_and_leaves_no_room() -> None:
    timing, link = Timing(RATE_HZ, FromFile(FRAME_RATE), deadline_s=0.5), LinkRecord(3)
    timing.begin(shipment(0, 1), [block()], link)
    link.ledger.add(SymbolClass.RETRANSMISSION, 3000)  # until 3.1 s
    timing.note(timing.end(shipment(0, 1), Delivery(), link))
    late = shipment(1, 10)
    timing.begin(late, [block()], link)
    assert timing.room(late, link) == 0
    arrivals = timing.end(late, Delivery(True, (range(50),)), link)
    timing.note(arrivals)
    (arrival,) = arrivals
    assert arrival.delay_s == pytest.approx(2.1)
    assert not arrival.picture
    assert timing.delays.resource() == {
        "deadline_s": 0.5, "latency_s": None, "segments": 2, "kept": 0, "generated": 1, "mean_s": 2.55,
        "longest_s": 3.0, "mean_latency_s": 2.95, "longest_latency_s": 3.0,
    }  # fmt: skip


def test_without_a_deadline_all_leaves_at_once_and_delays_are_measured() -> None:
    timing, link = Timing(RATE_HZ, FromFile(FRAME_RATE), pause_s=0.01), LinkRecord(3)
    blocks = [block(), block(text=False)]
    assert timing.begin(shipment(0, 1), blocks, link) == (blocks, [])
    link.ledger.add(SymbolClass.KEYFRAME, 100)
    link.bursts_sent = 2
    (arrival,) = timing.end(shipment(0, 1), Delivery(), link)
    assert arrival.delay_s == pytest.approx(0.12)
    assert "kept" not in timing.delays.resource()


def test_a_picture_that_was_given_up_is_generated_and_lost_text_is_not_in_time() -> None:
    timing, link = Timing(RATE_HZ, FromFile(FRAME_RATE), deadline_s=5), LinkRecord(3)
    one = shipment(0, 1, picture=False)
    timing.begin(one, [block()], link)
    arrivals = timing.end(one, Delivery(protected=False), link)
    timing.note(arrivals)
    (arrival,) = arrivals
    assert (arrival.picture, arrival.text) == (False, False)
    assert timing.delays.kept == 0
    assert together(Delivery(False), Delivery(True, (range(3),))) == Delivery(False, (range(3),))


def options(**more: object) -> TransmissionOptions:
    channel = {"symbol_rate_hz": 20_000}
    return TransmissionOptions.model_validate(
        {"coding": "low-delay", "deadline_s": 1, "channel": channel, **more}
    )


@pytest.mark.parametrize(
    ("more", "remedy"),
    [
        ({"coding": "pyramid"}, "low-delay or intra"),
        ({"channel": None}, "channel.symbol_rate_hz"),
        ({"deadline_s": 0}, "greater than 0"),
        ({"task": ["is it dark?"], "coding": "pyramid"}, "leave `deadline_s` out"),
    ],
)
def test_what_contradicts_a_deadline_is_refused(more: dict[str, object], remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        options(**more)


def test_with_ofdm_the_rate_follows_from_the_numerology() -> None:
    chosen = options(channel=None, waveform="ofdm", numerology=1, resource_blocks=2)
    # 24 subcarriers, 14 OFDM symbols in 0.5 ms (TS 38.211 table 4.3.2-1)
    assert chosen.symbols_per_s == pytest.approx(24 * 14 / 5e-4)


def test_a_deadline_aims_at_what_the_link_carries_unless_something_else_is_asked_for() -> None:
    info = source(60)
    target = within_link(options(), info).target_cbr
    samples = 3 * info.width * info.height * float(info.frame_rate)
    assert target == pytest.approx(min(1.0, 0.8 * 20_000 / samples), rel=1e-3)
    assert within_link(options(quality=40), info).target_cbr is None
    assert within_link(options(target_cbr=1e-3), info).target_cbr == 1e-3
    assert within_link(TransmissionOptions(), info).target_cbr is None


def test_there_is_no_clock_where_nobody_said_how_fast_the_link_is() -> None:
    assert Timing.of(TransmissionOptions(), source(60)) is None
    clocked = TransmissionOptions(channel=ChannelOptions(symbol_rate_hz=5e3, pause_ms=20))
    timing = Timing.of(clocked, source(60))
    assert timing is not None
    assert not timing.has_deadline


def test_the_stream_header_ahead_of_everything_is_no_segment() -> None:
    timing, link = Timing(RATE_HZ, FromFile(FRAME_RATE), deadline_s=5), LinkRecord(3)
    header = Shipment((Segment([], None, 0, 1, last=False),), [])
    timing.begin(header, [block(picture=False)], link)
    assert timing.end(header, Delivery(), link) == []


def test_rate_control_hears_of_the_deadline_as_of_a_want_of_room() -> None:
    timing, link = Timing(RATE_HZ, FromFile(FRAME_RATE), deadline_s=0.5), LinkRecord(3)
    one = replace(shipment(0, 10), most_symbols=2000.0)
    assert timing.charged(one, 300.0, link) == pytest.approx(300 * 2000 / 500)
    assert timing.charged(replace(one, most_symbols=400.0), 300.0, link) == 300
    assert timing.charged(replace(one, most_symbols=math.inf), 300.0, link) == 300
    link.ledger.add(SymbolClass.RETRANSMISSION, 5000)  # it is late whatever it takes
    assert timing.charged(one, 300.0, link) == 300
    assert Timing(RATE_HZ, FromFile(FRAME_RATE)).charged(one, 300.0, link) == 300


class Wall:
    """A live source whose frames come ten a second, and a clock that is set by hand."""

    now = 0.1

    def taken_s(self, index: int) -> float:
        return index / FRAME_RATE

    def now_s(self) -> float:
        return self.now


def test_a_latency_counts_from_the_first_frame_and_heeds_what_coding_takes() -> None:
    wall, link = Wall(), LinkRecord(3)
    timing = Timing(RATE_HZ, wall, latency_s=2.0)
    one = shipment(0, 10)
    wall.now = 1.4  # taken at 0.9, coded for half a second
    assert not timing.late(one.segments[0], link)
    timing.begin(one, [block()], link)
    assert timing.room(one, link) == pytest.approx(600)
    link.ledger.add(SymbolClass.KEYFRAME, 300, 900)
    (arrival,) = arrivals = timing.end(one, Delivery(), link)
    assert (arrival.ready_s, arrival.latency_s) == (pytest.approx(0.9), pytest.approx(1.7))
    assert timing.ahead_s == pytest.approx(0.3)  # the link is as slow as its symbol rate
    timing.note(arrivals)
    assert timing.delays.kept == 1


def test_what_would_be_late_is_not_coded_and_one_slow_picture_is_not_the_last_that_is_tried() -> None:
    wall, link = Wall(), LinkRecord(3)
    timing = Timing(RATE_HZ, wall, latency_s=1.0)
    first = shipment(0, 1)
    timing.late(first.segments[0], link)
    timing.begin(first, [block()], link)
    wall.now = 5.1
    timing.note(timing.end(first, Delivery(), link))  # five seconds, by the wall
    later = shipment(1, 51)
    asked = [timing.late(later.segments[0], link) for _ in range(20)]
    assert asked[0]
    timing.note(timing.end(shipment(1, 51, picture=False), Delivery(), link))  # left out
    assert not all(timing.late(shipment(2, 56).segments[0], link) for _ in range(20))


def test_what_is_left_out_counts_against_the_latency_of_the_picture_that_shows_it() -> None:
    wall, link = Wall(), LinkRecord(3)
    timing = Timing(RATE_HZ, wall, latency_s=2.0)
    for number, frames, picture, now in ((0, 1, True, 0.2), (1, 11, False, 1.1), (2, 21, True, 2.1)):
        wall.now = now
        timing.begin(shipment(number, frames, picture), [block()], link)
        arrivals = timing.end(shipment(number, frames, picture), Delivery(), link)
        timing.note(arrivals)
    assert arrivals[0].latency_s == pytest.approx(2.0)  # since frame 1, taken at 0.1
    assert timing.delays.generated == 1


def test_a_latency_goes_with_low_delay_of_its_own_accord() -> None:
    channel = {"symbol_rate_hz": 20_000}
    asked = TransmissionOptions.model_validate({"latency_s": 2, "channel": channel})
    assert asked.coding == "low-delay"
    for more, remedy in (({"coding": "pyramid"}, "low-delay or intra"), ({"deadline_s": 1}, "one of them")):
        with pytest.raises(ValidationError, match=remedy):
            TransmissionOptions.model_validate({"latency_s": 2, "channel": channel, **more})
