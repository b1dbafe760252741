"""Questions about a video and what crosses of them: the answers, as semantic units of their own.

A transmission of answers is one `TaskHeader`, then a `TaskAnswer` for each question, in any order and each
perhaps more than once; no picture, no stream header. The questions do not cross with them: they came over the
return link, or both ends knew the task beforehand (docs/questions.md).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from semvid.errors import Gone, InvalidInput, SemvidError, TransmissionFailed

MAX_QUESTION_CHARS: Final = 200
MAX_QUESTIONS: Final = 32  # of one task
MAX_ANSWER_CHARS: Final = 400  # what `semvid.text` codes


class Outcome(StrEnum):
    """What came of a question."""

    ANSWERED = "answered"
    OUTSIDE = "outside"  # the model measures nothing of what is asked, and does not guess
    GONE = "gone"  # the source is not kept any more
    FAILED = "failed"  # no model could be had, or it failed


@dataclass(frozen=True, slots=True)
class Answered:
    """What a model says to a question.

    Attributes:
        text: one line of at most `MAX_ANSWER_CHARS` printable characters; empty unless it was answered.
        sure: how sure the model is, 0..1; None: it says nothing of that.
        outcome: whether it was answered.
    """

    text: str
    sure: float | None = None
    outcome: Outcome = Outcome.ANSWERED

    def __post_init__(self) -> None:
        answered = self.outcome is Outcome.ANSWERED
        if len(self.text) > MAX_ANSWER_CHARS:
            raise InvalidInput(f"an answer holds at most {MAX_ANSWER_CHARS} characters, got {len(self.text)}")
        if not self.text.isprintable():  # it will be shown in terminals
            raise InvalidInput(f"an answer is one line of printable characters, got {self.text!r}")
        if answered != bool(self.text) or (self.sure is not None and not answered):
            raise InvalidInput(f"an answer has a text, and nothing else has: {self.outcome}, {self.text!r}")
        if self.sure is not None and not 0.0 <= self.sure <= 1.0:
            raise InvalidInput(f"how sure an answer is must lie in 0..1, got {self.sure}")


NOT_MEASURED: Final = Answered("", outcome=Outcome.OUTSIDE)


def why_not(outcome: Outcome) -> SemvidError:
    """Why a question has no answer, for whoever asked it.

    Raises:
        ValueError: it has one.
    """
    match outcome:
        case Outcome.OUTSIDE:
            return InvalidInput(
                "the model measures nothing of what is asked, and does not guess. The embedded one can be "
                "asked which things there are, how many and where, what the camera does, and about cuts, "
                'light and colours, for example "how many people are there?"; a model hf:... or openai:... '
                "answers any question"
            )
        case Outcome.GONE:
            return Gone(
                "the transmitter does not keep the source any more: sources of finished transmissions go, "
                "the oldest first, beyond SEMVID_TRANSMITTER_KEPT_SOURCE_BYTES; ask of the reconstruction"
            )
        case Outcome.FAILED:
            return TransmissionFailed("the transmitter could not answer; its log says why")
        case Outcome.ANSWERED:
            raise ValueError("an answered question has an answer")


@dataclass(frozen=True, slots=True)
class TaskHeader:
    """That answers cross and no video.

    Attributes:
        answers: how many, 1..`MAX_QUESTIONS`.
    """

    answers: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.answers <= MAX_QUESTIONS:
            raise InvalidInput(f"answers of a task must be 1..{MAX_QUESTIONS}, got {self.answers}")


@dataclass(frozen=True, slots=True)
class TaskAnswer:
    """The answer to one question.

    Attributes:
        number: of the question, from 0.
        answered: what came of it; ``sure`` crosses in hundredths.
    """

    number: int
    answered: Answered

    def __post_init__(self) -> None:
        if not 0 <= self.number < MAX_QUESTIONS:
            raise InvalidInput(f"question number must lie in 0..{MAX_QUESTIONS - 1}, got {self.number}")
