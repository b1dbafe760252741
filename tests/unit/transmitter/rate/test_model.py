from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.phy.adaptation import LinkAdapter
from tests.unit.transmitter.clips import HEIGHT, WIDTH, source
from transmitter.rate.model import (
    AT_10_DB,
    Forecast,
    LinkPrice,
    OperatingPoint,
    bytes_factor,
    coded_size,
    deserved_price,
    gap_loss,
    keyframe_cost,
)

CRFS = st.floats(20, 70)


def test_worse_quality_costs_fewer_bytes_and_makes_keyframes_dearer() -> None:
    """Where pictures lose much by being coded, a badly bridged gap matters less."""
    assert bytes_factor(60) == 1
    for finer, coarser in ((20, 35), (35, 57), (57, 60), (60, 66), (66, 70)):
        assert bytes_factor(finer) > bytes_factor(coarser)
        assert deserved_price(finer) < deserved_price(coarser)


def test_a_gap_without_frames_between_loses_nothing() -> None:
    assert gap_loss(1, 0.7) == 0


def test_two_short_gaps_pay_only_where_the_long_one_is_bridged_badly() -> None:
    def pays(long: float, short: float, price: float) -> bool:
        return 2 * (gap_loss(16, short) + keyframe_cost(price, short)) < gap_loss(32, long) + keyframe_cost(
            price, long
        )

    assert pays(0.6, 0.3, price=5)
    assert not pays(0.05, 0.04, price=5)
    assert not pays(0.6, 0.3, price=1000)


def test_what_is_bridged_badly_is_predicted_badly() -> None:
    assert 0 < keyframe_cost(1, 0.0) < keyframe_cost(1, 0.5)
    assert keyframe_cost(2, 0.3) == 2 * keyframe_cost(1, 0.3)


def price(snr_db: float) -> LinkPrice:
    adapter = LinkAdapter()
    adapter.observe(snr_db, snr_db)
    return LinkPrice.of(adapter)


def test_the_price_is_as_measured_at_10_db() -> None:
    assert price(10.0) == AT_10_DB


def test_symbols_are_dearer_at_a_lower_snr() -> None:
    sizes = [price(snr_db).symbols_of(600) for snr_db in (-5.0, 0.0, 5.0, 10.0, 20.0)]
    assert sizes == sorted(sizes, reverse=True)
    assert price(0.0).bits_per_symbol < AT_10_DB.bits_per_symbol / 3  # QPSK 308/1024 instead of 16QAM


def test_side_information_costs_more_on_a_dearer_link() -> None:
    dear = replace(AT_10_DB, block_symbols=2 * AT_10_DB.block_symbols)
    assert 300 < AT_10_DB.symbols_beside(50) < 450  # as many bits, nearly
    assert dear.symbols_beside(50) == 2 * AT_10_DB.symbols_beside(50)


def test_a_block_costs_something_before_the_first_byte() -> None:
    assert AT_10_DB.symbols_of(0) == AT_10_DB.block_symbols
    assert AT_10_DB.symbols_of(1000) - AT_10_DB.symbols_of(0) >= 8000 / AT_10_DB.bits_per_symbol


@given(st.floats(1, 100))
def test_every_picture_keeps_a_pixel(scale: float) -> None:
    width, height = coded_size(source(), scale)
    assert width == max(1, round(WIDTH / scale))
    assert height == max(1, round(HEIGHT / scale))


@given(crf=CRFS, other=CRFS, frames=st.integers(1, 500))
def test_a_forecast_at_the_quality_that_it_was_made_at_is_what_was_spent(
    crf: float, other: float, frames: int
) -> None:
    forecast = Forecast.of(frames, 1000.0, 700.0, crf)
    assert forecast.at(crf) == pytest.approx(1000 / frames)
    assert (forecast.at(other) > forecast.at(crf)) == (bytes_factor(other) > bytes_factor(crf))
    assert forecast.at(70) > 300 / frames


def test_forecasts_add_up_frame_by_frame() -> None:
    both = Forecast.of(10, 1000, 700, 60) + Forecast.of(30, 600, 300, 60)
    assert both.at(60) == pytest.approx(1600 / 40)
    assert Forecast(0, 0, 0).at(60) == 0


def test_a_report_names_what_was_decided() -> None:
    point = OperatingPoint(57.25, 0.31, 4 / 3, 4, detail=3, link=LinkPrice(1.5, 100, 400))
    assert point.resource() == {
        "crf": 57.25, "price": 0.31, "scale": 1.333, "preset": 4, "detail": 3, "restoration": 0,
        "bits_per_symbol": 1.5,
    }  # fmt: skip
