"""Bursts in, keyframes and gaps out: real symbols, of which any may be lost, damaged or repeated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from receiver.assembly import AssemblyLimits
from receiver.decoders.embedded import EmbeddedDecoder
from receiver.gaps import Gap, Provenance
from receiver.reception import MAX_MALFORMED, StreamReceiver
from receiver.regeneration import Regeneration
from semvid import bitstream, keyframe_payload
from semvid.errors import LimitExceeded, MalformedUnits
from semvid.images.keyframe_codec import Group, KeyframeEncoder
from semvid.link.packing import CodedGroup, block_payloads
from semvid.phy.arrays import Symbols
from semvid.phy.block import Block, TbState, TransportBlock, burst_sizes, modulate
from semvid.phy.layout import layout
from semvid.phy.mcs import MCS_TABLE
from semvid.phy.pilots import sounding
from semvid.semantics import (
    ALL_SLOTS,
    Caption,
    GroupPicture,
    KeyframeGroup,
    KeyframeSlice,
    SideUnit,
    StreamEnd,
    StreamHeader,
    Unit,
)

HEADER = StreamHeader(48, 32, 48, 32, Fraction(1, 24), Fraction(24), seed=7)
STEP, KEYFRAMES = 2, 24  # frames from keyframe to keyframe
SEQUENCES = (21, 3)  # keyframes of each pyramid: groups of 9, 8 and 4, and after a cut of 3
GIVEN_UP = {11}
FRAMES = STEP * (KEYFRAMES - 1) + 1
LIMIT = 300  # bytes of a bulk payload


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    with capture_logs():
        yield


def block(process: int, protected: bytes | None, bulk: bytes | None) -> Block:
    parts = [TransportBlock(payload, MCS_TABLE[6]) if payload else None for payload in (protected, bulk)]
    return Block(process % 16, 0, *parts, aggregation=1)


def picture(number: int) -> np.ndarray:
    shown = np.random.default_rng(number).integers(0, 40, (32, 48, 3), np.uint8)
    shown[8:24, number : number + 12] = 200
    return shown


@dataclass(frozen=True)
class Sent:
    """A group on its way.

    Attributes:
        first: number of its first block.
        stretches: of the packets, in each block.
    """

    coded: CodedGroup
    pictures: Group
    first: int
    stretches: list[range]

    @property
    def number(self) -> int:
        return self.coded.group.number


@cache
def stream() -> tuple[list[Block], list[Sent]]:
    """Two pyramids: side information protected beside the first bulk payload of each group."""
    blocks: list[Block] = []
    sent: list[Sent] = []
    number = begun = 0
    for count in SEQUENCES:
        encoder = KeyframeEncoder(48, 32, 45, preset=10)
        groups = [group for n in range(number, number + count) for group in encoder.push(picture(n))]
        for group in groups + encoder.finish():
            numbers = range(number, number + len(group))
            side: list[SideUnit] = [HEADER] if number == 0 else []
            side.append(Caption(max(0, number - 1), numbers[-1], f"caption {number}"))
            if numbers[-1] == KEYFRAMES - 1:
                side.append(StreamEnd(FRAMES, KEYFRAMES))
            kept = {index for index, p in enumerate(group) if begun + p.number not in GIVEN_UP}
            cut = 0 < number == begun
            coded = CodedGroup.of(group, number, [STEP * n for n in numbers], cut, kept)
            payloads = block_payloads(side, coded, LIMIT)
            sent.append(Sent(coded, group, len(blocks), [payload.stretch for payload in payloads]))
            blocks += [
                block(len(blocks) + index, *(part and part.data for part in (one.protected, one.bulk)))
                for index, one in enumerate(payloads)
            ]
            number = numbers.stop
        begun = number
    assert [len(one.pictures) for one in sent] == [9, 8, 4, 3]
    assert all(len(one.stretches) > 1 for one in sent[:3])
    return blocks, sent


def noise(count: int) -> Symbols:
    random = np.random.default_rng(count)
    return (random.normal(0, 0.7, (count, 2)) @ (1, 1j)).astype(np.complex64)


def on_air(sent: Block, fate: str) -> Symbols:
    """What the channel makes of a burst: itself, noise in its place, or noise in place of its keyframes."""
    symbols, sizes = modulate(sent), burst_sizes(sent)
    if fate == "noise":
        return noise(len(symbols))
    if fate == "no bulk":
        data = sizes.control + sizes.protected + sizes.bulk
        places = layout(data).data[data - sizes.bulk :]
        symbols[places] = noise(len(places))
    return symbols


@dataclass
class Received:
    """Everything that a `StreamReceiver` handed out."""

    receiver: StreamReceiver
    units: list[Unit] = field(default_factory=list)
    keyframes: dict[int, np.ndarray] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def take(self) -> None:
        self.units += self.receiver.units()
        for keyframe in self.receiver.keyframes():
            assert keyframe.frame == STEP * keyframe.number
            assert keyframe.shot_start == (keyframe.number == SEQUENCES[0])
            self.keyframes[keyframe.number] = keyframe.picture


def collect(fates: list[list[str]]) -> Received:
    got = Received(StreamReceiver(AssemblyLimits(), wait_for_captions=True))
    got.receiver.receive(sounding())
    for sent, attempts in zip(stream()[0], fates, strict=True):
        there = TbState.DECODED if sent.protected is not None else TbState.ABSENT
        for fate in attempts:
            reception = got.receiver.receive(on_air(sent, fate))
            assert (reception.protected_state, reception.bulk_state) == {
                "noise": (TbState.ABSENT, TbState.ABSENT),
                "no bulk": (there, TbState.FAILED),
                "intact": (there, TbState.DECODED),
            }[fate]
            got.take()
            got.gaps += got.receiver.gaps()
    got.receiver.close()
    got.take()
    got.gaps += got.receiver.finish()
    return got


# a sender tries until a block has arrived or it gives up; some say a thing more often than they must
ATTEMPTS = st.one_of(
    st.just(["intact"]),
    st.builds(
        lambda failed, arrived: failed + arrived,
        st.lists(st.sampled_from(["noise", "no bulk"]), max_size=2),
        st.lists(st.just("intact"), max_size=2),
    ).filter(bool),
)


@st.composite
def all_fates(draw: st.DrawFn) -> list[list[str]]:
    return [draw(ATTEMPTS) for _ in stream()[0]]


def arrived(fates: list[list[str]]) -> tuple[set[int], set[int], list[int]]:
    """Numbers of the keyframes whose packets arrive, of those told to be given up, and of the decodable."""
    there: set[int] = set()
    given_up: set[int] = set()
    shown: set[int] = set()
    holders: dict[int, int | None] = {}  # slot of the decoder: keyframe in it; None: one that is missing
    for sent in stream()[1]:
        count = len(sent.stretches)
        lost = [
            s
            for s, tries in zip(sent.stretches, fates[sent.first :][:count], strict=True)
            if "intact" not in tries
        ]
        known = "intact" in fates[sent.first]
        gone = sent.coded.pictures_in(lost)
        for index, (coded, described) in enumerate(
            zip(sent.pictures, sent.coded.group.pictures, strict=True)
        ):
            number = sent.number + described.place
            leans_on = [holders.get(slot) for slot in range(8) if coded.leans_on >> slot & 1]
            here = known and described.size > 0 and index not in gone
            decodes = here and None not in leans_on
            there |= {number} if here else set()
            given_up |= {number} if known and not described.size else set()
            shown |= {number} if decodes else set()
            slots = [slot for slot in range(8) if coded.kept_in >> slot & 1]
            holders |= dict.fromkeys(slots, number if decodes else None)
        if not known:  # and nobody knows where its pictures were to be kept
            holders = {}
    return there, given_up, sorted(shown)


@settings(max_examples=30)
@given(all_fates())
def test_whatever_is_lost_every_frame_comes_once_and_the_loss_is_told(fates: list[list[str]]) -> None:
    got = collect(fates)
    assembly, tally = got.receiver.assembly, got.receiver.tally
    side = [number for number, tries in enumerate(fates) if {"no bulk", "intact"} & set(tries)]
    there, given_up, decodable = arrived(fates)

    if 0 not in side:  # the header: nothing can be shown
        assert (got.gaps, got.units, got.keyframes, assembly.frames_known) == ([], [], {}, 0)
        return
    assert sorted(got.keyframes) == decodable
    captions = [unit.text for unit in got.units if isinstance(unit, Caption)]
    assert captions == [f"caption {sent.number}" for sent in stream()[1] if sent.first in side]
    assert sum(isinstance(unit, StreamHeader) for unit in got.units) == 1
    assert tally.unreadable == sum(tries.count("noise") for tries in fates)
    lost = [number for number, tries in enumerate(fates) if "intact" not in tries]
    assert bool(tally.lost) == bool(lost)
    assert tally.lost <= len(lost)
    assert (assembly.arrived, assembly.given_up) == (len(there), len(given_up))
    assert assembly.undecodable_count == len(there) - len(decodable)
    at_end = stream()[1][-1].first in side
    if at_end:
        assert assembly.keyframes_lost == KEYFRAMES - len(there) - len(given_up)
        assert assembly.complete == (len(decodable) + len(given_up) == KEYFRAMES)

    # and, with the other core behind it, every frame
    regeneration = Regeneration(HEADER, EmbeddedDecoder(), got.keyframes.__getitem__)
    kinds: list[Provenance] = []
    for gap in got.gaps:
        for run, pictures in regeneration.runs(gap):
            assert run.first_frame == len(kinds)
            for shown in pictures:
                if run.provenance is Provenance.RECEIVED:
                    np.testing.assert_array_equal(shown, got.keyframes[run.segment])
                kinds.append(run.provenance)
            usual = run.reason in ("", "a cut ends this segment")
            assert (run.provenance is Provenance.CONCEALED) == (not usual)
    expected = [Provenance.CONCEALED] * FRAMES
    for a, b in pairwise(decodable):
        if set(range(a + 1, b)) <= given_up:
            expected[STEP * a : STEP * b] = [Provenance.REGENERATED] * (STEP * (b - a))
    for number in decodable:
        expected[STEP * number] = Provenance.RECEIVED
    shown_frames = 0
    if decodable:
        shown_frames = FRAMES if at_end else STEP * decodable[-1] + 1
    assert kinds == expected[:shown_frames]
    assert assembly.frames_known == shown_frames


def test_a_block_that_is_lost_alone_costs_what_leans_on_it_and_nothing_else() -> None:
    blocks, sent = stream()
    whole = collect([["intact"]] * len(blocks))
    assert sorted(whole.keyframes) == sorted(set(range(KEYFRAMES)) - GIVEN_UP)
    costs = []
    for lost in range(1, len(blocks)):
        fates = [["noise"] if number == lost else ["intact"] for number in range(len(blocks))]
        got = collect(fates)
        there, given_up, decodable = arrived(fates)
        assert sorted(got.keyframes) == decodable
        for number, shown in got.keyframes.items():
            np.testing.assert_array_equal(shown, whole.keyframes[number])
        assembly = got.receiver.assembly
        end_known = lost != sent[-1].first
        assert assembly.keyframes_lost == (KEYFRAMES - len(there) - len(given_up) if end_known else 0)
        assert assembly.undecodable_count == len(there) - len(decodable)
        costs.append((assembly.keyframes_lost, assembly.undecodable_count))
    first, second, *_ = sent
    # the top of a pyramid costs itself; the description of a group all that follows in its sequence
    top = first.coded.pictures_in(first.stretches[-1:])
    assert all(first.pictures[index].kept_in == 0 for index in top)
    assert costs[len(first.stretches) - 2] == (len(top), 0)
    assert costs[second.first - 1] == (8, 4)
    assert any(lost and undecoded for lost, undecoded in costs[: len(first.stretches) - 2])


def test_a_gap_waits_for_the_rest_of_its_block() -> None:
    receiver = StreamReceiver(AssemblyLimits(), wait_for_captions=True)
    blocks, (_, second, third, _) = stream()
    closed = []
    for number, block_ in enumerate(blocks[: third.first]):
        for fate in ["no bulk", "intact"] if number in (second.first, third.first - 1) else ["intact"]:
            receiver.receive(on_air(block_, fate))
            list(receiver.keyframes())
            closed.append((number, fate, [gap.stop_frame // STEP for gap in receiver.gaps()]))
    assert [gaps for gaps in closed if gaps[2]] == [
        (second.first - 1, "intact", [*range(9)]),
        (third.first - 1, "intact", [n for n in range(9, 17) if n not in GIVEN_UP]),
    ]


def test_keyframes_count_only_when_the_next_group_is_asked_for() -> None:
    receiver = StreamReceiver(AssemblyLimits(), wait_for_captions=False)
    for sent in stream()[0][: stream()[1][1].first]:
        receiver.receive(on_air(sent, "intact"))
        for _ in range(8):
            next(receiver.keyframes(), None)  # whoever took it failed to keep it
    assert receiver.assembly.frames_known == 0
    receiver.close()
    assert receiver.finish() == []


def test_a_packet_that_is_no_picture_is_undecodable_and_costs_what_depends_on_it() -> None:
    receiver = StreamReceiver(AssemblyLimits(), wait_for_captions=False)
    nonsense = KeyframeGroup(0, (GroupPicture(0, 0, 6, ALL_SLOTS),), refresh=True)
    payload = keyframe_payload.pack(nonsense, KeyframeSlice(0, 0, b"no AV1"))
    receiver.receive(modulate(block(15, bitstream.pack([HEADER]), payload)))
    assert list(receiver.keyframes()) == []
    first, second, *_, last = stream()[1]
    for sent in stream()[0][second.first :]:
        receiver.receive(modulate(sent))
        list(receiver.keyframes())
    receiver.close()
    assert receiver.assembly.undecodable_count == 1 + 7 + 4  # it, and those of its sequence that are sent
    assert receiver.assembly.keyframes_lost == len(first.pictures) - 1
    (gap, *_) = receiver.gaps() + receiver.finish()
    assert (gap.start, gap.stop_frame) == (None, STEP * last.number)
    assert gap.loss == (
        "8 keyframes did not arrive; 11 keyframes needed one that was lost; 1 keyframe could not be decoded"
    )


def test_payloads_that_make_no_sense_count_as_failed_until_the_sender_is_to_blame() -> None:
    receiver = StreamReceiver(AssemblyLimits(), wait_for_captions=False)
    nonsense = b"\xff" * 20
    states = []
    for number, (protected, bulk) in enumerate([(bitstream.pack([HEADER]), nonsense), (nonsense, None)]):
        reception = receiver.receive(modulate(block(number, protected, bulk)))
        states.append((reception.protected_state, reception.bulk_state))
    assert states == [(TbState.DECODED, TbState.FAILED), (TbState.FAILED, TbState.ABSENT)]
    assert len(states) == MAX_MALFORMED - 1
    with pytest.raises(MalformedUnits):
        receiver.receive(modulate(block(9, None, nonsense)))
    assert receiver.units() == [HEADER]  # what arrived before is still handed out


def test_what_arrived_before_a_limit_was_passed_is_still_handed_out() -> None:
    first, second, *_ = stream()[1]
    limit = STEP * second.number
    receiver = StreamReceiver(AssemblyLimits(frames=limit), wait_for_captions=False)
    for sent in stream()[0][: second.first]:
        receiver.receive(modulate(sent))
        list(receiver.keyframes())
    with pytest.raises(LimitExceeded, match=f"the limit is {limit} frames"):
        receiver.receive(modulate(stream()[0][second.first]))
    receiver.close()
    assert [gap.stop_frame for gap in receiver.finish()] == [STEP * n for n in range(len(first.pictures))]
