"""Means and their 95 % intervals over clips, from Student's distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

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
    deviation = float(np.std(values, ddof=1)) / math.sqrt(count)
    return Estimate(mean, t_quantile(count - 1) * deviation, count)


@cache
def t_quantile(freedom: int) -> float:
    """Two-sided 95 % quantile of Student's distribution with ``freedom`` degrees of freedom."""
    low, high = 1.9, 13.0  # infinitely many degrees give 1.96, one gives 12.71
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < CONFIDENCE else (low, middle)
    return (low + high) / 2


def _within(t: float, freedom: int) -> float:
    """P(|T| < t). With x = sqrt(n) tan(a) the density becomes cos(a)^(n-1), which is smooth and bounded."""
    top = math.atan(t / math.sqrt(freedom))
    nodes, weights = np.polynomial.legendre.leggauss(200)

    def mass(end: float) -> float:
        return float(end / 2 * (weights @ np.cos(end / 2 * (nodes + 1)) ** (freedom - 1)))

    return mass(top) / mass(math.pi / 2)
