"""The multimodal model behind PSSS and the captions: what every implementation offers, and which there are.

An implementation is named in the configuration by its prefix, or by ``prefix:argument`` where it takes one.
How to add one: docs/adding-an-mllm.md.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from semvid.answers import Answered
from semvid.errors import InvalidInput
from semvid.images.types import Picture
from semvid.mllm.hf import door, loading
from semvid.mllm.language_model import LanguageModel
from semvid.mllm.openai.address import parse_address
from semvid.mllm.openai.model import OpenAi
from semvid.mllm.settings import MllmSettings
from semvid.options import Focus
from semvid.psss import Answer

EMBEDDED: Final = "embedded"


class Mllm(Protocol):
    """Compares pictures, describes them, and answers questions about a video.

    Attributes:
        name: as in the configuration, for reports.
    """

    name: str

    @property
    def notices(self) -> Sequence[str]:
        """What to know about the answers so far, a sentence each."""

    @property
    def at_once(self) -> int:
        """Comparisons that it answers in about the time of one; a search asks so many together."""

    def compare(self, reference: Picture, candidates: Sequence[Picture], focus: Focus) -> list[Answer]:
        """Answers, for each candidate, whether it means the same as the reference under this focus.

        Args:
            reference, candidates: uint8 RGB [height, width, 3] of one size.
            focus: what counts as meaning.

        Returns:
            One answer per candidate, in their order. An answer depends on its own pair only.
        """

    def caption(self, frames: Sequence[Picture]) -> str:
        """Describes a segment in one sentence.

        Args:
            frames: at least one picture, in time order, spread over the segment.
        """

    def answer(self, frames: Iterable[Picture], questions: Sequence[str]) -> list[Answered]:
        """Answers questions about a video; `semvid.answers.NOT_MEASURED` where it would have to guess.

        Args:
            frames: every frame of the video in time order, at least one, of one size, read once
                (`semvid.mllm.shown`): what of them it looks at, and keeps, is for the model to choose.
            questions: of one line each.

        Returns:
            One answer per question, in their order. An answer depends on its own question only.
        """


@dataclass(frozen=True, slots=True)
class Backend:
    """One kind of large model; `semvid.mllm.judge.Judge` makes an `Mllm` of what it loads.

    Attributes:
        check: refuses an argument with which nothing can be loaded, without loading weights.
        load: the model for an argument.
    """

    check: Callable[[str, MllmSettings], object]
    load: Callable[[str, MllmSettings], LanguageModel]


BACKENDS: dict[str, Backend] = {
    "hf": Backend(door.check, loading.load),
    "openai": Backend(lambda argument, _: parse_address(argument), OpenAi),
}


def check(name: str) -> None:
    """Refuses a name that no implementation has, by its form only.

    Raises:
        InvalidInput: no implementation has this prefix; the message lists those that there are.
    """
    prefix, _, argument = name.partition(":")
    if prefix not in (EMBEDDED, *BACKENDS):
        known = ", ".join((EMBEDDED, *BACKENDS))
        raise InvalidInput(f'there is no multimodal model "{prefix}"; known are: {known}')
    if prefix == EMBEDDED and argument:
        raise InvalidInput(f'the model "embedded" takes no argument, got "{argument}"')
    if prefix in BACKENDS and not argument:
        raise InvalidInput(f'the model "{prefix}" needs to know which: write "{prefix}:..."')
