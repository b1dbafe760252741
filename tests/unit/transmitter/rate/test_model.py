from __future__ import annotations

import pytest

from semvid.phy.adaptation import LinkAdapter
from transmitter.rate.model import (
    AT_10_DB,
    DEFAULT_RD_LAMBDA,
    GapCost,
    LinkPrice,
    OperatingPoint,
    bytes_factor,
    coding_loss,
)
from transmitter.rate.trial import Trial

SAMPLES = 3 * 576 * 320


def cost(crf: int = 60, rd_lambda: float = DEFAULT_RD_LAMBDA) -> GapCost:
    return GapCost(OperatingPoint(crf, rd_lambda, 1.0), SAMPLES)


def trial(error: float = 0.2, others: float = 800.0) -> Trial:
    point = OperatingPoint(60, DEFAULT_RD_LAMBDA, 1.0)
    return Trial(point, 96, 240, SAMPLES, [(12, error)] * 8, 3000.0, [others] * 8)


def test_worse_quality_costs_fewer_bytes_and_loses_more() -> None:
    assert bytes_factor(60) == 1
    assert bytes_factor(64) < bytes_factor(60) < bytes_factor(54)
    assert coding_loss(64) > coding_loss(60) > coding_loss(54)


def test_two_short_gaps_pay_only_where_the_long_one_is_bridged_badly() -> None:
    assert cost().of_gap(32, 0.05) < 2 * cost().of_gap(16, 0.04)
    assert cost().of_gap(32, 0.6) > 2 * cost().of_gap(16, 0.3)


def test_a_dearer_symbol_favours_long_gaps() -> None:
    def preference(rd_lambda: float) -> float:
        return cost(rd_lambda=rd_lambda).of_gap(24, 0.4) - 2 * cost(rd_lambda=rd_lambda).of_gap(12, 0.25)

    assert preference(1000.0) < 0 < preference(30.0)


def test_no_keyframe_is_tried_where_even_a_free_picture_would_not_pay() -> None:
    assert not cost().may_pay(32, 0.01)
    assert cost().may_pay(32, 0.5)
    assert not cost(rd_lambda=1e6).may_pay(32, 0.5)


def test_the_best_quality_falls_with_the_price_of_symbols() -> None:
    qualities = [trial().best_crf(rd_lambda) for rd_lambda in (20.0, 90.0, 400.0)]
    assert qualities == sorted(qualities)
    assert qualities[0] < qualities[-1]


def test_rd_lambda_and_quality_belong_together() -> None:
    assert abs(trial().best_crf(trial().rd_lambda_of(56)) - 56) <= 1


def test_predicted_cbr_falls_with_the_crf_and_counts_the_whole_clip() -> None:
    assert trial().cbr(63) < trial().cbr(60) < trial().cbr(50)
    symbols = trial().cbr(60) * SAMPLES * 240
    assert symbols == pytest.approx((3000 + 20 * 800) * 8 / 2.45 * 1.03 + 21 * 120 + 600, rel=0.01)


def test_bytes_scale_is_measured_bytes_over_the_models() -> None:
    assert trial(others=1600.0).bytes_scale == pytest.approx(2 * trial(others=800.0).bytes_scale)


def price(snr_db: float) -> LinkPrice:
    adapter = LinkAdapter()
    adapter.observe(snr_db, snr_db)
    return LinkPrice.of(adapter)


def test_the_price_is_as_measured_at_10_db() -> None:
    assert price(10.0) == AT_10_DB


def test_symbols_are_dearer_at_a_lower_snr() -> None:
    sizes = [price(snr_db).symbols_of(600) for snr_db in (-5.0, 0.0, 5.0, 10.0, 20.0)]
    assert sizes == sorted(sizes, reverse=True)
    assert price(0.0).bits_per_symbol == pytest.approx(0.6 * 0.9, rel=0.05)  # QPSK 308/1024
