"""Keyframes without bits at the receiver: what makes a picture, what is lost, and what no sender sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
from structlog.testing import capture_logs

from receiver.assembly import AssemblyLimits
from receiver.reception import ReceivedKeyframe, StreamReceiver
from semvid import bitstream, keyframe_payload
from semvid.errors import InvalidInput
from semvid.images.fidelity import psnr_db
from semvid.images.jscc.code import Analysed, Coded
from semvid.images.jscc.networks import shipped
from semvid.images.types import Picture
from semvid.phy.analogue import AnalogueBlock
from semvid.phy.block import Block, TransportBlock, modulate
from semvid.phy.mcs import MCS_TABLE
from semvid.semantics import (
    ALL_SLOTS,
    AnalogueKeyframe,
    GroupPicture,
    KeyframeGroup,
    KeyframeSlice,
    PictureCoding,
    SideUnit,
    StreamEnd,
    StreamHeader,
)

WIDTH, HEIGHT = 90, 60  # no multiple of a patch
HEADER = StreamHeader(WIDTH, HEIGHT, WIDTH, HEIGHT, Fraction(1, 24), Fraction(24), coding=PictureCoding.JSCC)


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    with capture_logs():
        yield


def picture(seed: int) -> Picture:
    coarse = np.random.default_rng(seed).integers(40, 215, (6, 9, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)


def coded(seed: int) -> Coded:
    return Analysed(shipped(), picture(seed), 10.0).code(1000)


def burst(
    process: int, units: list[SideUnit], symbols: AnalogueBlock | TransportBlock | None, rv: int = 0
) -> Block:
    return Block(process, rv, TransportBlock(bitstream.pack(units), MCS_TABLE[4]), symbols, aggregation=8)


def keyframe(number: int, side: bytes | None = None) -> tuple[AnalogueKeyframe, AnalogueBlock]:
    made = coded(number)
    unit = AnalogueKeyframe(number, 5 * number, made.side if side is None else side)
    return unit, AnalogueBlock.padded(made.symbols)


class Receiver:
    """Takes bursts over a channel with noise."""

    def __init__(self, snr_db: float = 15.0) -> None:
        self.stream = StreamReceiver(AssemblyLimits(), wait_for_captions=False)
        self.pictures: list[ReceivedKeyframe] = []
        self._no, self._random = 10 ** (-snr_db / 10), np.random.default_rng(5)

    def take(self, block: Block) -> None:
        sent = modulate(block)
        noise = self._random.standard_normal((len(sent), 2)) @ np.array([1, 1j]) * np.sqrt(self._no / 2)
        self.stream.receive((sent + noise).astype(np.complex64))
        self.pictures += self.stream.keyframes()

    def end(self) -> None:
        self.stream.close()
        self.pictures += self.stream.keyframes()
        self.stream.finish()


def test_each_picture_is_there_with_its_burst() -> None:
    receiver = Receiver()
    for number in range(3):
        unit, symbols = keyframe(number)
        more = [HEADER] if number == 0 else [StreamEnd(11, 3)] if number == 2 else []
        receiver.take(burst(number, [*more, unit], symbols))
        assert [one.number for one in receiver.pictures] == list(range(number + 1))
        shown = receiver.pictures[-1]
        assert psnr_db(shown.picture, picture(number)) > 22 > psnr_db(shown.picture, picture(number + 9))
        assert (shown.frame, shown.size) == (5 * number, len(unit.side))
    receiver.end()
    assert receiver.stream.assembly.complete


@pytest.mark.parametrize("snr_db", [20.0, 10.0, 4.0])
def test_noise_on_the_link_is_noise_in_the_picture(snr_db: float) -> None:
    noisier, clearer = (_shown(snr) for snr in (snr_db - 6, snr_db))
    assert clearer - 6 < noisier < clearer - 0.3


def _shown(snr_db: float) -> float:
    receiver = Receiver(snr_db)
    side = TransportBlock(bitstream.pack([HEADER, keyframe(0)[0]]), MCS_TABLE[28])
    receiver.take(Block(0, 0, side, keyframe(0)[1], aggregation=16))
    (one,) = receiver.pictures
    return psnr_db(one.picture, picture(0))


def test_without_its_symbols_a_keyframe_is_lost_and_the_next_is_not() -> None:
    """The first burst was not read, and what is repeated of it carries no symbols."""
    receiver = Receiver()
    receiver.take(burst(0, [HEADER, keyframe(0)[0]], keyframe(0)[1]))
    receiver.take(burst(1, [keyframe(1)[0]], None))
    receiver.take(burst(2, [keyframe(2)[0], StreamEnd(11, 3)], keyframe(2)[1]))
    receiver.end()
    assert [one.number for one in receiver.pictures] == [0, 2]
    assembly = receiver.stream.assembly
    assert (assembly.arrived, assembly.keyframes_lost, assembly.complete) == (2, 1, False)


def test_a_keyframe_that_was_given_up_is_known_as_that() -> None:
    receiver = Receiver()
    receiver.take(burst(0, [HEADER, keyframe(0)[0]], keyframe(0)[1]))
    receiver.take(burst(1, [AnalogueKeyframe(1, 5, b"")], None))
    receiver.take(burst(2, [keyframe(2)[0], StreamEnd(11, 3)], keyframe(2)[1]))
    receiver.end()
    assembly = receiver.stream.assembly
    assert (assembly.arrived, assembly.given_up, assembly.keyframes_lost) == (2, 1, 0)
    assert assembly.complete


def test_a_repetition_of_what_has_arrived_changes_nothing() -> None:
    receiver = Receiver()
    for _ in range(2):
        receiver.take(burst(0, [HEADER, keyframe(0)[0]], keyframe(0)[1]))
    assert [one.number for one in receiver.pictures] == [0]


@pytest.mark.parametrize(
    "side", [b"\0", b"no rate map at all", coded(7).side[:-1] + b"\xff\xff"], ids=["short", "text", "longer"]
)
def test_side_information_that_no_encoder_makes_costs_its_picture_alone(side: bytes) -> None:
    receiver = Receiver()
    receiver.take(burst(0, [HEADER, keyframe(0)[0]], keyframe(0)[1]))
    receiver.take(burst(1, [keyframe(1, side)[0]], keyframe(1)[1]))
    receiver.take(burst(2, [keyframe(2)[0]], keyframe(2)[1]))
    assert [one.number for one in receiver.pictures] == [0, 2]
    assert receiver.stream.assembly.undecodable_count == 1


def test_symbols_of_another_number_or_size_cost_their_picture() -> None:
    receiver = Receiver()
    receiver.take(burst(0, [HEADER, keyframe(0)[0]], AnalogueBlock(keyframe(0)[1].symbols[:-8])))
    small = Analysed(shipped(), picture(0)[:32], 10.0).code(500)
    receiver.take(burst(1, [AnalogueKeyframe(1, 5, small.side)], AnalogueBlock.padded(small.symbols)))
    assert not receiver.pictures
    assert receiver.stream.assembly.undecodable_count == 2


def test_symbols_where_bits_were_announced_and_bits_where_symbols_were_are_refused() -> None:
    receiver = Receiver()
    unit, symbols = keyframe(0)
    with pytest.raises(InvalidInput, match="crossed as symbols, the header announced coding intra"):
        receiver.take(burst(0, [replace(HEADER, coding=PictureCoding.INTRA), unit], symbols))
    receiver = Receiver()
    group = KeyframeGroup(0, (GroupPicture(0, 0, 3, ALL_SLOTS),), refresh=True)
    bulk = TransportBlock(keyframe_payload.pack(group, KeyframeSlice(0, 0, b"av1")), MCS_TABLE[4])
    with pytest.raises(InvalidInput, match="crossed as bits, the header announced coding jscc"):
        receiver.take(burst(0, [HEADER], bulk))
