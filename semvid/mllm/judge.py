"""PSSS, captions and answers with a large model: three ways to ask whether two pictures mean the same."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from semvid.answers import MAX_ANSWER_CHARS, Answered, Outcome
from semvid.images.types import Picture
from semvid.mllm.language_model import LanguageModel, Message
from semvid.mllm.prompts import Prompts
from semvid.mllm.settings import MllmSettings
from semvid.mllm.shown import Spread
from semvid.options import Focus, Scoring
from semvid.psss import Answer
from semvid.text import shortened


class Judge:
    """Implements `semvid.mllm.Mllm` for one job over a shared `LanguageModel`.

    Attributes:
        name: of the model.
        scoring, prompts_version, notices: for reports.
        descriptions: texts that scoring made the model write so far.
    """

    def __init__(
        self, model: LanguageModel, scoring: Scoring, prompts: Prompts, settings: MllmSettings
    ) -> None:
        self.name = model.name
        self.scoring = scoring
        self.prompts_version = prompts.version
        self.descriptions = 0
        self._model, self._prompts, self._settings = model, prompts, settings
        self._kept: OrderedDict[bytes, str] = OrderedDict()

    @property
    def at_once(self) -> int:
        """See `Mllm.at_once`."""
        return self._model.at_once

    @property
    def notices(self) -> Sequence[str]:
        """What the operator should know about how the model runs."""
        return self._model.notices

    def compare(self, reference: Picture, candidates: Sequence[Picture], focus: Focus) -> list[Answer]:
        """See `Mllm.compare`."""
        prompts, looked_at = self._prompts, self._prompts.focus[focus]
        match self.scoring:
            case Scoring.DIRECT:
                ask = prompts.direct_question
                questions = [ask.filled(first=reference, second=one, focus=looked_at) for one in candidates]
            case Scoring.DESCRIBED:
                ask, describe = prompts.described_question, prompts.described_describe
                texts = self._write([describe.filled(first=reference, second=one) for one in candidates])
                questions = [ask.filled(descriptions=text, focus=looked_at) for text in texts]
            case Scoring.DESCRIBED_ONCE:
                ask = prompts.described_once_question
                first, *others = self._describe([reference, *candidates])
                questions = [ask.filled(first=first, second=text, focus=looked_at) for text in others]
        return self._model.answer(questions)

    def caption(self, frames: Sequence[Picture]) -> str:
        """See `Mllm.caption`."""
        request = self._prompts.caption_request.filled(frames=list(frames))
        (sentence,) = self._model.write([request], self._settings.mllm_caption_tokens)
        return sentence

    def answer(self, frames: Iterable[Picture], questions: Sequence[str]) -> list[Answered]:
        """See `Mllm.answer`: frames spread evenly over the video and the question in one message.

        How sure: the model is shown its own answer and asked whether that is right; the share of P(yes) in
        P(yes) + P(no) is taken (P(True) of S. Kadavath et al., "Language Models (Mostly) Know What They
        Know", arXiv:2207.05221).
        """
        spread = Spread(self._settings.mllm_question_frames)
        for frame in frames:
            spread.push(frame)
        shown = [picture for _, picture in spread.pictures()]
        ask, check = self._prompts.question_ask, self._prompts.question_check
        requests = [ask.filled(frames=shown, question=question) for question in questions]
        written = self._model.write(requests, self._settings.mllm_answer_tokens)
        texts = [shortened(_printable(text), MAX_ANSWER_CHARS) for text in written]
        checks = [
            check.filled(frames=shown, question=question, answer=text)
            for question, text in zip(questions, texts, strict=True)
        ]
        return [_answered(text, right) for text, right in zip(texts, self._model.answer(checks), strict=True)]

    def _describe(self, pictures: Sequence[Picture]) -> list[str]:
        """A description of each picture; those that are kept are not asked for again."""
        keys = [_key(picture) for picture in pictures]
        known = {key: self._kept[key] for key in keys if key in self._kept}
        missing = {key: one for key, one in zip(keys, pictures, strict=True) if key not in known}
        texts = self._write(
            [self._prompts.described_once_describe.filled(frame=one) for one in missing.values()]
        )
        known.update(zip(missing, texts, strict=True))
        for key in keys:
            self._kept[key] = known[key]
            self._kept.move_to_end(key)
        while len(self._kept) > self._settings.mllm_kept_descriptions:
            self._kept.popitem(last=False)
        return [known[key] for key in keys]

    def _write(self, requests: Sequence[Message]) -> list[str]:
        self.descriptions += len(requests)
        return self._model.write(requests, self._settings.mllm_description_tokens) if requests else []


def _printable(text: str) -> str:
    """``text`` with a mark where a character cannot be shown; white space stays."""
    return "".join(c if c.isprintable() or c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _answered(text: str, right: Answer) -> Answered:
    """A model that writes nothing has not answered."""
    if not text:
        return Answered("", outcome=Outcome.FAILED)
    return Answered(text, min(1.0, right.p_yes / right.mass) if right.mass > 0.0 else None)


def _key(picture: Picture) -> bytes:
    return hashlib.blake2b(picture.tobytes(), digest_size=16).digest() + repr(picture.shape).encode()
