"""Faithfulness: does what is shown answer questions about the source as the source does?

After TIFA (Hu et al., "TIFA: Accurate and Interpretable Text-to-Image Faithfulness Evaluation with Question
Answering", ICCV 2023, arXiv:2303.11897), with the source in the place of the prompt: a model makes questions
about the source and answers them, and is asked the same of what is shown. Questions that it is not sure of on
the source are left out, as TIFA leaves out those that its verifier answers otherwise.

``embedded`` is the version without weights: the questions are those of its closed set that have something to
ask about on this source. It looks with YOLOX-nano, which also chooses keyframes and lies in the loss of the
shipped restorer: partial where semvid is compared with others.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evaluation.judge import Absent, Facts, Frames
from semvid.answers import MAX_QUESTION_CHARS, Answered, Outcome
from semvid.images.objects import NAMES
from semvid.mllm import EMBEDDED, Mllm
from semvid.mllm.embedded.questions.names import plural
from semvid.mllm.library import load

LEAST_SURE: Final = 0.5  # of an answer about the source, where the model says how sure it is
ASPECTS: Final = (
    *("which objects there are", "how many of something there are", "what somebody or something does"),
    *("where something is", "a colour", "the place or the surroundings", "the light or the weather"),
)
_ASK: Final = (
    "Ask one short question about {aspect} in this video that somebody who sees it answers in one to three "
    "words. Write the question only."
)
_SEEN_AS_A_WHOLE: Final = (
    *("what objects are there?", "how bright is it?", "is it black and white?", "which colours are there?"),
)
_ARTICLES: Final = frozenset({"a", "an", "the", "it", "is", "there", "are"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the answer of the source."""

    question: str
    answer: str


class Faithfulness:
    """See `evaluation.judge.Judge`.

    Args:
        mllm: who asks and answers, as in the transmitter's option ``mllm``.

    Raises:
        SemvidError: the model cannot be loaded.
    """

    measures = ("faithfulness", "questions_asked")

    def __init__(self, mllm: str) -> None:
        self._mllm: Mllm = load(mllm)
        self._make = _closed_set if mllm == EMBEDDED else _free

    def look(self, source: Frames) -> list[Asked]:
        """Questions about the source, with its answers; those that the model is not sure of are left out."""
        questions = self._make(self._mllm, source)
        answers = self._mllm.answer(source.pictures, questions) if questions else []
        return [
            Asked(question, answer.text)
            for question, answer in zip(questions, answers, strict=True)
            if _is_sure(answer)
        ]

    def compare(self, seen: list[Asked], _source: Frames, shown: Frames, _facts: Facts) -> dict[str, float]:
        """Percent of the questions with the same answer, and how many were asked.

        Raises:
            Absent: there was nothing that the model is sure of.
        """
        if not seen:
            raise Absent(f"{self._mllm.name} is sure of no answer about the source")
        answers = self._mllm.answer(shown.pictures, [one.question for one in seen])
        same = [says_the_same(one.answer, other.text) for one, other in zip(seen, answers, strict=True)]
        return {"faithfulness": 100 * sum(same) / len(same), "questions_asked": float(len(same))}


def says_the_same(one: str, other: str) -> bool:
    """Whether two answers are equal but for case, punctuation and words that say nothing."""
    return _words(one) == _words(other)


def _words(answer: str) -> Sequence[str]:
    words = re.findall(r"\w+", answer.lower())
    return [word for word in words if word not in _ARTICLES] or words


def _is_sure(answer: Answered) -> bool:
    answered = answer.outcome is Outcome.ANSWERED
    return answered and (answer.sure is None or answer.sure >= LEAST_SURE)


def _closed_set(mllm: Mllm, source: Frames) -> list[str]:
    """How many there are and where, of each thing that it sees; and of the picture as a whole.

    Not the camera and cuts: the judged frames lie too far apart for either.
    """
    counts = mllm.answer(source.pictures, [f"how many {plural(name)} are there?" for name in NAMES])
    there = [name for name, count in zip(NAMES, counts, strict=True) if not count.text.startswith("no ")]
    about = [(f"how many {plural(name)} are there?", f"where is the {name}?") for name in there]
    return [*(question for pair in about for question in pair), *_SEEN_AS_A_WHOLE]


def _free(mllm: Mllm, source: Frames) -> list[str]:
    """What the model asks, one question for each of `ASPECTS`; the same one twice counts once."""
    written = mllm.answer(source.pictures, [_ASK.format(aspect=aspect) for aspect in ASPECTS])
    questions = (answer.text.strip()[:MAX_QUESTION_CHARS].strip() for answer in written)
    return list(dict.fromkeys(question for question in questions if question))
