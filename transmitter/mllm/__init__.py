"""The multimodal model behind PSSS and the captions: what every implementation offers, and which there are.

An implementation is named in the configuration by its prefix, or by ``prefix:argument`` where it takes one.
How to add one: docs/adding-an-mllm.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput
from transmitter.psss import Answer, Focus

Picture = NDArray[np.uint8]  # RGB [height, width, 3]


class Mllm(Protocol):
    """Compares pictures and describes them.

    Attributes:
        name: as in the configuration, for reports.
    """

    name: str

    def compare(self, reference: Picture, candidates: Sequence[Picture], focus: Focus) -> list[Answer]:
        """Answers, for each candidate, whether it means the same as the reference under this focus.

        Args:
            reference, candidates: uint8 RGB [height, width, 3] of one size.
            focus: what counts as meaning.

        Returns:
            One answer per candidate, in their order. An answer depends on its own pair only.
        """
        ...

    def caption(self, frames: Sequence[Picture]) -> str:
        """Describes a segment in one sentence.

        Args:
            frames: at least one picture, in time order, spread over the segment.
        """
        ...


def _embedded(argument: str) -> Mllm:
    from transmitter.mllm.embedded import Embedded

    if argument:
        raise InvalidInput(f'the model "embedded" takes no argument, got "{argument}"')
    return Embedded()


MLLMS: dict[str, Callable[[str], Mllm]] = {"embedded": _embedded}


def check(name: str) -> None:
    """Refuses a name that no implementation has, without loading anything.

    Raises:
        InvalidInput: no implementation has this prefix; the message lists those that there are.
    """
    prefix = name.partition(":")[0]
    if prefix not in MLLMS:
        raise InvalidInput(f'there is no multimodal model "{prefix}"; known are: {", ".join(sorted(MLLMS))}')


def load(name: str) -> Mllm:
    """Makes the implementation that ``name`` (``prefix`` or ``prefix:argument``) asks for.

    Raises:
        InvalidInput: as `check`.
    """
    check(name)
    prefix, _, argument = name.partition(":")
    return MLLMS[prefix](argument)
