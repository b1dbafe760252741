"""The two-state chain against its closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channel.conditions import Conditions
from channel.impairments.gilbert_elliott import bad_states
from channel.noise import receive

COUNT = 400_000


def _runs(states):
    """Lengths of the bad runs that begin and end within."""
    edges = np.flatnonzero(np.diff(states.astype(int)))
    lengths = np.diff(edges)
    return lengths[::2] if states[edges[0] + 1] else lengths[1::2]


@pytest.mark.parametrize(("bad_symbols", "bad_share"), [(200.0, 0.05), (20.0, 0.5), (3.0, 0.2)])
def test_share_and_length_of_bad_states(bad_symbols, bad_share):
    states = bad_states(1, bad_symbols, bad_share, 0, COUNT)
    runs = _runs(states)
    # in runs: the standard error of both follows from their number, geometric ones vary as their mean
    error = 5 / np.sqrt(len(runs))
    assert np.mean(runs) == pytest.approx(bad_symbols, rel=error)
    assert np.mean(states) == pytest.approx(bad_share, rel=2 * error)
    assert np.mean(runs > bad_symbols) == pytest.approx((1 - 1 / bad_symbols) ** int(bad_symbols), abs=error)


def test_the_chain_forgets_as_fast_as_it_should():
    """The autocorrelation of a two-state chain is (1 - p - r) to the lag."""
    states = bad_states(2, 50.0, 0.3, 0, COUNT).astype(float) - 0.3
    leave, enter = 1 / 50, 0.3 / 0.7 / 50
    for lag in (1, 10, 40):
        measured = np.mean(states[lag:] * states[:-lag]) / np.mean(states**2)
        assert measured == pytest.approx((1 - leave - enter) ** lag, abs=0.03)


@settings(max_examples=40, deadline=None)
@given(
    bad_symbols=st.sampled_from([1.2, 5.0, 300.0, 20_000.0]),
    first=st.integers(0, 2**35),
    sizes=st.lists(st.integers(0, 500), min_size=1, max_size=5),
    seed=st.integers(0, 2**64 - 1),
)
def test_the_state_of_a_symbol_does_not_depend_on_what_was_asked_before(bad_symbols, first, sizes, seed):
    whole = bad_states(seed, bad_symbols, 0.1, first, sum(sizes))
    for start, count in reversed(list(zip(np.cumsum([0, *sizes[:-1]]).tolist(), sizes, strict=True))):
        part = bad_states(seed, bad_symbols, 0.1, first + start, count)
        np.testing.assert_array_equal(part, whole[start : start + count])


def test_the_first_symbol_is_bad_as_often_as_any():
    first = [bool(bad_states(seed, 5000.0, 0.3, 0, 1)[0]) for seed in range(1000)]
    assert np.mean(first) == pytest.approx(0.3, abs=5 * np.sqrt(0.3 * 0.7 / 1000))


def test_noise_is_louder_by_the_loss_in_bad_states_and_as_set_in_good_ones():
    silence = np.zeros(60_000, np.complex64)
    conditions = Conditions(model="gilbert-elliott", snr_db=7, bad_loss_db=13, bad_share=0.3, seed=5)
    power = np.abs(receive(silence, conditions, 0, 999)) ** 2
    bad = bad_states(5, 200.0, 0.3, 999, 60_000)
    for chosen, snr_db in ((~bad, 7.0), (bad, -6.0)):
        assert -10 * np.log10(np.mean(power[chosen])) == pytest.approx(snr_db, abs=0.2)
