"""Answers in any order, alone and over real bursts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.answer_sheet import AnswerSheet
from receiver.assembly import AssemblyLimits
from receiver.reception import StreamReceiver
from semvid import bitstream
from semvid.answers import NOT_MEASURED, Answered, TaskAnswer, TaskHeader
from semvid.errors import InvalidInput
from semvid.phy.arrays import Symbols
from semvid.phy.block import Block, TransportBlock, modulate
from semvid.phy.mcs import MCS_TABLE
from semvid.semantics import SideUnit, StreamHeader

VIDEO = StreamHeader(48, 32, 48, 32, Fraction(1, 24), Fraction(24))
UNITS = [TaskHeader(3), *(TaskAnswer(n, Answered(f"answer {n}", 0.5)) for n in range(3))]


def burst(units: Sequence[SideUnit], process: int = 1) -> Symbols:
    protected = TransportBlock(bitstream.pack(units), MCS_TABLE[6])
    return modulate(Block(process, 0, protected, None, aggregation=1))


@given(st.permutations([*UNITS, *UNITS]))
def test_any_order_and_any_repetition_make_the_same_sheet(units: list[TaskHeader | TaskAnswer]) -> None:
    sheet = AnswerSheet()
    new = [unit for unit in units if sheet.add(unit)]
    assert sorted(map(repr, new)) == sorted(map(repr, UNITS))
    assert sheet.complete
    assert {n: one.text for n, one in sheet.answers.items()} == {n: f"answer {n}" for n in range(3)}


def test_what_is_missing_is_missing() -> None:
    sheet = AnswerSheet()
    assert not sheet.begun
    sheet.add(UNITS[1])
    assert sheet.begun
    assert not sheet.complete  # how many there are is not known
    sheet.add(TaskHeader(2))
    assert not sheet.complete


@pytest.mark.parametrize(
    "units",
    [
        [TaskHeader(1), TaskHeader(2)],
        [TaskHeader(1), TaskAnswer(1, NOT_MEASURED)],
        [TaskAnswer(1, NOT_MEASURED), TaskHeader(1)],
        [TaskAnswer(0, NOT_MEASURED), TaskAnswer(0, Answered("yes"))],
    ],
)
def test_contradictions_are_refused(units: list[TaskHeader | TaskAnswer]) -> None:
    first, second = units
    sheet = AnswerSheet()
    sheet.add(first)
    with pytest.raises(InvalidInput):
        sheet.add(second)


def test_they_arrive_by_bursts() -> None:
    stream = StreamReceiver(AssemblyLimits(), wait_for_captions=False)
    stream.receive(burst(UNITS[:2]))
    stream.receive(burst(UNITS[2:], 2))
    assert stream.sheet.complete
    assert stream.units() == UNITS
    assert not stream.assembly.begun


@pytest.mark.parametrize("order", [(VIDEO, UNITS[0]), (UNITS[0], VIDEO)])
def test_a_video_and_answers_in_one_transmission_are_refused(order: tuple[SideUnit, SideUnit]) -> None:
    stream = StreamReceiver(AssemblyLimits(), wait_for_captions=False)
    stream.receive(burst(order[:1]))
    with pytest.raises(InvalidInput, match="not both"):
        stream.receive(burst(order[1:], 2))
