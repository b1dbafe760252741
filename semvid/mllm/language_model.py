"""What the large models have in common: they read text and pictures and predict how the text goes on."""

from collections.abc import Sequence
from typing import Protocol

from semvid.images.types import Picture
from semvid.psss import Answer

Message = Sequence[str | Picture]
"""One turn of the user: text and pictures in the order in which they are read."""

# with the leading space for templates that end in "Assistant:"
YES = ("Yes", "yes", "YES", " Yes", " yes", " YES")
NO = ("No", "no", "NO", " No", " no", " NO")


class LanguageModel(Protocol):
    """A loaded model or a connection to one; shared by all jobs, usable from several threads.

    Attributes:
        name: as in the configuration.
        notices: what the operator should know about how it runs; grows, in order.
    """

    name: str
    notices: list[str]

    @property
    def at_once(self) -> int:
        """Messages that `answer` takes in about the time of one."""

    def answer(self, messages: Sequence[Message]) -> list[Answer]:
        """P(yes) and P(no) as the next token, from the softmax over the whole vocabulary, for each message.

        Raises:
            SemvidError: the model cannot be reached, does not fit, or gives no probabilities.
        """

    def write(self, messages: Sequence[Message], max_tokens: int) -> list[str]:
        """The likeliest continuation of each message, greedily, ``max_tokens`` long at most.

        Raises:
            SemvidError: as `answer`.
        """
