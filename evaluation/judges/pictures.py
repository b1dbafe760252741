"""Judges that are the mean of a function: of a judged frame and what is shown there, or also of the next."""

from collections.abc import Callable, Iterable

import numpy as np

from evaluation.judge import Absent, Facts, Frames


class Pictures:
    """Mean over the judged frames of a function of the source's picture and the one shown; see `Judge`."""

    def __init__(self, measure: str, function: Callable[..., float]) -> None:
        self.measures = (measure,)
        self._function = function

    def look(self, _source: Frames) -> None:
        """Nothing needs to be kept."""

    def compare(self, _seen: None, source: Frames, shown: Frames, _facts: Facts) -> dict[str, float]:
        """The mean of the finite values.

        Raises:
            Absent: the function has no value on any judged frame.
        """
        finite = [value for value in self._values(source, shown) if np.isfinite(value)]
        if not finite:
            raise Absent(f"{self.measures[0]} has no value on any judged frame")
        return {self.measures[0]: float(np.mean(finite))}

    def _values(self, source: Frames, shown: Frames) -> Iterable[float]:
        return map(self._function, source.pictures, shown.pictures)


class Neighbours(Pictures):
    """The same over each judged frame and the one after it.

    The function takes the source before and now, and what is shown before and now.
    """

    def _values(self, source: Frames, shown: Frames) -> Iterable[float]:
        frames = zip(source.pictures, source.following, shown.pictures, shown.following, strict=True)
        # the last frame has none after it
        return (self._function(*four) for four in frames if four[1] is not four[0])
