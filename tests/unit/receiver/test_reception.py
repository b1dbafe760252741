"""Bursts in, keyframes and gaps out: real symbols, of which any may be lost, damaged or repeated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
from semvid import bitstream
from semvid.errors import LimitExceeded, MalformedUnits
from semvid.images.keyframe_codec import KeyframeEncoder
from semvid.phy.arrays import Symbols
from semvid.phy.block import Block, TbState, TransportBlock, burst_sizes, modulate
from semvid.phy.layout import layout
from semvid.phy.mcs import MCS_TABLE
from semvid.phy.pilots import sounding
from semvid.semantics import Caption, Keyframe, StreamEnd, StreamHeader, Unit

HEADER = StreamHeader(48, 32, 48, 32, Fraction(1, 24), Fraction(24), seed=7)
STEP, KEYFRAMES, REFRESHED = 3, 6, (0, 3)  # frames from keyframe to keyframe; those that need no other
FRAMES = STEP * (KEYFRAMES - 1) + 1


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    with capture_logs():
        yield


def block(process: int, protected: bytes | None, bulk: bytes | None) -> Block:
    parts = [TransportBlock(payload, MCS_TABLE[6]) if payload else None for payload in (protected, bulk)]
    return Block(process % 16, 0, *parts, aggregation=1)


@cache
def stream() -> list[Block]:
    """One block for each keyframe: side information protected, the picture in bulk."""
    blocks = []
    with KeyframeEncoder(48, 32, 40) as encoder:
        for number in range(KEYFRAMES):
            picture = np.full((32, 48, 3), 40, np.uint8)
            picture[8:24, 4 * number : 4 * number + 12] = 200
            if number in REFRESHED:
                encoder.refresh()
            coded = encoder.encode(picture)
            assert coded.refresh == (number in REFRESHED)
            side: list[Unit] = [HEADER] if number == 0 else [
                Caption(number - 1, number, f"caption {number - 1}", number)
            ]  # fmt: skip
            if number == KEYFRAMES - 1:
                side.append(StreamEnd(FRAMES, KEYFRAMES))
            keyframe = Keyframe(number, STEP * number, coded.packet, refresh=coded.refresh)
            blocks.append(block(number, bitstream.pack(side), bitstream.pack([keyframe])))
    return blocks


def noise(count: int) -> Symbols:
    random = np.random.default_rng(count)
    return (random.normal(0, 0.7, (count, 2)) @ (1, 1j)).astype(np.complex64)


def on_air(sent: Block, fate: str) -> Symbols:
    """What the channel makes of a burst: itself, noise in its place, or noise in place of its keyframe."""
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
    units: list[Unit]
    keyframes: dict[int, np.ndarray]
    gaps: list[Gap]


def collect(fates: list[list[str]]) -> Received:
    got = Received(StreamReceiver(AssemblyLimits(), wait_for_captions=True), [], {}, [])
    got.receiver.receive(sounding())
    for sent, attempts in zip(stream(), fates, strict=True):
        for fate in attempts:
            reception = got.receiver.receive(on_air(sent, fate))
            states = (reception.protected_state, reception.bulk_state)
            assert (
                states
                == {
                    "noise": (TbState.ABSENT, TbState.ABSENT),
                    "no bulk": (TbState.DECODED, TbState.FAILED),
                    "intact": (TbState.DECODED, TbState.DECODED),
                }[fate]
            )
            got.units += got.receiver.units()
            got.keyframes |= {keyframe.number: picture for keyframe, picture in got.receiver.keyframes()}
            got.gaps += got.receiver.gaps()
    got.gaps += got.receiver.finish()
    return got


# a sender tries until a block has arrived or it gives up; some say a thing more often than they must
ATTEMPTS = st.builds(
    lambda failed, arrived: failed + arrived,
    st.lists(st.sampled_from(["noise", "no bulk"]), max_size=2),
    st.lists(st.just("intact"), max_size=2),
).filter(bool)


@settings(max_examples=60, deadline=None)
@given(st.lists(ATTEMPTS, min_size=KEYFRAMES, max_size=KEYFRAMES))
def test_whatever_is_lost_every_frame_comes_once_and_the_loss_is_told(fates: list[list[str]]) -> None:
    got = collect(fates)
    assembly, tally = got.receiver.assembly, got.receiver.tally
    side = [number for number, tries in enumerate(fates) if {"no bulk", "intact"} & set(tries)]
    there = [number for number, tries in enumerate(fates) if "intact" in tries]
    decodable: list[int] = []
    if 0 in side:
        for number in there:
            if number in REFRESHED or number - 1 in decodable:
                decodable.append(number)

    assert sorted(got.keyframes) == decodable
    if 0 not in side:  # the header: nothing can be shown
        assert (got.gaps, got.units, assembly.frames_known) == ([], [], 0)
        return
    captions = [unit.first for unit in got.units if isinstance(unit, Caption)]
    assert captions == [number - 1 for number in side if number]
    assert sum(isinstance(unit, StreamHeader) for unit in got.units) == 1
    assert tally.unreadable == sum(tries.count("noise") for tries in fates)
    lost = [number for number in range(KEYFRAMES) if number not in there]
    assert bool(tally.lost) == bool(lost)
    assert tally.lost <= len(lost)
    assert assembly.arrived == len(there)
    assert assembly.undecodable_count == len(there) - len(decodable)
    if KEYFRAMES - 1 in side:
        assert assembly.keyframes_lost == len(lost)
        assert assembly.complete == (len(decodable) == KEYFRAMES)

    # and, with the other core behind it, every frame
    regeneration = Regeneration(HEADER, EmbeddedDecoder(), got.keyframes.__getitem__)
    kinds: list[Provenance] = []
    for gap in got.gaps:
        for run, pictures in regeneration.runs(gap):
            assert run.first_frame == len(kinds)
            for picture in pictures:
                if run.provenance is Provenance.RECEIVED:
                    np.testing.assert_array_equal(picture, got.keyframes[run.segment])
                kinds.append(run.provenance)
            assert (run.provenance is Provenance.CONCEALED) == bool(run.reason)
    expected = [Provenance.CONCEALED] * FRAMES
    for a, b in pairwise(decodable):
        if b == a + 1:
            expected[STEP * a : STEP * b] = [Provenance.REGENERATED] * STEP
    for number in decodable:
        expected[STEP * number] = Provenance.RECEIVED
    shown = 0
    if decodable:
        shown = FRAMES if KEYFRAMES - 1 in side else STEP * decodable[-1] + 1
    assert kinds == expected[:shown]
    assert assembly.frames_known == shown


def test_a_gap_waits_for_its_caption_and_for_the_rest_of_its_block() -> None:
    receiver = StreamReceiver(AssemblyLimits(), wait_for_captions=True)
    closed = []
    for sent, fate in zip(
        [*stream()[:2], stream()[2], stream()[2]], ["intact", "intact", "no bulk", "intact"], strict=True
    ):
        receiver.receive(on_air(sent, fate))
        assert len(list(receiver.keyframes())) == (fate == "intact")
        closed.append([gap.stop_frame for gap in receiver.gaps()])
    assert closed == [[0], [STEP], [], [2 * STEP]]
    assert receiver.finish() == []


def test_a_keyframe_counts_only_when_the_next_is_asked_for() -> None:
    receiver = StreamReceiver(AssemblyLimits(), wait_for_captions=False)
    receiver.receive(on_air(stream()[0], "intact"))
    next(receiver.keyframes())  # whoever took it failed to keep it
    assert receiver.finish() == []
    assert receiver.assembly.frames_known == 0


def test_a_packet_that_is_no_picture_is_undecodable_and_costs_what_depends_on_it() -> None:
    receiver = StreamReceiver(AssemblyLimits(), wait_for_captions=False)
    nonsense = Keyframe(0, 0, b"no AV1", refresh=True)
    receiver.receive(modulate(block(0, bitstream.pack([HEADER]), bitstream.pack([nonsense]))))
    assert list(receiver.keyframes()) == []
    for sent in stream()[1:]:
        receiver.receive(modulate(sent))
        list(receiver.keyframes())
    assert receiver.assembly.undecodable_count == 3  # 0, and 1 and 2 that need it
    (first, *_) = receiver.gaps() + receiver.finish()
    assert (first.start, first.stop_frame) == (None, STEP * 3)
    assert first.loss == "2 keyframes needed one that was lost; 1 keyframe could not be decoded"


def test_payloads_that_make_no_sense_count_as_failed_until_the_sender_is_to_blame() -> None:
    receiver = StreamReceiver(AssemblyLimits(), wait_for_captions=False)
    nonsense = b"\xff" * 20
    for number in range(MAX_MALFORMED - 1):
        reception = receiver.receive(modulate(block(number, bitstream.pack([HEADER]), nonsense)))
        assert (reception.protected_state, reception.bulk_state) == (TbState.DECODED, TbState.FAILED)
    with pytest.raises(MalformedUnits):
        receiver.receive(modulate(block(9, None, nonsense)))
    assert receiver.units() == [HEADER]  # what arrived before is still handed out


def test_what_arrived_before_a_limit_was_passed_is_still_handed_out() -> None:
    receiver = StreamReceiver(AssemblyLimits(frames=STEP + 1), wait_for_captions=False)
    for sent in stream()[:2]:
        receiver.receive(modulate(sent))
        list(receiver.keyframes())
    with pytest.raises(LimitExceeded, match="the limit is 4 frames"):
        receiver.receive(modulate(stream()[2]))
    assert [gap.stop_frame for gap in receiver.finish()] == [0, STEP]
