"""Hybrid ARQ against receivers and channels that do whatever they like."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.accounting import SymbolClass
from semvid.link.blocks import BlockPayload, BlockReport, Delivery, Payload
from semvid.link.harq import PROBE_SYMBOLS, HarqSender
from semvid.link.sending import MAX_AGGREGATION
from semvid.phy.arrays import Symbols
from semvid.phy.block import Block, BlockReceiver, TbState, burst_sizes
from semvid.phy.layout import DENSE_SPACING
from semvid.phy.ldpc.rate_matching import REDUNDANCY_VERSIONS
from semvid.phy.pilots import SOUNDING_SYMBOLS
from semvid.waveform import RadioFrame, SingleCarrier

HEADER, CAPTION, KEYFRAME, SOUND = (
    SymbolClass.HEADER,
    SymbolClass.CAPTION,
    SymbolClass.KEYFRAME,
    SymbolClass.SOUND,
)

states = st.sampled_from(TbState)
reports = st.builds(
    BlockReport,
    control_decoded=st.booleans(),
    protected=states,
    bulk=states,
    snr_db=st.one_of(st.floats(-30, 60), st.just(float("nan"))),
    effective_snr_db=st.one_of(st.floats(-30, 60), st.just(float("nan"))),
)
protected_payloads = st.builds(
    lambda size, header: Payload(bytes(size), {HEADER if header else CAPTION: 8 * size}),
    st.integers(1, 400),
    st.booleans(),
)
bulk_payloads = st.builds(lambda size: Payload(bytes(size), {KEYFRAME: 8 * size}), st.integers(1, 1500))
renewals = st.integers(0, 2)
blocks = st.one_of(
    st.builds(BlockPayload, protected_payloads, st.none() | bulk_payloads, renewals=renewals),
    st.builds(BlockPayload, st.none(), bulk_payloads, renewals=renewals),
)


@dataclass(frozen=True)
class Arrived:
    """What of one block is there in the end, and how often it was sent anew."""

    protected: bool
    bulk: bool
    renewed: int


def sounded(sender: HarqSender, snr_db: float = 10.0) -> HarqSender:
    sender.sound()
    sender.report(BlockReport(False, TbState.ABSENT, TbState.ABSENT, snr_db, snr_db))
    return sender


@settings(max_examples=60, deadline=None)
@given(shipment=st.lists(blocks, max_size=4), retransmissions=st.integers(0, 3), data=st.data())
def test_whatever_is_reported_each_block_ends_and_every_symbol_is_counted(
    shipment: list[BlockPayload], retransmissions: int, data: st.DataObject
) -> None:
    shipment = [
        replace(block, stretch=range(10 * number, 10 * number + 10)) for number, block in enumerate(shipment)
    ]
    sender = sounded(HarqSender(retransmissions=retransmissions))
    sender.ship(shipment)
    sent: list[list[tuple[Block, BlockReport]]] = []
    while (block := sender.next_block()) is not None:
        if not sent or block.process != sent[-1][-1][0].process:
            sent.append([])
        report = data.draw(reports, label="report")
        sent[-1].append((block, report))
        sender.report(report)

    assert len(sent) == len(shipment)
    arrived = [
        _replayed(payload, rounds, 1 + retransmissions)
        for payload, rounds in zip(shipment, sent, strict=True)
    ]
    lost = tuple(payload.stretch for payload, one in zip(shipment, arrived, strict=True) if not one.bulk)
    assert sender.delivery == Delivery(all(one.protected for one in arrived), lost)

    record, ledger = sender.record, sender.record.ledger
    lengths = [[burst_sizes(block).total for block, _ in rounds] for rounds in sent]
    assert ledger.total_symbols == SOUNDING_SYMBOLS + sum(map(sum, lengths))
    assert ledger.symbols[SymbolClass.RETRANSMISSION] == sum(sum(rounds[1:]) for rounds in lengths)
    for symbol_class in (HEADER, CAPTION, KEYFRAME):
        carried = [
            p.bits.get(symbol_class, 0) for b in shipment for p in (b.protected, b.bulk) if p is not None
        ]
        assert ledger.bits[symbol_class] == sum(carried)
        assert sum(record.mcs.get(symbol_class, {}).values()) == sum(bits > 0 for bits in carried)
    assert record.blocks_sent == len(shipment)
    assert record.bursts_sent == 1 + sum(map(len, sent))
    assert record.retransmissions == sum(len(rounds) - 1 for rounds in sent)
    assert record.blocks_lost == sum(not (one.protected and one.bulk) for one in arrived)


def _replayed(payload: BlockPayload, rounds: list[tuple[Block, BlockReport]], most: int) -> Arrived:
    """What became of one block, checking on the way that each round sent what was missing and no more."""
    small, large = payload.protected is not None, payload.bulk is not None
    versions, aggregation = iter(REDUNDANCY_VERSIONS), rounds[0][0].aggregation
    assert all(block.pilot_spacing == DENSE_SPACING for block, _ in rounds[1:most])
    version, renewed = next(versions), 0
    for number, (block, report) in enumerate(rounds):
        if number == most * (renewed + 1):  # sent anew, with a fresh soft buffer at the receiver
            renewed += 1
            versions, aggregation = iter(REDUNDANCY_VERSIONS), block.aggregation
            version = next(versions)
        assert (block.protected is not None, block.bulk is not None) == (small, large)
        assert (block.rv, block.aggregation) == (version, aggregation)
        if report.control_decoded:
            version = next(versions, version)
            small &= report.protected is not TbState.DECODED
            large &= report.bulk is not TbState.DECODED
        else:
            aggregation = min(2 * aggregation, MAX_AGGREGATION)
        last = number + 1 == most * (1 + payload.renewals)
        assert (number + 1 == len(rounds)) == (last or not (small or large))
    return Arrived(not small, not large, renewed)


def test_a_block_that_fails_in_all_rounds_is_sent_anew_as_often_as_it_may() -> None:
    sender = sounded(HarqSender(retransmissions=1))
    bulk = Payload(bytes(500), {KEYFRAME: 4000})
    first = BlockPayload(Payload(b"caption", {CAPTION: 56}), bulk, stretch=range(500), renewals=1)
    sender.ship([first, BlockPayload(bulk=bulk, stretch=range(500, 1000))])
    sent = []
    while (block := sender.next_block()) is not None:
        sent.append((block.process, block.rv, block.protected is not None))
        # the caption arrives at once, the pictures never do
        caption = TbState.DECODED if block.protected else TbState.ABSENT
        sender.report(BlockReport(True, caption, TbState.FAILED, 10.0, 10.0))
    assert sent == [
        (1, 0, True), (1, 2, False),  # all rounds
        (1, 0, False), (1, 2, False),  # anew: the same block to the receiver, with a fresh soft buffer
        (2, 0, False), (2, 2, False),  # the next one may not
    ]  # fmt: skip
    assert sender.delivery == Delivery(protected=True, lost=(range(500), range(500, 1000)))
    record, symbols = sender.record, sender.record.ledger.symbols
    assert (record.blocks_sent, record.blocks_lost, record.retransmissions) == (2, 2, 4)
    assert symbols[SymbolClass.RETRANSMISSION] > 1.4 * symbols[KEYFRAME]
    sender.ship([])
    assert sender.next_block() is None
    assert sender.delivery == Delivery()


@settings(max_examples=15, deadline=None)
@given(
    lost=st.lists(st.booleans(), min_size=12, max_size=12),
    snr_db=st.sampled_from([0.0, 8.0, 20.0]),
    seed=st.integers(0, 99),
)
def test_a_channel_that_drops_bursts_delivers_what_it_lets_through(
    lost: list[bool], snr_db: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    receiver, drops = BlockReceiver(), iter(lost)

    def cross(burst: Symbols) -> Symbols:
        noise = rng.standard_normal((len(burst), 2)).view(np.complex128)[:, 0] * np.sqrt(0.5)
        kept = 0.0 if next(drops) else 1.0
        return (kept * burst + 10 ** (-snr_db / 20) * noise).astype(np.complex64)

    sender = sounded(HarqSender(), snr_db)
    payloads = [rng.bytes(200), rng.bytes(300), rng.bytes(100)]
    for payload in payloads:
        whole = range(len(payload))
        bulk = Payload(payload, {KEYFRAME: 8 * len(payload)})
        sender.ship([BlockPayload(bulk=bulk, stretch=whole)])
        received, dropped = None, []
        while (burst := sender.next_burst()) is not None:
            reception = receiver.receive(cross(burst))
            dropped.append(reception.control is None)
            received = reception.bulk or received
            sender.report(BlockReport.of(reception))
        assert sender.delivery.lost == (() if received is not None else (whole,))
        assert received in (payload, None)
        if not all(dropped):
            assert received == payload


def test_what_arrives_when_it_is_sent_anew_is_not_lost() -> None:
    sender = sounded(HarqSender(retransmissions=0))
    header = Payload(b"header", {HEADER: 48})
    sender.ship([BlockPayload(header, Payload(bytes(99), {KEYFRAME: 792}), range(99), renewals=2)])
    answers = iter(
        [
            BlockReport(False, TbState.ABSENT, TbState.ABSENT, -3.0, -3.0),
            BlockReport(True, TbState.FAILED, TbState.DECODED, 10.0, 10.0),
            BlockReport(True, TbState.DECODED, TbState.ABSENT, 10.0, 10.0),
        ]
    )
    sent = []
    while (block := sender.next_block()) is not None:
        sent.append((block.protected is not None, block.bulk is not None))
        sender.report(next(answers))
    assert sent == [(True, True), (True, True), (True, False)]
    assert sender.delivery == Delivery()
    assert (sender.record.blocks_lost, sender.record.retransmissions) == (0, 2)


def test_nothing_leaves_before_the_last_shipment_is_settled() -> None:
    sender = sounded(HarqSender())
    payload = BlockPayload(protected=Payload(b"caption", {CAPTION: 56}))
    sender.ship([payload])
    with pytest.raises(RuntimeError, match="leaves when the one before"):
        sender.ship([payload])


def test_the_header_is_protected_best_and_bulk_least() -> None:
    sender = sounded(HarqSender(), 8.0)
    efficiency = {}
    for symbol_class in (HEADER, CAPTION):
        sender.ship([BlockPayload(protected=Payload(bytes(100), {symbol_class: 800}))])
        block = sender.next_block()
        assert block is not None
        assert block.protected is not None
        efficiency[symbol_class] = block.protected.mcs.spectral_efficiency
        sender.report(BlockReport(True, TbState.DECODED, TbState.ABSENT, 8.0, 8.0))
    sender.ship([BlockPayload(bulk=Payload(bytes(100), {KEYFRAME: 800}))])
    block = sender.next_block()
    assert block is not None
    assert block.bulk is not None
    assert efficiency[HEADER] < efficiency[CAPTION] < block.bulk.mcs.spectral_efficiency


def test_sound_goes_at_a_safer_scheme_is_repeated_once_and_counted_apart() -> None:
    def blocks(kind: SymbolClass) -> list[BlockPayload]:
        return [BlockPayload(bulk=Payload(bytes(1000), {kind: 8000})) for _ in range(4)]

    sender = sounded(HarqSender())
    sender.ship([*blocks(KEYFRAME), *blocks(SOUND)])
    rounds = []
    while (block := sender.next_block()) is not None:
        rounds.append(block)
        sender.report(BlockReport(True, TbState.ABSENT, TbState.FAILED, 10.0, 10.0))
    record = sender.record
    assert len(rounds) == 4 * record.rounds + 4 * 2
    pictures, sound = rounds[: 4 * record.rounds], rounds[4 * record.rounds :]
    assert sum(burst_sizes(block).total for block in sound) == record.sound_symbols
    assert 0 < record.sound_symbols < record.ledger.total_symbols
    assert record.ledger.symbols[SOUND] == sum(burst_sizes(block).bulk for block in sound[::2])
    assert (record.blocks_lost, record.sound_blocks_lost) == (8, 4)
    fresh = sounded(HarqSender())
    for _ in range(8):
        fresh.adapter.observe(10.0, 10.0)
    fresh.ship([*blocks(KEYFRAME)[:1], *blocks(SOUND)[:1]])
    schemes = []
    while (block := fresh.next_block()) is not None:
        assert block.bulk is not None
        schemes.append(block.bulk.mcs.spectral_efficiency)
        fresh.report(BlockReport(True, TbState.ABSENT, TbState.DECODED, 10.0, 10.0))
    assert schemes[1] < schemes[0]
    assert pictures[0].rv == sound[0].rv == 0


def test_without_retransmissions_sound_has_none_either() -> None:
    sender = sounded(HarqSender(retransmissions=0))
    sender.ship([BlockPayload(bulk=Payload(bytes(100), {SOUND: 800}))])
    assert sender.next_block() is not None
    sender.report(BlockReport(True, TbState.ABSENT, TbState.FAILED, 10.0, 10.0))
    assert sender.next_block() is None


def test_what_becomes_of_sound_does_not_change_how_pictures_are_sent() -> None:
    def after(kind: SymbolClass, state: TbState) -> float:
        sender = sounded(HarqSender())
        sender.ship([BlockPayload(bulk=Payload(bytes(1000), {kind: 8000})) for _ in range(8)])
        while sender.next_block() is not None:
            sender.report(BlockReport(True, TbState.ABSENT, state, 10.0, 10.0))
        return sender.adapter.choose_bulk(1000).spectral_efficiency

    assert after(SOUND, TbState.FAILED) == after(SOUND, TbState.DECODED)
    assert after(KEYFRAME, TbState.FAILED) < after(SOUND, TbState.FAILED)


@settings(max_examples=60, deadline=None)
@given(
    shipment=st.lists(blocks, min_size=1, max_size=4),
    retransmissions=st.integers(0, 3),
    most=st.integers(0, 20_000),
    data=st.data(),
)
def test_no_shipment_takes_more_than_it_may(
    shipment: list[BlockPayload], retransmissions: int, most: int, data: st.DataObject
) -> None:
    shipment = [
        replace(block, stretch=range(10 * number, 10 * number + 10)) for number, block in enumerate(shipment)
    ]
    sender = sounded(HarqSender(retransmissions=retransmissions))
    sender.ship(shipment, most)
    while (burst := sender.next_block()) is not None:
        assert burst.protected is not None or burst.bulk is not None
        sender.report(data.draw(reports, label="report"))
    record = sender.record
    assert record.ledger.total_symbols - SOUNDING_SYMBOLS <= most
    given_up = record.blocks_lost + record.blocks_withheld
    assert given_up >= len(sender.delivery.lost)
    assert record.blocks_sent + record.blocks_withheld >= len(shipment)


def probing(most: int, probe: int = 700, anchors: int = 4000, upper: int = 2000) -> tuple[HarqSender, int]:
    """A sender that a sounding has told of 10 dB, a shipment under way, and bits of its upper layer."""
    sender = sounded(HarqSender())
    ends = (probe, probe + anchors, probe + anchors + upper)
    shipment = [
        BlockPayload(
            bulk=Payload(bytes(stop - start), {KEYFRAME: 8 * (stop - start)}),
            stretch=range(start, stop),
            anchor=stop != ends[-1],
            vital=stop != ends[-1],
        )
        for start, stop in zip((0, *ends), ends, strict=False)
    ]
    sender.ship(shipment, most)
    return sender, 8 * upper


def test_little_is_staked_before_the_link_is_known() -> None:
    sender = sounded(HarqSender())
    probe_bytes = sender.probe_bytes(20_000)
    assert probe_bytes is not None
    (size,) = [sender.symbols_of([BlockPayload(bulk=Payload(bytes(probe_bytes), {KEYFRAME: 8}))], False)]
    assert PROBE_SYMBOLS < size < 1.1 * PROBE_SYMBOLS
    assert sender.probe_bytes(4 * PROBE_SYMBOLS - 100) is None  # too little to spend
    assert sender.probe_bytes(math.inf) is None
    while sender.probe_bytes(20_000) is not None:
        sender.ship([BlockPayload(bulk=Payload(bytes(200), {KEYFRAME: 1600}), stretch=range(200))])
        assert sender.next_block() is not None
        sender.report(BlockReport(True, TbState.ABSENT, TbState.DECODED, 10.0, 10.0))
        assert sender.next_block() is None
    assert sender.record.ledger.total_symbols - SOUNDING_SYMBOLS >= PROBE_SYMBOLS


@pytest.mark.parametrize(
    ("most", "snr_db", "effective_snr_db"), [(20_000, 6.0, 2.0), (14_500, 8.5, 8.5)], ids=["fades", "steady"]
)
def test_anchors_that_the_link_as_it_is_cannot_afford_never_leave(
    most: int, snr_db: float, effective_snr_db: float
) -> None:
    sender, _ = probing(most)
    assert sender.next_block() is not None
    sender.report(BlockReport(True, TbState.ABSENT, TbState.DECODED, snr_db, effective_snr_db))
    assert sender.adapter.fades == (snr_db != effective_snr_db)
    assert sender.next_block() is None
    assert sender.delivery == Delivery(True, (range(700), range(700, 4700), range(4700, 6700)))
    assert (sender.record.blocks_sent, sender.record.blocks_withheld, sender.record.blocks_lost) == (1, 2, 0)


@pytest.mark.parametrize(("effective_snr_db", "most"), [(10.0, 30_000), (2.0, 90_000)])
def test_anchors_that_have_room_leave_and_upper_layers_take_what_is_left(
    effective_snr_db: float, most: int
) -> None:
    sender, bits = probing(most)
    sent = 0
    while (block := sender.next_block()) is not None:
        sent += block.bulk is not None
        sender.report(BlockReport(True, TbState.ABSENT, TbState.DECODED, 10.0, effective_snr_db))
    assert sent == 3
    assert sender.delivery == Delivery()
    assert sender.record.ledger.bits[KEYFRAME] == 8 * 4700 + bits


def test_the_first_picture_is_whole_or_all_before_it_arrived_in_vain() -> None:
    sender, _ = probing(most=30_000)
    reports_of = [TbState.DECODED, *4 * [TbState.FAILED]]
    for state in reports_of:
        if sender.next_block() is None:
            break
        sender.report(BlockReport(True, TbState.ABSENT, state, 10.0, 10.0))
    assert sender.next_block() is None
    assert sender.delivery.lost == (range(700, 4700), range(700), range(4700, 6700))
    assert (sender.record.blocks_lost, sender.record.blocks_withheld) == (1, 1)


def test_side_information_is_sent_where_its_pictures_have_no_room() -> None:
    sender = sounded(HarqSender())
    block = BlockPayload(
        Payload(b"caption", {CAPTION: 56}), Payload(bytes(5000), {KEYFRAME: 40_000}), range(5000)
    )
    sender.ship(
        [block, BlockPayload(bulk=Payload(bytes(10), {KEYFRAME: 80}), stretch=range(5000, 5010))], 2000
    )
    first = sender.next_block()
    assert first is not None
    assert (first.protected is not None, first.bulk) == (True, None)
    sender.report(BlockReport(True, TbState.DECODED, TbState.ABSENT, 10.0, 10.0))
    assert sender.next_block() is None  # the second leans on the first, which describes both
    assert sender.delivery == Delivery(True, (range(5000), range(5000, 5010)))
    assert (sender.record.blocks_sent, sender.record.blocks_withheld, sender.record.blocks_lost) == (1, 2, 0)
    assert sender.record.ledger.symbols[KEYFRAME] == 0


def test_a_repetition_sends_as_much_as_was_missing() -> None:
    lengths = []
    for effective_snr_db in (10.0, 8.0, -5.0):
        sender = sounded(HarqSender())
        sender.ship([BlockPayload(bulk=Payload(bytes(2000), {KEYFRAME: 16_000}), stretch=range(2000))])
        first = sender.next_block()
        sender.report(BlockReport(True, TbState.ABSENT, TbState.FAILED, 10.0, effective_snr_db))
        second = sender.next_block()
        assert first is not None
        assert second is not None
        lengths.append(burst_sizes(second).bulk / burst_sizes(first).bulk)
    assert lengths == sorted(lengths)
    assert lengths[0] < 0.7
    assert lengths[-1] == 1.0


def test_what_a_radio_puts_around_bursts_is_counted_and_has_to_fit():
    """Symbol by symbol, repetitions and the sounding too; nothing of it is in the bursts themselves."""
    frame = RadioFrame(128, 32, 512)
    sender = HarqSender(waveform=SingleCarrier(frame))
    block = BlockPayload(Payload(bytes(40), {CAPTION: 320}), Payload(bytes(1500), {KEYFRAME: 12_000}))
    on_air = frame.known(SOUNDING_SYMBOLS) + len(sender.sound())
    sender.report(BlockReport(False, TbState.ABSENT, TbState.ABSENT, 10.0, 10.0))
    expected = sender.symbols_of([block], repeated=False)
    sender.ship([block])
    for state in (TbState.FAILED, TbState.DECODED):
        burst = sender.next_burst()
        assert burst is not None
        on_air += len(burst) + frame.known(len(burst))
        assert state is TbState.DECODED or expected == len(burst) + frame.known(len(burst))
        sender.report(BlockReport(True, state, state, 10.0, 10.0))
    assert sender.next_burst() is None
    ledger = sender.record.ledger
    assert ledger.total_symbols == on_air
    assert ledger.symbols[SymbolClass.PILOT] > frame.known(SOUNDING_SYMBOLS) + frame.preamble
    alone = HarqSender()
    sounded(alone)
    assert alone.symbols_of([block], repeated=False) < expected
    needed = sender.symbols_of([block], repeated=False)
    sender.ship([block], most_symbols=needed - 1)  # the burst itself would fit, what is around it does not
    without = sender.next_block()
    assert without is not None
    assert without.bulk is None
