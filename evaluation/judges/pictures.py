"""Judges that are the mean of a function: of a judged frame and what is shown there, or also of the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from evaluation.judge import Absent, Facts, Frames
from semvid.images.types import Picture


class Pictures:
    """Mean over the judged frames of a function of the source's picture and the one shown; see `Judge`."""

    def __init__(self, measure: str, function: Callable[[Picture, Picture], float]) -> None:
        self.measures = (measure,)
        self._function = function

    def look(self, _source: Frames) -> None:
        """Nothing needs to be kept."""

    def compare(self, _seen: None, source: Frames, shown: Frames, _facts: Facts) -> dict[str, float]:
        """The mean.

        Raises:
            Absent: the function has no value on any judged frame.
        """
        values = list(map(self._function, source.pictures, shown.pictures))
        return mean_of(self.measures[0], values)


class Neighbours:
    """The same over each judged frame and the one after it; see `Judge`.

    Args:
        function: takes the source before and now, and what is shown before and now.
    """

    def __init__(self, measure: str, function: Callable[[Picture, Picture, Picture, Picture], float]) -> None:
        self.measures = (measure,)
        self._function = function

    def look(self, _source: Frames) -> None:
        """Nothing needs to be kept."""

    def compare(self, _seen: None, source: Frames, shown: Frames, _facts: Facts) -> dict[str, float]:
        """The mean.

        Raises:
            Absent: the function has no value on any judged frame.
        """
        values = [
            self._function(before, now, shown.pictures[number], shown.following[number])
            for number, (before, now) in enumerate(zip(source.pictures, source.following, strict=True))
            if now is not before  # the last frame has none after it
        ]
        return mean_of(self.measures[0], values)


def mean_of(measure: str, values: Sequence[float]) -> dict[str, float]:
    """The mean of those ``values`` that are finite.

    Raises:
        Absent: none is.
    """
    finite = [value for value in values if np.isfinite(value)]
    if not finite:
        raise Absent(f"{measure} has no value on any judged frame")
    return {measure: float(np.mean(finite))}
