"""Bjontegaard differences between two curves of quality over rate (ITU-T VCEG-M33, VCEG-AI11).

A curve is given by points (rate, quality). Rates are taken as logarithms; the difference is the mean
distance of the two curves over the range that both cover. Three interpolations: the cubic polynomial of
VCEG-M33, PCHIP as in the common test conditions of JVET, and Akima (Herglotz et al., 2022), which overshoots
least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Interpolation = Literal["cubic", "pchip", "akima"]
INTERPOLATIONS: Final[tuple[Interpolation, ...]] = ("cubic", "pchip", "akima")

_Values = NDArray[np.float64]
_Curve = Callable[[_Values], _Values]
# three nodes are exact for polynomials up to degree 5, so for every piece of a cubic
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)


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
    return 100 * float(np.expm1(_mean_gap(_by_quality(anchor), _by_quality(test), interpolation)))


def bd_quality(
    anchor: Sequence[tuple[float, float]],
    test: Sequence[tuple[float, float]],
    interpolation: Interpolation = "pchip",
) -> float:
    """Mean difference in quality at equal rate, in its unit; positive where ``test`` is better.

    Raises:
        NoOverlap: fewer than two efficient points in a curve, or no rate that both cover.
    """
    (quality_a, rate_a), (quality_b, rate_b) = _by_quality(anchor), _by_quality(test)
    return _mean_gap((rate_a, quality_a), (rate_b, quality_b), interpolation)


def rate_at(points: Sequence[tuple[float, float]], quality: float) -> float | None:
    """Rate at which a curve reaches ``quality`` (PCHIP); None where it does not cover it."""
    try:
        qualities, rates = _by_quality(points)
    except NoOverlap:
        return None
    if not qualities[0] <= quality <= qualities[-1]:
        return None
    return float(np.exp(_curve(qualities, rates, "pchip")(np.array([quality]))[0]))


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
    means = [_mean(x, _curve(x, y, interpolation), low, high) for x, y in (anchor, test)]
    return means[1] - means[0]


def _mean(knots: _Values, curve: _Curve, low: float, high: float) -> float:
    edges = np.unique(np.concatenate([[low, high], knots[(knots > low) & (knots < high)]]))
    total = 0.0
    for a, b in pairwise(edges.tolist()):
        total += float((b - a) / 2 * (_WEIGHTS @ curve((a + b) / 2 + (b - a) / 2 * _NODES)))
    return total / (high - low)


def _curve(x: _Values, y: _Values, interpolation: Interpolation) -> _Curve:
    if interpolation == "cubic":
        middle = float(x.mean())  # the fit is ill-conditioned far from zero
        polynomial = np.polyfit(x - middle, y, min(3, len(x) - 1))
        return lambda at: np.asarray(np.polyval(polynomial, at - middle))
    slopes = _pchip_slopes(x, y) if interpolation == "pchip" else _akima_slopes(x, y)
    return lambda at: _hermite(x, y, slopes, at)


def _hermite(x: _Values, y: _Values, slopes: _Values, at: _Values) -> _Values:
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    h = x[i + 1] - x[i]
    t = (at - x[i]) / h
    value = (1 + 2 * t) * (1 - t) ** 2 * y[i] + t**2 * (3 - 2 * t) * y[i + 1]
    return np.asarray(value + h * (t * (1 - t) ** 2 * slopes[i] - t**2 * (1 - t) * slopes[i + 1]))


def _pchip_slopes(x: _Values, y: _Values) -> _Values:
    """Fritsch and Butland, 1984: harmonic means keep the curve monotone."""
    h, secant = np.diff(x), np.diff(y) / np.diff(x)
    if len(x) == 2:
        return np.repeat(secant, 2)
    left, right = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    same = secant[:-1] * secant[1:] > 0
    inner = np.zeros(len(x) - 2)
    inner[same] = (left + right)[same] / (left[same] / secant[:-1][same] + right[same] / secant[1:][same])
    first = _pchip_end(h[0], h[1], secant[0], secant[1])
    last = _pchip_end(h[-1], h[-2], secant[-1], secant[-2])
    return np.concatenate([[first], inner, [last]])


def _pchip_end(h0: float, h1: float, secant0: float, secant1: float) -> float:
    slope = ((2 * h0 + h1) * secant0 - h0 * secant1) / (h0 + h1)
    if np.sign(slope) != np.sign(secant0):
        return 0.0
    if np.sign(secant0) != np.sign(secant1) and abs(slope) > 3 * abs(secant0):
        return 3 * secant0
    return float(slope)


def _akima_slopes(x: _Values, y: _Values) -> _Values:
    """Akima, 1970, with his continuation of the secants beyond both ends."""
    secant = np.diff(y) / np.diff(x)
    if len(x) == 2:
        return np.repeat(secant, 2)
    before, after = 2 * secant[0] - secant[1], 2 * secant[-1] - secant[-2]
    m = np.concatenate([[2 * before - secant[0], before], secant, [after, 2 * after - secant[-1]]])
    change = np.abs(np.diff(m))
    left, right = change[2:], change[:-2]
    weight = left + right
    even = weight <= 1e-9 * weight.max(initial=0.0)
    safe = np.where(even, 1.0, weight)
    return np.asarray(
        np.where(even, (m[1:-2] + m[2:-1]) / 2, (left * m[1:-2] + right * m[2:-1]) / safe), np.float64
    )
