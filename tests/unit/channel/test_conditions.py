"""Conditions: ranges, merging, and exact decibels."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel.conditions import Conditions
from channel.gaussian import amplitude_of_db
from channel.models import MODELS
from semvid.channel_options import CHANNEL_RANGES
from semvid.errors import InvalidInput
from semvid.waveform import SINGLE_CARRIER, Ofdm
from semvid.wire.v1.link_pb2 import ChannelConditions

_BOUNDS = {
    **{
        name: (*bounds, 1 if name == "coherence_symbols" else 1e-6) for name, bounds in CHANNEL_RANGES.items()
    },
    "seed": (0, 2**64 - 1, 1),
}


@pytest.mark.parametrize("name", _BOUNDS)
def test_the_bounds_belong_to_the_range_and_what_lies_beyond_does_not(name):
    low, high, step = _BOUNDS[name]
    beside = {"bad_symbols": 65_536} if name == "bad_share" else {}
    beside |= {"bad_share": 0.001, "bad_symbols": 2} if name == "bad_symbols" else {}
    for value in (low, high):
        if name == "bad_symbols" and value == low:
            continue  # shorter than any share of bad symbols allows
        assert getattr(Conditions(**{**beside, name: value}), name) == value
    for value in (low - step, high + step, math.nan, math.inf):
        with pytest.raises(InvalidInput, match=f"{name} must lie in"):
            Conditions(**{**beside, name: value})


def test_an_unknown_model_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInput, match="there are awgn, rayleigh, rician"):
        Conditions(model="")


def test_what_contradicts_itself_is_refused():
    with pytest.raises(InvalidInput, match="bad_symbols must be 1 / "):
        Conditions(bad_symbols=1.5, bad_share=0.5)
    with pytest.raises(InvalidInput, match="needs its points"):
        Conditions(model="trace")
    with pytest.raises(InvalidInput, match="times begin at 0 s or later and grow"):
        Conditions(model="trace", snr_trace=((1.0, 3.0), (1.0, 4.0)))


def test_a_chain_has_one_name():
    assert Conditions(model="cfo+tdl-a").model == "tdl-a+cfo" == Conditions(model="tdl-a+cfo").model
    assert Conditions(model="awgn+cfo").model == "cfo"


@pytest.mark.parametrize(
    ("conditions", "waveform", "says"),
    [
        (
            {"model": "tdl-a", "delay_spread_ns": 1000},
            Ofdm(1),
            "which is delay_spread_ns 242.7; lower it, or",
        ),
        ({"model": "tdl-e", "symbol_rate_hz": 2e8}, SINGLE_CARRIER, "or send OFDM"),
        ({"model": "rayleigh-jakes", "symbol_rate_hz": 1e3}, SINGLE_CARRIER, "doppler_hz 5 is more than 2,"),
        ({"model": "tdl-d+cfo", "doppler_hz": 500}, Ofdm(), "doppler_hz 500 is more than 450,"),
    ],
)
def test_a_channel_that_the_emulator_cannot_do_truly_is_refused(conditions, waveform, says):
    with pytest.raises(InvalidInput, match=says):
        Conditions(**conditions).require(waveform)
    Conditions().require(waveform)


_VALID = st.builds(
    Conditions,
    model=st.sampled_from(sorted(MODELS)),
    snr_db=st.floats(-30, 60),
    coherence_symbols=st.integers(1, 2**24),
    rician_k_db=st.floats(-20, 40),
    seed=st.integers(0, 2**64 - 1),
    cfo_hz=st.floats(-1e5, 1e5),
    doppler_hz=st.floats(0, 1e4),
    snr_trace=st.lists(st.floats(-30, 60), min_size=1, max_size=5).map(lambda snrs: tuple(enumerate(snrs))),
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
