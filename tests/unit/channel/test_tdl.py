"""Tapped delay lines against TR 38.901 and against Sionna's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import j0

from channel.conditions import Conditions
from channel.instants import Instants
from channel.models.tdl import PROFILES, TDL_MODELS, longest_delay_s, taps

SEEDS = 200


def _gains(name, times, seed, **conditions):
    """Complex [taps, times] at symbols of 1 ms."""
    instants = Instants.of_single_carrier(0, times, 1e3, paused_s=0.0)
    paths = TDL_MODELS[name](Conditions(model=name, seed=seed, **conditions), instants)
    return np.array([path.gain for path in paths]), np.array([path.delay_s for path in paths])


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_the_root_mean_square_delay_is_the_delay_spread(name):
    """The tables are normalised to a delay spread of 1 (clause 7.7.3), to their rounding."""
    power = np.array([tap.scattered**2 + tap.direct**2 for tap in taps(name)])
    delay = np.array([tap.delay for tap in taps(name)])
    mean = np.sum(power * delay)
    assert np.sqrt(np.sum(power * (delay - mean) ** 2)) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_the_power_delay_profile_is_that_of_the_table(name):
    drawn = np.array([_gains(name, 1, seed)[0][:, 0] for seed in range(SEEDS)])
    expected = np.array([tap.scattered**2 + tap.direct**2 for tap in taps(name)])
    np.testing.assert_allclose(np.mean(np.abs(drawn) ** 2, axis=0), expected, rtol=0.4)
    assert np.sum(np.abs(drawn) ** 2) / SEEDS == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("name", "k_db"), [("tdl-d", 13.3), ("tdl-e", 22.0)])
def test_the_first_tap_in_sight_has_the_k_factor_of_the_table(name, k_db):
    first, *others = taps(name)
    assert 20 * np.log10(first.direct / first.scattered) == pytest.approx(k_db, abs=0.01)
    assert not any(tap.direct for tap in others)


def test_taps_move_as_jakes_says():
    drawn = np.array([_gains("tdl-b", 33, seed, doppler_hz=2.0)[0] for seed in range(SEEDS)])
    measured = np.mean(np.sum(drawn * drawn[:, :, :1].conj(), axis=1), axis=0)
    np.testing.assert_allclose(measured, j0(2 * np.pi * 2.0 * np.arange(33) * 1e-3), atol=0.08)
    cross = np.mean(drawn[:, 0, 0] * drawn[:, 3, 0].conj())
    assert abs(cross) < 5 * np.sqrt(taps("tdl-b")[0].scattered ** 2 * taps("tdl-b")[3].scattered ** 2 / SEEDS)


def test_delays_are_in_nanoseconds():
    _, delay_s = _gains("tdl-a", 1, 0, delay_spread_ns=300.0)
    assert delay_s.max() == longest_delay_s("tdl-a", 300.0) == pytest.approx(9.6586 * 300e-9)
    assert longest_delay_s("rayleigh", 300.0) == 0.0


@pytest.mark.reference
@pytest.mark.parametrize("name", ["tdl-a", "tdl-c", "tdl-e"])
def test_profile_and_statistics_are_those_of_sionna(name):
    torch = pytest.importorskip("torch")
    from sionna.phy.channel.tr38901 import TDL

    torch.manual_seed(1)
    speed = 5.0 * 299_792_458.0 / 2e9  # 5 Hz at 2 GHz
    reference = TDL(name[-1].upper(), 100e-9, 2e9, min_speed=speed, max_speed=speed)
    theirs, delays_s = (part.numpy() for part in reference(300, 40, 1e3))
    np.testing.assert_allclose(
        delays_s[0].reshape(-1), [tap.delay * 100e-9 for tap in taps(name)], rtol=1e-4, atol=1e-13
    )
    expected = np.array([tap.scattered**2 + tap.direct**2 for tap in taps(name)])
    profile = (np.abs(reference.mean_powers.numpy())).copy()
    if reference.los:
        profile[0] = expected[0]  # Sionna names the direct path's power apart
        power = np.abs(reference.mean_power_los.numpy())
        assert float(power) == pytest.approx(taps(name)[0].direct ** 2, rel=1e-3)
    np.testing.assert_allclose(profile, expected, rtol=1e-3)
    theirs = theirs.reshape(300, len(expected), 40)
    ours = np.array([_gains(name, 40, seed, doppler_hz=5.0)[0] for seed in range(SEEDS)])
    of_theirs, of_ours = (
        np.mean(np.sum(drawn * drawn[:, :, :1].conj(), axis=1), axis=0) for drawn in (theirs, ours)
    )
    np.testing.assert_allclose(of_ours, of_theirs, atol=0.15)
