"""Questions about a source, asked again of what is shown: without weights, and by a real model class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from evaluation.judge import Absent, Facts, Frames, Weights
from evaluation.judges import JUDGES, faithfulness
from evaluation.judges.faithfulness import ASPECTS, Faithfulness, says_the_same
from semvid.answers import Answered
from semvid.images.types import Picture
from tests.models.tiny_mllm import build


def frames(*pictures: Picture) -> Frames:
    return Frames(tuple(range(len(pictures))), pictures, [*pictures[1:], pictures[-1]])


def test_articles_case_and_punctuation_make_no_other_answer() -> None:
    assert says_the_same("A dog.", "the Dog")
    assert says_the_same("It is dark", "dark")
    assert not says_the_same("two dogs", "dogs")
    assert not says_the_same("the", "a")  # words that say nothing are all that there is


def test_the_embedded_model_asks_about_light_and_colour_of_what_has_no_things() -> None:
    judge = JUDGES["faithfulness"](Weights())
    grey = frames(*[np.full((96, 128, 3), 120, np.uint8)] * 3)
    red = frames(*[np.full((96, 128, 3), (200, 20, 20), np.uint8)] * 3)
    seen = judge.look(grey)
    assert {one.question for one in seen} >= {"is it black and white?", "which colours are there?"}
    assert judge.compare(seen, grey, grey, Facts())["faithfulness"] == 100
    other = judge.compare(seen, grey, red, Facts())
    assert 0 < other["faithfulness"] < 100
    assert other["questions_asked"] == len(seen)


class Scripted:
    """Sees the brightness, and asks the same question for each aspect but the first."""

    name = "scripted"

    def __init__(self, sure: float | None) -> None:
        self.sure = sure

    def answer(self, shown: Iterable[Picture], questions: Sequence[str]) -> list[Answered]:
        brightness = str(int(np.mean([picture.mean() for picture in shown])))
        return [
            Answered("what is first?" if ASPECTS[0] in question else "how bright?", self.sure)
            if question.startswith("Ask one")
            else Answered(brightness if question == "how bright?" else "always", self.sure)
            for question in questions
        ]


def judge_by(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> Faithfulness:
    monkeypatch.setattr(faithfulness, "load", lambda _: scripted)
    return Faithfulness("hf:scripted")


def test_each_question_counts_once_and_half_of_them_change(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = judge_by(Scripted(0.9), monkeypatch)
    dark, bright = (frames(np.full((8, 8, 3), level, np.uint8)) for level in (10, 200))
    seen = judge.look(dark)
    assert [one.question for one in seen] == ["what is first?", "how bright?"]
    assert judge.compare(seen, dark, bright, Facts()) == {"faithfulness": 50, "questions_asked": 2}


def test_questions_that_the_model_is_not_sure_of_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = judge_by(Scripted(0.4), monkeypatch)
    source = frames(np.full((8, 8, 3), 10, np.uint8))
    seen = judge.look(source)
    assert seen == []
    with pytest.raises(Absent, match="scripted is sure of no answer"):
        judge.compare(seen, source, source, Facts())


@pytest.mark.tiny_models
def test_a_real_model_class_asks_and_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faithfulness, "LEAST_SURE", 0.0)  # weights are random, and so is how sure they are
    judge = JUDGES["faithfulness"](
        Weights(models={"faithfulness": f"hf:{build('qwen2_5_vl', tmp_path / 'm')}"})
    )
    source = frames(*[np.full((64, 96, 3), level, np.uint8) for level in (10, 90)])
    seen = judge.look(source)
    assert 1 <= len(seen) <= len(ASPECTS)
    assert all(one.question and one.answer for one in seen)
    assert judge.compare(seen, source, source, Facts())["faithfulness"] == 100
