"""Conditions: ranges, merging, and exact decibels."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel.conditions import Conditions
from channel.gaussian import amplitude_of_db
from channel.models import MODELS
from semvid.errors import InvalidInput
from semvid.wire.v1.link_pb2 import ChannelConditions

_BOUNDS = {
    "snr_db": (-30.0, 60.0, 1e-9),
    "coherence_symbols": (1, 2**24, 1),
    "rician_k_db": (-20.0, 40.0, 1e-9),
    "seed": (0, 2**64 - 1, 1),
}


@pytest.mark.parametrize("name", _BOUNDS)
def test_the_bounds_belong_to_the_range_and_what_lies_beyond_does_not(name):
    low, high, step = _BOUNDS[name]
    for value in (low, high):
        assert getattr(Conditions(**{name: value}), name) == value
    for value in (low - step, high + step, math.nan, math.inf):
        with pytest.raises(InvalidInput, match=f"{name} must lie in"):
            Conditions(**{name: value})


def test_an_unknown_model_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInput, match="there are awgn, rayleigh, rician"):
        Conditions(model="")


_VALID = st.builds(
    Conditions,
    model=st.sampled_from(sorted(MODELS)),
    snr_db=st.floats(-30, 60),
    coherence_symbols=st.integers(1, 2**24),
    rician_k_db=st.floats(-20, 40),
    seed=st.integers(0, 2**64 - 1),
)


@given(_VALID, _VALID)
def test_a_full_message_replaces_everything_and_an_empty_one_nothing(one, other):
    assert one.merged(other.message()) == other
    assert one.merged(ChannelConditions()) == one


def test_a_zero_that_is_set_is_a_change():
    changed = Conditions(snr_db=3, seed=4).merged(ChannelConditions(snr_db=0, seed=0))
    assert (changed.snr_db, changed.seed) == (0, 0)


@given(st.floats(-60, 60))
def test_amplitudes_are_correctly_rounded(power_db):
    assert amplitude_of_db(power_db) == pytest.approx(10 ** (power_db / 20), rel=1e-15)


def test_decades_are_exact():
    assert [amplitude_of_db(db) for db in (-60, -20, 0, 20, 40)] == [0.001, 0.1, 1, 10, 100]
