"""What every metric offers, and what stands in the place of one that cannot be taken here."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from semvid.images.types import Picture

PairFunction = Callable[[Picture, Picture], float]


@dataclass(frozen=True, slots=True)
class Absent:
    """A metric whose model or program is not here.

    Attributes:
        reason: what is missing and how to get it.
    """

    reason: str


class Meter(Protocol):
    """Measures one clip, frame by frame, in bounded memory."""

    def push(self, reference: Picture, shown: Picture) -> None:
        """Takes the next frame of the source and the picture shown in its place."""
        ...

    def values(self) -> NDArray[np.float64]:
        """One value for each frame pushed, [frames]; NaN where there is none (no motion before a first)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric.

    Attributes:
        name: a key of `evaluation.judges.registry.METRICS`.
        unit: of a value; empty for pure numbers.
        better: which direction is good.
        low, high: bounds of a value.
        consecutive: it compares neighbouring frames and must see all of them.
        start: a meter for a new clip.
    """

    name: str
    unit: str
    better: Literal["higher", "lower"]
    low: float
    high: float
    start: Callable[[], Meter]
    consecutive: bool = False


class Framewise:
    """Meter of a function of one frame and its source."""

    def __init__(self, function: PairFunction) -> None:
        self._function = function
        self._values: list[float] = []

    def push(self, reference: Picture, shown: Picture) -> None:
        """See `Meter.push`."""
        self._values.append(self._function(reference, shown))

    def values(self) -> NDArray[np.float64]:
        """See `Meter.values`."""
        return np.array(self._values)


class Consecutive:
    """Meter of a function of two neighbouring frames of the source and of what is shown.

    Args:
        function: takes the source before and now, and what is shown before and now.
    """

    def __init__(self, function: Callable[[Picture, Picture, Picture, Picture], float]) -> None:
        self._function = function
        self._before: tuple[Picture, Picture] | None = None
        self._values: list[float] = []

    def push(self, reference: Picture, shown: Picture) -> None:
        """See `Meter.push`."""
        if self._before is None:
            self._values.append(math.nan)
        else:
            self._values.append(self._function(self._before[0], reference, self._before[1], shown))
        self._before = reference, shown

    def values(self) -> NDArray[np.float64]:
        """See `Meter.values`."""
        return np.array(self._values)
