from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import InvalidInput
from semvid.waveform import NUMEROLOGIES, RESOURCE_BLOCKS, Ofdm

ofdm = st.builds(Ofdm, st.integers(*NUMEROLOGIES), st.integers(*RESOURCE_BLOCKS))


def test_numbers_of_the_standard() -> None:
    """TS 38.211 tables 4.2-1 and 5.3.1-1: at mu = 0 a prefix of 144 of 2048, 4.69 us; 14 symbols in 1 ms."""
    grid = Ofdm(0, 25)
    assert (grid.subcarriers, grid.spacing_hz, grid.fft_size) == (300, 15_000.0, 512)
    assert grid.prefix_samples == 36.0
    assert grid.prefix_s == pytest.approx(4.6875e-6)
    assert grid.symbol_s * 14 == pytest.approx(1e-3)
    assert Ofdm(3, 52).spacing_hz == 120_000.0


@given(ofdm, st.integers(0, 10**7))
def test_symbols_follow_each_other_without_gap(grid: Ofdm, number: int) -> None:
    step = grid.useful_from_s(number + 1) - grid.useful_from_s(number)
    longer = (number + 1) % grid.symbols_per_half_subframe == 0
    expected = grid.useful_s + grid.prefix_s + (longer * 16 / 2048 / 15_000)
    assert step == pytest.approx(expected, abs=1e-9)
    half = grid.symbols_per_half_subframe
    assert grid.useful_from_s(number + half) - grid.useful_from_s(number) == pytest.approx(5e-4, abs=1e-9)


@given(ofdm)
def test_subcarriers_leave_guard_bands(grid: Ofdm) -> None:
    assert grid.subcarriers <= 0.85 * grid.fft_size
    assert 0 < grid.prefix_share < 0.08


@pytest.mark.parametrize("numbers", [(-1, 6), (5, 6), (0, 0), (0, 53)])
def test_out_of_range_is_refused(numbers: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput, match="must lie in"):
        Ofdm(*numbers)
