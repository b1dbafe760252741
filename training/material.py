"""What the sources of a training become: those that are learned from, and those that are kept out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from semvid.errors import InvalidInput
from training.sources import Source, is_held_out

Made = TypeVar("Made")
Material = list[tuple[Source, Made]]
"""Of each source what was made of it."""


def divided(
    sources: Sequence[Source], make: Callable[[Source], Made], seed: int, tell: Callable[[str], None]
) -> tuple[Material[Made], Material[Made]]:
    """What is learned from, and what is kept out of it; what cannot be used is told and left out.

    Args:
        sources: all.
        make: of one; raises InvalidInput where it is of no use.
        seed: of the split.
        tell: given a line now and then.

    Raises:
        InvalidInput: nothing is left to learn from.
    """
    learned: Material[Made] = []
    kept_out: Material[Made] = []
    for number, source in enumerate(sources, 1):
        try:
            made = make(source)
        except InvalidInput as error:
            tell(f"left out: {error}")
            continue
        (kept_out if is_held_out(source.name, seed) else learned).append((source, made))
        if not number % 10 or number == len(sources):
            tell(f"prepared {number} of {len(sources)} sources")
    if not learned:
        raise InvalidInput(
            f"training: of {len(sources)} sources none is left to learn from; give more of them, or another "
            "--seed"
        )
    return learned, kept_out
