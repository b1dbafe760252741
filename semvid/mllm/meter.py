"""Counts what one job asks its model, and warns when the model does not answer the question."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import structlog

from semvid.answers import Answered
from semvid.images.types import Picture
from semvid.mllm import Mllm
from semvid.mllm.judge import Judge
from semvid.options import Focus
from semvid.psss import Answer

LOW_MASS: Final = 0.5  # mean P(yes) + P(no) below which the scores say little
_log = structlog.get_logger(__name__)


class Meter:
    """Implements `Mllm` by asking another one, and keeps the books.

    Attributes:
        calls: of the model's `compare`; several pairs may go in one.
        questions: pairs that were compared.
        captions: that were written.
    """

    def __init__(self, mllm: Mllm) -> None:
        self.name = mllm.name
        self.calls = self.questions = self.captions = 0
        self._mllm = mllm
        self._mass = 0.0
        self._warned = False

    def compare(self, reference: Picture, candidates: Sequence[Picture], focus: Focus) -> list[Answer]:
        """See `Mllm.compare`."""
        answers = self._mllm.compare(reference, candidates, focus)
        self.calls += 1
        self.questions += len(answers)
        self._mass += sum(answer.mass for answer in answers)
        return answers

    def caption(self, frames: Sequence[Picture]) -> str:
        """See `Mllm.caption`."""
        self.captions += 1
        return self._mllm.caption(frames)

    def answer(self, frames: Iterable[Picture], questions: Sequence[str]) -> list[Answered]:
        """See `Mllm.answer`."""
        return self._mllm.answer(frames, questions)

    @property
    def notices(self) -> Sequence[str]:
        """See `Mllm.notices`."""
        return self._mllm.notices

    @property
    def at_once(self) -> int:
        """See `Mllm.at_once`."""
        return self._mllm.at_once

    @property
    def mean_mass(self) -> float | None:
        """Mean of P(yes) + P(no); None where nothing was asked."""
        return self._mass / self.questions if self.questions else None

    def resource(self) -> dict[str, Any]:
        """The books, JSON-ready: what was asked how, how often, and what to know about the answers."""
        mass = self.mean_mass
        judge = self._mllm if isinstance(self._mllm, Judge) else None
        warnings = list(self.notices)
        if mass is not None and mass < LOW_MASS:
            warnings.append(
                f"{self.name}: only {mass:.2f} of the probability went to yes or no on average; the "
                "scores say little. Take an instruction-tuned model that does not think aloud, another "
                "scoring, or a prompt file that this model follows (docs/mllm-scoring.md)"
            )
            if not self._warned:
                _log.warning("low answer mass", mllm=self.name, mean_mass=round(mass, 4))
                self._warned = True
        return {
            "mllm": self.name,
            "scoring": judge.scoring.value if judge else None,
            "prompts": judge.prompts_version if judge else None,
            "calls": self.calls,
            "questions": self.questions,
            "descriptions": judge.descriptions if judge else 0,
            "captions": self.captions,
            "mean_mass": None if mass is None else round(mass, 6),
            "warnings": warnings,
        }
