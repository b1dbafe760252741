"""Where the header leaves in a block of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from transmitter.rate import header_first
from transmitter.rate.control import Budget
from transmitter.rate.model import AT_10_DB

POOR = replace(AT_10_DB, bits_per_symbol=1.0, block_symbols=100.0)


def budget(symbols: float) -> Budget:
    return Budget(symbols, frames=240, frame_rate=24.0)


@pytest.mark.parametrize(("symbols", "first"), [(2_900, False), (3_100, True)])
def test_on_a_poor_link_where_a_block_is_a_thirtieth(symbols: float, first: bool) -> None:
    assert header_first.on_a_poor_link(POOR, budget(symbols)) == first
    assert not header_first.on_a_poor_link(AT_10_DB, budget(symbols))


@pytest.mark.parametrize(
    ("symbols", "taken", "first"),
    [
        (10_900, 1.0, False),  # a block of 55 symbols is more than a two hundredth
        (11_100, 1.0, True),
        (11_100, 0.5, True),
        (11_100, 1.4, True),
        (11_100, 1.6, False),  # smaller pictures may be asked for, whose size the header says
    ],
)
def test_on_another_where_a_block_is_a_two_hundredth_and_a_coarser_crf_is_enough(
    symbols: float, taken: float, first: bool
) -> None:
    left = symbols - 56
    assert header_first.for_a_second_pass(AT_10_DB, budget(symbols), taken * left, left) == first
    assert not header_first.for_a_second_pass(POOR, budget(symbols), taken * left, left)
