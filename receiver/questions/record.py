"""One question about a video and what came of it."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from semvid.answers import Answered, Outcome, why_not
from semvid.errors import SemvidError
from semvid.options import AnsweredBy
from semvid.service.problems import problem_of

PREFIX: Final = "question-"
"""Of the ids of questions, which are transmission ids while an answer crosses; no video's id has it."""


class State(StrEnum):
    """Life of a question. The last three are final."""

    WAITING = "WAITING"
    ANSWERED = "ANSWERED"
    REFUSED = "REFUSED"  # the model measures nothing of what is asked, and does not guess
    FAILED = "FAILED"  # nobody answered; `error` says why


@dataclass(slots=True)
class QuestionRecord:
    """One question. Written by one thread at a time, read by any.

    Attributes:
        video_id: of the video that it is about.
        answer: None unless it was answered.
        sure: how sure the model is, 0..1; None: it does not say.
        model: of this receiver, where that answered; the transmitter's does not cross.
        question_bytes: protobuf bytes of the question on the return direction, to all who listened.
        return_bytes: of the reports on the bursts of the answer.
        bursts_received, symbols_received: of the answer, soundings and repetitions included.
        realised_snr_db: of these bursts.
        error: problem document of why there is no answer.
    """

    video_id: str
    question: str
    answered_by: AnsweredBy
    id: str = field(default_factory=lambda: f"{PREFIX}{uuid.uuid4().hex[:16]}")
    created_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    state: State = State.WAITING
    answer: str | None = None
    sure: float | None = None
    model: str | None = None
    question_bytes: int = 0
    return_bytes: int = 0
    bursts_received: int = 0
    symbols_received: int = 0
    realised_snr_db: float | None = None
    error: dict[str, Any] | None = None

    def settle(self, answered: Answered) -> None:
        """Takes what the model said."""
        if answered.outcome is Outcome.ANSWERED:
            self.answer, self.sure, self.state = answered.text, answered.sure, State.ANSWERED
        else:
            self.fail(why_not(answered.outcome))
            if answered.outcome is Outcome.OUTSIDE:
                self.state = State.REFUSED

    def fail(self, error: SemvidError) -> None:
        """There is no answer, for this reason."""
        self.state, self.error = State.FAILED, problem_of(error).model_dump(exclude_none=True)

    def to_json(self) -> dict[str, Any]:
        """Everything."""
        return asdict(self)
