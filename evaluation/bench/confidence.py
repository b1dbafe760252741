"""Means and their 95 % intervals over clips, from Student's distribution."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over clips.

    Attributes:
        mean: of the values.
        half_width: of the 95 % interval around it; None for a single value.
        count: of values.
    """

    mean: float
    half_width: float | None
    count: int

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside the interval."""
        return self.half_width is not None and abs(self.mean) > self.half_width


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and interval of independent values.

    Raises:
        ValueError: no values, or one that is not finite.
    """
    if not values or not all(map(math.isfinite, values)):
        raise ValueError(f"a mean needs finite values, got {list(values)}")
    mean, count = float(np.mean(values)), len(values)
    if count == 1:
        return Estimate(mean, None, 1)
    half_width = special.stdtrit(count - 1, (1 + CONFIDENCE) / 2) * np.std(values, ddof=1) / np.sqrt(count)
    return Estimate(mean, float(half_width), count)
