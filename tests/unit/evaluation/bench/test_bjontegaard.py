import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.bench.bjontegaard import (
    INTERPOLATIONS,
    Interpolation,
    NoOverlap,
    bd_rate,
    efficient,
    envelope,
    rate_at,
)

# Published examples: the README and example_usage.py of the package `bjontegaard` (FAU-LMS), and demo.py of
# Anserw/Bjontegaard_metric. Expected values: `bjontegaard` 1.3.0 on them (its PCHIP equals the JVET sheet).
README = (
    [(9487.76, 40.037), (4593.60, 38.615), (2486.44, 36.845), (1358.24, 34.851)],
    [(9787.80, 40.121), (4469.00, 38.651), (2451.52, 36.970), (1356.24, 34.987)],
)
HIGH_RATES = (
    [(82472.76, 43.825), (26875.24, 41.404), (9487.76, 40.037), (4593.6, 38.615)],
    [(99896.96, 44.731), (33952.04, 41.875), (9787.8, 40.121), (4469.0, 38.651)],
)
DEMO = (
    [(686.76, 40.28), (309.58, 37.18), (157.11, 34.24), (85.95, 31.42)],
    [(893.34, 40.39), (407.8, 37.21), (204.93, 34.17), (112.75, 31.24)],
)


@pytest.mark.parametrize(
    ("curves", "interpolation", "rate"),
    [
        (README, "cubic", -4.420462706125383),
        (README, "pchip", -4.417485350589045),
        (README, "akima", -4.425245156997493),
        (HIGH_RATES, "cubic", -4.699437548068142),
        (HIGH_RATES, "pchip", -4.47218200276197),
        (HIGH_RATES, "akima", -4.0857609404152395),
        (DEMO, "cubic", 31.3973740549095),
        (DEMO, "pchip", 31.379878202397627),
        (DEMO, "akima", 31.38398898434116),
    ],
)
def test_published_examples(
    curves: tuple[list[tuple[float, float]], list[tuple[float, float]]],
    interpolation: Interpolation,
    rate: float,
) -> None:
    assert bd_rate(*curves, interpolation) == pytest.approx(rate, abs=1e-6)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@given(factor=st.floats(0.2, 5.0), data=st.data())
def test_a_curve_that_needs_a_constant_factor_more_rate(
    interpolation: Interpolation, factor: float, data: st.DataObject
) -> None:
    steps = data.draw(st.lists(st.tuples(st.floats(0.2, 2), st.floats(0.2, 3)), min_size=4, max_size=7))
    rates = np.exp(np.cumsum([a for a, _ in steps]))
    qualities = np.cumsum([b for _, b in steps])
    anchor = list(zip(rates, qualities, strict=True))
    test = [(rate * factor, quality) for rate, quality in anchor]
    assert bd_rate(anchor, test, interpolation) == pytest.approx(100 * (factor - 1), rel=1e-6, abs=1e-6)
    assert bd_rate(anchor[::-1], test, interpolation) == pytest.approx(100 * (factor - 1), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_the_sign_says_who_needs_less(interpolation: Interpolation) -> None:
    cheap = [(1.0, 30.0), (2.0, 33.0), (4.0, 36.0), (8.0, 39.0)]
    dear = [(1.5 * rate, quality) for rate, quality in cheap]
    assert bd_rate(dear, cheap, interpolation) < 0 < bd_rate(cheap, dear, interpolation)


def test_points_that_cost_more_and_bring_nothing_are_left_out() -> None:
    assert efficient([(4, 31), (1, 30), (2, 29), (3, 30), (4, 30.5)]) == [(1, 30), (4, 31)]


def test_no_common_range_is_an_answer_of_its_own() -> None:
    low, high = [(1.0, 20.0), (2.0, 22.0)], [(1.0, 30.0), (2.0, 32.0)]
    with pytest.raises(NoOverlap, match="no range"):
        bd_rate(low, high)
    with pytest.raises(NoOverlap, match="two points"):
        bd_rate(low, [(1.0, 20.0), (2.0, 19.0)])


def test_the_rate_at_our_quality() -> None:
    curve = [(1.0, 30.0), (10.0, 32.0), (100.0, 34.0)]
    assert rate_at(curve, 33.0) == pytest.approx(10**1.5)
    assert rate_at(curve, 34.5) is None
    assert rate_at(curve, 29.0) is None


def test_a_rate_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        bd_rate([(0.0, 1.0), (1.0, 2.0)], [(1.0, 1.0), (2.0, 2.0)])


def test_the_hull_of_one_curve_is_that_curve() -> None:
    for anchor, test in (README, HIGH_RATES, DEMO):
        assert bd_rate(envelope([anchor]), test) == pytest.approx(bd_rate(anchor, test), abs=0.02)
        assert bd_rate(envelope([anchor]), anchor) == pytest.approx(0, abs=0.02)


def test_the_hull_of_crossing_curves_is_the_cheaper_at_every_quality() -> None:
    steep = [(1.0, 0.0), (10.0, 1.0), (100.0, 2.0)]  # decades of rate: straight lines in the logarithm
    flat = [(2.0, 0.0), (6.0, 1.0), (18.0, 2.0)]
    hull = envelope([steep, flat])
    for quality in (0.1, 0.4, 0.7, 1.3, 1.9):
        needed = [rate_at(curve, quality) for curve in (steep, flat)]
        assert rate_at(hull, quality) == pytest.approx(min(n for n in needed if n is not None), rel=0.01)
    assert bd_rate(hull, steep) > max(0, bd_rate(flat, steep))


def test_the_hull_covers_what_any_curve_does() -> None:
    low, high, point = [(1.0, 0.0), (2.0, 1.0)], [(4.0, 2.0), (8.0, 3.0)], [(1.5, 0.9)]
    hull = envelope([low, high, point, []])
    assert (hull[0], hull[-1]) == (pytest.approx((1.0, 0.0)), pytest.approx((8.0, 3.0)))
    assert (1.5, 0.9) in hull  # a single point that beats the curve
    assert hull == efficient(hull)
    assert envelope([point, []]) == point
