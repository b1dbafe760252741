"""All judges of a sweep, and what they saw in the source of the clip at hand."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from evaluation.judge import Absent, Facts, Frames, Judge, Weights
from evaluation.judges import JUDGES
from semvid.errors import MissingComponent
from semvid.images.types import Picture


class Misaligned(Exception):
    """A method gave other frames than the clip has."""


class Panel:
    """Loads every judge once per process.

    Args:
        names: of judges, keys of `evaluation.judges.JUDGES`.
    """

    def __init__(self, names: Sequence[str], weights: Weights) -> None:
        self._judges: dict[str, Judge] = {}
        self._missing: dict[str, str] = {}
        for name in names:
            try:
                self._judges[name] = JUDGES[name](weights)
            except MissingComponent as error:
                self._missing[name] = str(error)
        self._source = Frames((), (), ())
        self._facts = Facts()
        self._seen: dict[str, Any] = {}

    def look(self, source: Frames, facts: Facts) -> None:
        """Turns to a new clip."""
        self._source, self._facts = source, facts
        self._seen = {name: judge.look(source) for name, judge in self._judges.items()}

    def compare(self, shown: Frames) -> tuple[dict[str, float], dict[str, str]]:
        """Every measure of ``shown`` against the clip that was looked at last, and why others are absent."""
        metrics: dict[str, float] = {}
        absent = dict(self._missing)
        for name, judge in self._judges.items():
            try:
                found = judge.compare(self._seen[name], self._source, shown, self._facts)
            except Absent as error:
                absent |= dict.fromkeys(judge.measures, str(error))
                continue
            metrics |= found
            for left_out in set(judge.measures) - set(found):
                absent[left_out] = f"judge {name} cannot take it here"
        return metrics, absent


def judged_indices(frames: int, every: int) -> list[int]:
    """Frames that are judged: every ``every``-th, from the middle of the first stretch on."""
    return list(range(min(every // 2, frames - 1), frames, every))


def take(pictures: Iterator[Picture], clip: Sequence[Picture], indices: Sequence[int]) -> Frames:
    """Goes once through what is shown and keeps the judged frames and those after them.

    Raises:
        Misaligned: not exactly as many frames as the clip has, or one of another size or type.
    """
    kept: dict[int, Picture] = {}
    wanted = set(chain.from_iterable((i, min(i + 1, len(clip) - 1)) for i in indices))
    count = 0
    for index, picture in enumerate(pictures):
        count += 1
        if count > len(clip):
            break
        if picture.shape != clip[index].shape or picture.dtype != np.uint8:
            raise Misaligned(
                f"frame {index} is {picture.dtype} {picture.shape}, the clip's is uint8 {clip[index].shape}"
            )
        if index in wanted:
            kept[index] = picture.copy()
    if count != len(clip):
        more = "more than " if count > len(clip) else ""
        raise Misaligned(f"{more}{min(count, len(clip))} frames are shown for the {len(clip)} of the clip")
    return Frames(
        tuple(indices), [kept[i] for i in indices], [kept[min(i + 1, len(clip) - 1)] for i in indices]
    )


def verified(symbols: Mapping[str, int], crossed: int) -> str:
    """Why the ledger of a method is wrong; empty where it is right."""
    total = sum(symbols.values())
    if min(symbols.values(), default=0) < 0 or total != crossed:
        return f"the ledger counts {total} symbols, {crossed} crossed the channel"
    return ""
