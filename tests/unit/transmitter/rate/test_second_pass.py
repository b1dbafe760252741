"""The CRF that uses up what is left is found in few codings and never costs too much."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.images.keyframe_codec import MAX_CRF, MIN_CRF
from transmitter.rate.plan import CRF_STEP
from transmitter.rate.second_pass import MOST_CODINGS, next_crf


def search(begin: float, left: float, symbols_at_60: float, slope: float) -> dict[float, float]:
    """What is tried, the one that it ends with last."""
    taken: dict[float, float] = {}
    crf = begin
    while crf not in taken:
        taken[crf] = symbols_at_60 * math.exp(-slope * (crf - 60))
        crf = next_crf(taken, left, MIN_CRF, MAX_CRF)
    return {**{tried: symbols for tried, symbols in taken.items() if tried != crf}, crf: taken[crf]}


@given(st.integers(160, 280), st.floats(0.4, 1.6), st.floats(0.07, 0.35))
def test_it_ends_near_what_is_left_and_not_beyond(begin: int, spent: float, slope: float) -> None:
    start = begin * CRF_STEP
    left = 10_000.0
    at_60 = spent * left * math.exp(slope * (start - 60))
    taken = search(start, left, at_60, slope)
    assert len(taken) <= MOST_CODINGS + 2
    assert all(crf % CRF_STEP == 0 and MIN_CRF <= crf <= MAX_CRF for crf in taken)
    *_, (crf, symbols) = taken.items()
    if MIN_CRF < crf < MAX_CRF and at_60 * math.exp(-slope * (MAX_CRF - 60)) <= left:
        one_step = math.exp(-slope * CRF_STEP)
        assert min(0.95, 0.98 * one_step) * left <= symbols <= left


def test_it_goes_on_where_all_that_fits_leaves_much_unspent() -> None:
    """A juggler at full size: a quarter step is 8 %, and the only one that fitted was the first."""
    taken = {63.5: 565.0, 58.5: 1750.0, 61.0: 1182.0, 61.75: 1004.0}
    assert next_crf(taken, 1000.0, MIN_CRF, MAX_CRF) == 62
    assert next_crf({**taken, 62.0: 930.0}, 1000.0, MIN_CRF, MAX_CRF) == 62


def test_what_is_near_enough_is_not_coded_again() -> None:
    assert next_crf({60.0: 985.0}, 1000.0, MIN_CRF, MAX_CRF) == 60


def test_neighbours_on_both_sides_are_not_split() -> None:
    assert next_crf({60.0: 1020.0, 60.25: 900.0}, 1000.0, MIN_CRF, MAX_CRF) == 60.25


@pytest.mark.parametrize(("taken", "last"), [({60.0: 9e9}, 62.0), ({60.0: 1.0}, 55.0), ({60.0: 0.0}, 55.0)])
def test_the_bounds_hold(taken: dict[float, float], last: float) -> None:
    assert next_crf(taken, 1000.0, 55.0, 62.0) == last


def test_where_nothing_fits_the_coarsest_stays() -> None:
    assert next_crf({60.0: 3000.0, 62.0: 2000.0}, 1000.0, 55.0, 62.0) == 62


def test_without_anything_left_it_is_coded_as_coarse_as_may_be() -> None:
    assert next_crf({60.0: 3000.0}, -5.0, 55.0, 62.0) == 62


def test_what_lies_beyond_a_bound_is_not_brought_back_to_what_is_worse() -> None:
    assert next_crf({70.0: 2000.0}, 1000.0, 55.0, 65.0) == 70  # too dear, and 65 more so
    assert next_crf({50.0: 500.0}, 1000.0, 55.0, 65.0) == 50  # fits, and 55 would spend less
