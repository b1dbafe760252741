"""Bjontegaard differences between two curves of quality over rate (ITU-T VCEG-M33, VCEG-AI11).

A curve is given by points (rate, quality). Rates are taken as logarithms; the difference is the mean
distance of the two curves over the range that both cover. Three interpolations: the cubic polynomial of
VCEG-M33, PCHIP as in the common test conditions of JVET, and Akima (Herglotz et al., 2022), which overshoots
least.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import Akima1DInterpolator, PchipInterpolator

Interpolation = Literal["cubic", "pchip", "akima"]
INTERPOLATIONS: Final[tuple[Interpolation, ...]] = ("cubic", "pchip", "akima")

_SAMPLES: Final = 400  # of a hull

_Values = NDArray[np.float64]


class NoOverlap(ValueError):
    """The two curves share no range, or one has too few points; there is no difference to report."""


def bd_rate(
    anchor: Sequence[tuple[float, float]],
    test: Sequence[tuple[float, float]],
    interpolation: Interpolation = "pchip",
) -> float:
    """Mean difference in rate at equal quality, percent; negative where ``test`` needs less than ``anchor``.

    Args:
        anchor, test: points (rate, quality) in any order; rates above 0, quality higher is better.

    Raises:
        NoOverlap: fewer than two efficient points in a curve, or no quality that both reach.
    """
    gap = _mean_gap(_by_quality(anchor), _by_quality(test), interpolation)
    with np.errstate(over="ignore"):  # a cubic that runs away
        return 100 * float(np.expm1(gap))


def rate_at(points: Sequence[tuple[float, float]], quality: float) -> float | None:
    """Rate at which a curve reaches ``quality`` (PCHIP); None where it does not cover it."""
    try:
        qualities, rates = _by_quality(points)
    except NoOverlap:
        return None
    if not qualities[0] <= quality <= qualities[-1]:
        return None
    return float(np.exp(_curve(qualities, rates, "pchip")[0](quality)))


def envelope(curves: Sequence[Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    """The hull of several curves: at every quality the lowest rate at which any of them (PCHIP) reaches it.

    Returns:
        Points (rate, quality), dense enough to stand for the hull in `bd_rate`.
    """
    ends = [_by_quality(points) for points in curves if len(efficient(points)) > 1]
    single = [point for points in curves if len(efficient(points)) == 1 for point in efficient(points)]
    if not ends:
        return efficient(single)
    knots = np.concatenate([qualities for qualities, _ in ends])
    dense = np.union1d(knots, np.linspace(knots.min(), knots.max(), _SAMPLES))
    rates = np.full(len(dense), np.inf)
    for qualities, logarithms in ends:
        covered = (qualities[0] <= dense) & (dense <= qualities[-1])
        here = np.exp(_curve(qualities, logarithms, "pchip")[0](dense[covered]))
        rates[covered] = np.minimum(rates[covered], here)
    reached = np.isfinite(rates)
    return efficient([*single, *zip(rates[reached].tolist(), dense[reached].tolist(), strict=True)])


def efficient(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points that no cheaper one equals or beats in quality, by rising rate."""
    kept: list[tuple[float, float]] = []
    for rate, quality in sorted(points, key=lambda point: (point[0], -point[1])):
        if rate <= 0 or not np.isfinite(rate) or not np.isfinite(quality):
            raise ValueError(f"a point needs a rate above 0 and a finite quality, got {(rate, quality)}")
        if not kept or quality > kept[-1][1]:
            kept.append((rate, quality))
    return kept


def _by_quality(points: Sequence[tuple[float, float]]) -> tuple[_Values, _Values]:
    kept = efficient(points)
    if len(kept) < 2:
        raise NoOverlap(f"a curve needs two points, each better than all cheaper ones; got {len(kept)}")
    return np.array([q for _, q in kept]), np.log(np.array([r for r, _ in kept]))


def _mean_gap(
    anchor: tuple[_Values, _Values], test: tuple[_Values, _Values], interpolation: Interpolation
) -> float:
    low = max(anchor[0][0], test[0][0])
    high = min(anchor[0][-1], test[0][-1])
    if not low < high:
        raise NoOverlap(f"the curves share no range: one ends at {high:g}, the other begins at {low:g}")
    means: list[float] = []
    for x, y in (anchor, test):
        area = _curve(x, y, interpolation)[1]
        means.append(float(area(high) - area(low)) / (high - low))
    return means[1] - means[0]


def _curve(x: _Values, y: _Values, interpolation: Interpolation) -> tuple[Any, Any]:
    """The curve through the points and its antiderivative, functions of x."""
    if interpolation == "cubic":
        polynomial = np.polynomial.Polynomial.fit(x, y, min(3, len(x) - 1))
        return polynomial, polynomial.integ()
    spline = (PchipInterpolator if interpolation == "pchip" else Akima1DInterpolator)(x, y)
    return spline, spline.antiderivative()
