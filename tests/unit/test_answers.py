"""Answers as units: what they refuse, and their way through bytes and blocks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.accounting import SymbolClass
from semvid.answers import (
    MAX_ANSWER_CHARS,
    MAX_QUESTIONS,
    NOT_MEASURED,
    Answered,
    Outcome,
    TaskAnswer,
    TaskHeader,
    why_not,
)
from semvid.bitstream import pack, unpack
from semvid.errors import Gone, InvalidInput, MalformedUnits, TransmissionFailed
from semvid.link.harq import HarqSender
from semvid.link.packing import block_payloads
from semvid.semantics import SideUnit, StreamEnd

given_answers = st.builds(
    Answered,
    st.text(min_size=1, max_size=60).filter(str.isprintable),
    st.none() | st.integers(0, 100).map(lambda share: share / 100),
)
not_given = st.sampled_from([one for one in Outcome if one is not Outcome.ANSWERED]).map(
    lambda outcome: Answered("", outcome=outcome)
)
answers = st.builds(TaskAnswer, st.integers(0, MAX_QUESTIONS - 1), given_answers | not_given)


@given(
    st.lists(st.builds(TaskHeader, st.integers(1, MAX_QUESTIONS)), max_size=1), st.lists(answers, max_size=3)
)
def test_round_trip(headers: list[TaskHeader], answers: list[TaskAnswer]) -> None:
    assert unpack(pack([*headers, *answers])) == [*headers, *answers]


def test_how_sure_crosses_in_hundredths() -> None:
    (answer,) = unpack(pack([TaskAnswer(0, Answered("two people", 0.8349))]))
    assert isinstance(answer, TaskAnswer)
    assert answer.answered == Answered("two people", 0.83)


def _forged(unit: TaskHeader | TaskAnswer | Answered, **fields: object) -> Any:
    """``unit`` with fields that it would refuse, for `pack` to write down."""
    forged = replace(unit)
    for name, value in fields.items():
        object.__setattr__(forged, name, value)
    return forged


@pytest.mark.parametrize(
    "units",
    [
        [TaskHeader(), TaskHeader()],
        [_forged(TaskHeader(), answers=MAX_QUESTIONS + 1)],
        [_forged(TaskAnswer(0, Answered("yes")), number=MAX_QUESTIONS)],
        [TaskAnswer(0, _forged(Answered("yes"), text=""))],
        [TaskAnswer(0, _forged(NOT_MEASURED, sure=0.5))],
        [TaskAnswer(0, _forged(Answered("yes"), sure=1.01))],
        [TaskAnswer(0, _forged(Answered("yes"), text="\x1b[2J"))],
    ],
)
def test_impossible_fields_are_refused(units: list[SideUnit]) -> None:
    with pytest.raises(MalformedUnits):
        unpack(pack(units))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Answered("a" * (MAX_ANSWER_CHARS + 1)),
        lambda: Answered(""),
        lambda: Answered("\x1b[2J"),
        lambda: Answered("two\nlines"),
        lambda: Answered("yes", 1.01),
        lambda: Answered("yes", outcome=Outcome.GONE),
        lambda: Answered("", 0.5, Outcome.FAILED),
        lambda: TaskHeader(0),
        lambda: TaskHeader(MAX_QUESTIONS + 1),
        lambda: TaskAnswer(-1, NOT_MEASURED),
        lambda: TaskAnswer(MAX_QUESTIONS, NOT_MEASURED),
    ],
)
def test_what_cannot_be_is_refused(make: object) -> None:
    with pytest.raises(InvalidInput):
        make()  # type: ignore[operator]


def test_a_short_answer_costs_a_dozen_bytes() -> None:
    assert len(pack([TaskHeader(), TaskAnswer(0, Answered("two people", 0.9))])) <= 16


def test_answers_are_a_class_of_their_own_and_protected_as_headers_are() -> None:
    """At a scheme that a header of the same length gets, and below that of a caption where these differ."""
    units = [TaskHeader(2), *(TaskAnswer(n, Answered("a dog in the middle", 0.9)) for n in range(2))]
    (block,) = block_payloads(units, None, 1000)
    assert block.protected is not None
    assert set(block.protected.bits) == {SymbolClass.ANSWER}
    sender = HarqSender()
    sender.adapter.observe(10.0, 10.0)
    sender.ship([block])
    sender.next_burst()
    ledger, (scheme,) = sender.record.ledger, sender.record.mcs[SymbolClass.ANSWER]
    assert ledger.symbols[SymbolClass.ANSWER] > 0
    assert ledger.symbols[SymbolClass.HEADER] == ledger.symbols[SymbolClass.CAPTION] == 0
    size = len(block.protected.data)
    assert scheme == sender.adapter.choose_header(size).name != sender.adapter.choose_protected(size).name


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [(Outcome.OUTSIDE, InvalidInput), (Outcome.GONE, Gone), (Outcome.FAILED, TransmissionFailed)],
)
def test_no_answer_is_an_error_that_says_why(outcome: Outcome, kind: type[Exception]) -> None:
    assert type(why_not(outcome)) is kind


def test_an_answer_is_no_error() -> None:
    with pytest.raises(ValueError, match="has an answer"):
        why_not(Outcome.ANSWERED)


def test_other_units_may_stand_beside_them_on_the_wire() -> None:
    """Whether they make sense together is for the receiver to say."""
    units = [StreamEnd(1, 1), TaskAnswer(0, NOT_MEASURED)]
    assert unpack(pack(units)) == units
