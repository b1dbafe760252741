"""Fading models against their closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from channel.conditions import Conditions
from channel.instants import Instants
from channel.models import MODELS

INTERVALS = 50_000


def _paths(model, first=0, count=INTERVALS, **conditions):
    instants = Instants.of_single_carrier(first, count, 1e6, paused_s=0.0)
    return MODELS[model](Conditions(model=model, **conditions), instants)


def _gains(model, first=0, count=INTERVALS, **conditions):
    (path,) = _paths(model, first, count, **conditions)
    return path.gain


def test_awgn_does_not_fade():
    np.testing.assert_array_equal(_gains("awgn", 7, 5), np.ones(5, np.complex64))


def test_rayleigh_amplitude_and_phase():
    gains = _gains("rayleigh", coherence_symbols=1, seed=1)
    assert stats.kstest(np.abs(gains), stats.rayleigh(scale=np.sqrt(0.5)).cdf).pvalue > 1e-3
    assert stats.kstest((np.angle(gains) + np.pi) / (2 * np.pi), "uniform").pvalue > 1e-3


@pytest.mark.parametrize("k_db", [-20, -3, 0, 6, 13.3, 40])
def test_rician_amplitude(k_db):
    gains = _gains("rician", coherence_symbols=1, rician_k_db=k_db, seed=2)
    k = 10 ** (k_db / 10)
    sigma = np.sqrt(0.5 / (k + 1))
    assert stats.kstest(np.abs(gains), stats.rice(np.sqrt(2 * k), scale=sigma).cdf).pvalue > 1e-3
    assert np.mean(gains) == pytest.approx(np.sqrt(k / (k + 1)), abs=5 * sigma * np.sqrt(2 / INTERVALS))


@pytest.mark.parametrize("model", sorted(MODELS))
def test_mean_power_is_one(model):
    """A moving channel has gone through hundreds of fades after 50 000 symbols at 2 kHz of Doppler."""
    paths = _paths(model, coherence_symbols=1, doppler_hz=2000, seed=3)
    power = sum(np.mean(np.abs(path.gain.astype(np.complex128)) ** 2) for path in paths)
    moves = model not in ("awgn", "rayleigh", "rician")
    assert power == pytest.approx(1, abs=0.1 if moves else 5 / np.sqrt(INTERVALS))
    assert sum(path.power for path in paths) == pytest.approx(1)


@pytest.mark.parametrize("model", ["rayleigh", "rician"])
def test_the_gain_stays_for_the_coherence_and_is_then_drawn_anew(model):
    gains = _gains(model, 0, 700, coherence_symbols=100, seed=4).reshape(7, 100)
    assert (gains == gains[:, :1]).all()
    assert len(set(gains[:, 0])) == 7


def test_intervals_are_independent_of_each_other():
    gains = _gains("rayleigh", coherence_symbols=1, seed=5)
    for lag in (1, 2, 10):
        assert abs(np.mean(gains[lag:] * gains[:-lag].conj())) < 5 / np.sqrt(INTERVALS)


@pytest.mark.parametrize("model", sorted(MODELS))
@settings(max_examples=12, deadline=None)
@given(
    coherence=st.sampled_from([1, 2, 3, 17, 100, 256, 2**24]),
    first=st.integers(0, 2**40),
    sizes=st.lists(st.integers(0, 300), min_size=1, max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_gains_do_not_depend_on_how_the_transmission_is_cut_nor_on_the_order(
    model, coherence, first, sizes, order
):
    whole = _paths(model, first, sum(sizes), coherence_symbols=coherence, seed=6)
    assert {path.gain.dtype for path in whole} == {np.dtype(np.complex64)}
    pieces = list(zip(np.cumsum([0, *sizes[:-1]]).tolist(), sizes, strict=True))
    order.shuffle(pieces)
    for start, count in pieces:
        part = _paths(model, first + start, count, coherence_symbols=coherence, seed=6)
        for path, of_whole in zip(part, whole, strict=True):
            np.testing.assert_array_equal(path.gain, of_whole.gain[start : start + count])


def test_the_longest_coherence_holds_one_gain_for_a_whole_block():
    assert len(set(_gains("rayleigh", 2**24 - 65_536, 65_536, coherence_symbols=2**24).tolist())) == 1
    assert len(set(_gains("rayleigh", 2**24 - 1, 2, coherence_symbols=2**24).tolist())) == 2
