"""Bursts of tokens in, pictures out: what is lost is drawn under the caption of its place, if one comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from receiver.assembly import AssemblyLimits
from receiver.gaps import Provenance, plan, segment_seed
from receiver.reception import ReceivedKeyframe, StreamReceiver
from receiver.token_pictures import TokenTally
from semvid import bitstream, token_payload
from semvid.errors import InvalidInput
from semvid.link.token_packing import CodedTokens
from semvid.phy.block import Block, TransportBlock, modulate
from semvid.phy.mcs import MCS_TABLE
from semvid.semantics import Caption, PictureCoding, SideUnit, StreamEnd, StreamHeader
from semvid.tokens.amused import AmusedTokens
from semvid.tokens.grid_bits import read, written
from semvid.tokens.model import Grid
from tests.models.tiny_tokens import checkpoint

pytestmark = pytest.mark.tiny_models
HEADER = StreamHeader(
    80, 48, 80, 48, Fraction(1, 24), Fraction(24), coding=PictureCoding.TOKENS, seed=7
)  # 6 x 10 tokens of 6 bits
STEP = 4  # frames from keyframe to keyframe


@pytest.fixture(scope="module")
def model() -> AmusedTokens:
    return AmusedTokens(str(checkpoint()), "cpu", fills=True)


@pytest.fixture
def receiving(model: AmusedTokens) -> Callable[[], Receiving]:
    return lambda: Receiving(StreamReceiver(AssemblyLimits(), False, token_model=model))


def grid(number: int) -> Grid:
    return np.random.default_rng(number).integers(0, 64, (6, 10))


def packets(number: int, share: float = 1.0, shot_start: bool = False) -> list[bytes]:
    packet = written(grid(number), 64, share)
    group = token_payload.group_of(number, STEP * number, shot_start, len(packet))
    return [block.bulk.data for block in CodedTokens(group, [packet]).blocks(8000) if block.bulk is not None]


class Receiving:
    """A receiver, and what it has shown."""

    def __init__(self, stream: StreamReceiver) -> None:
        self.stream = stream
        self.shown: list[ReceivedKeyframe] = []
        self._process = 0

    def take(self, units: Sequence[SideUnit] = (), bulk: bytes | None = None) -> None:
        self._process = (self._process + 1) % 16
        payloads = bitstream.pack(units) if units else None, bulk
        parts = [TransportBlock(payload, MCS_TABLE[6]) if payload else None for payload in payloads]
        self.stream.receive(modulate(Block(self._process, 0, *parts, aggregation=1)))
        self.stream.units()
        self.shown += self.stream.keyframes()

    def end(self) -> list[tuple[int, str]]:
        """Closes the stream; frames that are copied, and what of each was guessed."""
        self.stream.close()
        self.shown += self.stream.keyframes()
        gaps = [*self.stream.gaps(), *self.stream.finish()]
        runs = [run for gap in gaps for run in plan(gap)]
        return [(run.first_frame, run.reason) for run in runs if run.provenance is Provenance.RECEIVED]


def test_all_packets_make_the_picture_at_once(
    receiving: Callable[[], Receiving], model: AmusedTokens
) -> None:
    there = receiving()
    there.take([HEADER])
    for number in range(2):
        for packet in packets(number):
            there.take(bulk=packet)
    assert [one.tokens for one in there.shown] == [TokenTally(60, 0)] * 2
    assert np.array_equal(there.shown[1].picture, model.decode(grid(1)))
    assert there.end() == [(0, ""), (STEP, "")]
    assert (there.stream.assembly.arrived, there.stream.assembly.keyframes_lost) == (2, 0)


@pytest.mark.parametrize("kept", [(0,), (1, 3), (0, 1, 2)])
def test_what_is_lost_is_drawn_under_the_caption_that_comes_later(
    receiving: Callable[[], Receiving], model: AmusedTokens, kept: tuple[int, ...]
) -> None:
    there, words = receiving(), "a boat moves slowly"
    there.take([HEADER])
    for index in kept:
        there.take(bulk=packets(0)[index])
    there.take(bulk=packets(1)[0])
    assert there.shown == []  # keyframe 0 is settled, and its caption may still come
    there.take([Caption(0, 1, words)], packets(1)[1])
    assert [one.number for one in there.shown] == [0]

    stretches = token_payload.cuts(45)
    packet = written(grid(0), 64)
    slices = {stretches[i].start: packet[stretches[i].start : stretches[i].stop] for i in kept}
    found, known = read(slices, len(packet), 6, 10, 64)
    expected = model.decode(model.fill(found, known, words, segment_seed(HEADER.seed, 0, 0)))
    assert np.array_equal(there.shown[0].picture, expected)
    assert there.shown[0].tokens == TokenTally(int(known.sum()), int((~known).sum()))
    drawn = int((~known).sum())
    assert there.end()[0] == (0, f"{drawn} of 60 tokens did not arrive and were drawn")


def test_without_any_caption_it_is_drawn_at_the_end(
    receiving: Callable[[], Receiving], model: AmusedTokens
) -> None:
    there = receiving()
    there.take([HEADER])
    there.take([StreamEnd(1, 1)], packets(0, share=0.5)[2])
    assert there.shown == []
    assert [frame for frame, _ in there.end()] == [0]
    assert there.shown[0].tokens is not None
    assert there.shown[0].tokens.received + there.shown[0].tokens.drawn == 60


def test_behind_a_cut_the_caption_of_the_shot_that_ended_does_not_count(
    receiving: Callable[[], Receiving],
) -> None:
    pictures = []
    for words in ("a boat", "the boat moves"):
        there = receiving()
        there.take([HEADER])
        there.take([Caption(0, 1, words)], packets(1, share=0.3, shot_start=True)[0])
        there.end()
        pictures.append(there.shown[0].picture)
    assert np.array_equal(*pictures)


def test_a_keyframe_of_which_nothing_arrives_is_lost(receiving: Callable[[], Receiving]) -> None:
    there = receiving()
    there.take([HEADER])
    for number in (0, 2):
        for packet in packets(number):
            there.take(bulk=packet)
    there.take([StreamEnd(2 * STEP + 1, 3)])
    assert [frame for frame, _ in there.end()] == [0, 2 * STEP]
    assert (there.stream.assembly.arrived, there.stream.assembly.keyframes_lost) == (2, 1)


def test_packets_of_another_grid_are_damaged(receiving: Callable[[], Receiving]) -> None:
    there = receiving()
    there.take([HEADER])
    group = token_payload.group_of(0, 0, False, 400)
    for block in CodedTokens(group, [bytes(400)]).blocks(8000):
        assert block.bulk is not None
        there.take(bulk=block.bulk.data)
    assert there.end() == []
    assert there.stream.assembly.undecodable_count == 1


def test_a_receiver_without_the_model_refuses(model: AmusedTokens) -> None:
    header = modulate(
        Block(1, 0, TransportBlock(bitstream.pack([HEADER]), MCS_TABLE[6]), None, aggregation=1)
    )
    with pytest.raises(InvalidInput, match="has no token model; send with another coding, or start"):
        StreamReceiver(AssemblyLimits(), False).receive(header)
    larger = replace(HEADER, coded_width=160, coded_height=96)
    other = modulate(Block(1, 0, TransportBlock(bitstream.pack([larger]), MCS_TABLE[6]), None, aggregation=1))
    with pytest.raises(
        InvalidInput, match=r"tokens of 160x96 pixels, and those of .* have 80x48; set SEMVID"
    ):
        StreamReceiver(AssemblyLimits(), False, token_model=model).receive(other)
