from __future__ import annotations

import pytest

from transmitter.planning import Trial
from transmitter.rate import DEFAULT_SLOPE, GapCost, OperatingPoint, bytes_factor, coding_loss

SAMPLES = 3 * 576 * 320


def cost(crf: int = 57, slope: float = DEFAULT_SLOPE) -> GapCost:
    return GapCost(OperatingPoint(crf, slope, 1.0), SAMPLES)


def trial(error: float = 0.2, others: float = 800.0) -> Trial:
    return Trial(
        OperatingPoint(57, DEFAULT_SLOPE, 1.0), 96, 240, SAMPLES, [(12, error)] * 8, 3000.0, [others] * 8
    )


def test_worse_quality_costs_fewer_bytes_and_loses_more() -> None:
    assert bytes_factor(57) == 1
    assert bytes_factor(60) < 1 < bytes_factor(54)
    assert coding_loss(60) > coding_loss(57)


def test_long_gaps_are_cheap_where_nothing_is_lost_and_dear_where_much_is() -> None:
    assert cost().per_frame(32, 0.05) < cost().per_frame(8, 0.05)
    assert cost().per_frame(32, 0.9) > cost().per_frame(8, 0.3)


def test_a_dearer_symbol_favours_longer_gaps() -> None:
    def preference(slope: float) -> float:
        return cost(slope=slope).per_frame(24, 0.4) - cost(slope=slope).per_frame(6, 0.2)

    assert preference(400.0) < preference(30.0)


def test_the_best_quality_falls_with_the_price_of_symbols() -> None:
    qualities = [trial().best_crf(slope) for slope in (20.0, 90.0, 400.0)]
    assert qualities == sorted(qualities)
    assert qualities[0] < qualities[-1]


def test_slope_and_quality_belong_together() -> None:
    assert abs(trial().best_crf(trial().slope_of(56)) - 56) <= 1


def test_predicted_cbr_falls_with_the_crf_and_counts_the_whole_clip() -> None:
    assert trial().cbr(60) < trial().cbr(57) < trial().cbr(50)
    symbols = trial().cbr(57) * SAMPLES * 240
    assert symbols == pytest.approx((3000 + 20 * 800) * 8 / 2.45 * 1.03 + 21 * 120 + 600, rel=0.01)


def test_bytes_scale_is_measured_bytes_over_the_models() -> None:
    assert trial(others=1600.0).bytes_scale == pytest.approx(2 * trial(others=800.0).bytes_scale)
