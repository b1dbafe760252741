import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.phy.layout import (
    PILOT_SPACINGS,
    PREAMBLE_SYMBOLS,
    data_symbols_in,
    layout,
    total_symbols,
)

spacings = st.sampled_from(PILOT_SPACINGS)


@given(data_symbols=st.integers(1, 70_000), spacing=spacings)
def test_length_and_content_determine_each_other(data_symbols: int, spacing: int) -> None:
    assert data_symbols_in(total_symbols(data_symbols, spacing), spacing) == data_symbols


@pytest.mark.parametrize("spacing", PILOT_SPACINGS)
def test_every_length_is_either_one_burst_or_none(spacing: int) -> None:
    lengths = {total_symbols(d, spacing) for d in range(1, 3000)}
    for total in range(max(lengths)):
        assert (data_symbols_in(total, spacing) is not None) == (total in lengths)


@given(data_symbols=st.integers(1, 5000), spacing=spacings)
def test_every_place_is_used_once(data_symbols: int, spacing: int) -> None:
    places = layout(data_symbols, spacing)
    used = np.concatenate([places.pilots, places.data])
    assert np.array_equal(np.sort(used), np.arange(places.total))
    assert len(places.data) == data_symbols


@pytest.mark.parametrize("spacing", PILOT_SPACINGS)
def test_scattered_pilots_keep_their_distance(spacing: int) -> None:
    pilots = layout(10_000, spacing).pilots
    assert np.array_equal(pilots[:PREAMBLE_SYMBOLS], np.arange(PREAMBLE_SYMBOLS))
    assert set(np.diff(pilots[PREAMBLE_SYMBOLS:])) == {spacing}


@pytest.mark.parametrize("spacing", PILOT_SPACINGS)
def test_a_run_of_data_is_spread_over_the_burst(spacing: int) -> None:
    """The first 64 symbols (a control word) leave no gap longer than 2.5 times their mean distance."""
    for data_symbols in (70, 130, 200, 1000, 1024, 7560, 30_000):
        places = layout(data_symbols, spacing)
        first = np.sort(places.data[:64])
        gaps = np.diff(np.concatenate([[PREAMBLE_SYMBOLS], first, [places.total]]))
        assert gaps.max() <= 2.5 * places.total / 64
