"""The arithmetic of the study of questions, and a transmission of it."""

from __future__ import annotations

from typing import Any

from evaluation.studies.questions import QUESTIONS, agreement, cost, kind_of, prices
from semvid.answers import NOT_MEASURED, Answered
from semvid.mllm.embedded.questions.asked import asked


def row(question: str, source: str, reconstruction: str, rate: str = "as by default") -> dict[str, Any]:
    return {"question": question, "source": source, "reconstruction": reconstruction, "rate": rate}


def test_every_question_is_of_the_closed_set() -> None:
    assert all(asked(question) for question in QUESTIONS)


def test_questions_about_what_is_not_there_are_apart() -> None:
    assert kind_of(row("how many dogs are there?", "no dogs", "")) == "how many, not there"
    assert kind_of(row("how many dogs are there?", "one dog", "")) == "how many"
    assert kind_of(row("where is the dog?", "there is no dog", "")) == "where, not there"
    assert kind_of(row("is it black and white?", "no", "")) == "light"


def test_agreement_is_word_for_word() -> None:
    coarse = "coarse, CRF 65"
    rows = [
        row("how many dogs are there?", "one dog", "one dog"),
        row("how many cups are there?", "one cup", "two cups"),
        row("how many dogs are there?", "one dog", "one dog", coarse),
        row("how many cups are there?", "one cup", "one cup", coarse),
    ]
    counts, all_of_them = agreement(rows)
    assert counts == {"kind": "how many", "questions": 2, "as by default": 0.5, coarse: 1.0}
    assert all_of_them == {**counts, "kind": "all"}


def test_answers_cross_and_a_task_shares_what_each_alone_pays() -> None:
    answers = [Answered("two people", 0.9), NOT_MEASURED, Answered("the camera is still", 1.0)]
    alone, task = cost(answers[:1], 10.0, seed=1), cost(answers, 10.0, seed=2)
    assert alone["arrived"]
    assert task["arrived"]
    assert 56 < alone["symbols"] < task["symbols"] < 3 * alone["symbols"]
    others = [
        {**alone, "snr_db": 0.0},
        {**task, "snr_db": 0.0},
        {**alone, "snr_db": 5.0},
        {**task, "snr_db": 5.0},
    ]
    at_10_db = prices([*others, alone, task])[-1]
    assert at_10_db["alone"] == alone["symbols"]
    assert at_10_db["in_task"] == task["symbols"] / 3
