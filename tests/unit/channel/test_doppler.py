"""Moving fading against Clarke's closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import j0

from channel.conditions import Conditions
from channel.doppler import SINUSOIDS, direct, scattered
from channel.instants import Instants
from channel.models import MODELS

SEEDS = 1000


def _process(seed, doppler_hz, times_s, path=0):
    real, imag = scattered(seed, path, doppler_hz, np.asarray(times_s, float))
    return real + 1j * imag


def test_the_autocorrelation_is_that_of_clarke_and_jakes():
    lags_s = np.linspace(0, 0.02, 21)
    drawn = np.array([_process(seed, 100.0, 7.0 + lags_s) for seed in range(SEEDS)])
    measured = np.mean(drawn * drawn[:, :1].conj(), axis=0)
    np.testing.assert_allclose(measured, j0(2 * np.pi * 100.0 * lags_s), atol=5 / np.sqrt(SEEDS))


def test_the_doppler_spectrum_ends_at_the_largest_shift():
    times_s = np.arange(20_000) / 1000.0
    spectrum = np.mean(
        [np.abs(np.fft.fft(_process(s, 100.0, times_s) * np.hanning(20_000))) ** 2 for s in range(10)], axis=0
    )
    frequency = np.abs(np.fft.fftfreq(20_000, 1e-3))
    assert spectrum[frequency > 101].sum() < 1e-3 * spectrum.sum()
    # Clarke's U shape: P(|f| < x f_d) = 2 / pi arcsin(x)
    for x in (0.3, 0.7, 0.95):
        share = spectrum[frequency < 100 * x].sum() / spectrum.sum()
        assert share == pytest.approx(2 / np.pi * np.arcsin(x), abs=0.06)


def test_the_amplitude_is_rayleigh_distributed_and_the_phase_uniform():
    drawn = np.array([_process(seed, 50.0, [0.3])[0] for seed in range(SEEDS)])
    assert stats.kstest(np.abs(drawn), stats.rayleigh(scale=np.sqrt(0.5)).cdf).pvalue > 1e-3
    assert stats.kstest((np.angle(drawn) + np.pi) / (2 * np.pi), "uniform").pvalue > 1e-3
    assert np.mean(np.abs(drawn) ** 4) == pytest.approx(2 - 1 / SINUSOIDS, abs=0.4)


def test_every_seed_has_unit_power_over_time():
    times_s = np.arange(0, 50, 4e-3)
    for seed in range(3):
        assert np.mean(np.abs(_process(seed, 100.0, times_s)) ** 2) == pytest.approx(1, abs=0.04)


def test_paths_and_seeds_are_independent():
    drawn = np.array([[_process(s, 30.0, [0.1], path)[0] for path in (0, 1)] for s in range(SEEDS)])
    assert abs(np.mean(drawn[:, 0] * drawn[:, 1].conj())) < 5 / np.sqrt(SEEDS)
    assert abs(np.mean(drawn[1:, 0] * drawn[:-1, 0].conj())) < 5 / np.sqrt(SEEDS)


def test_without_doppler_nothing_moves():
    assert len(set(_process(3, 0.0, [0.0, 1.0, 1e4]).tolist())) == 1


def test_the_direct_path_is_one_wave_of_its_shift():
    real, imag = direct(5, 0, 35.0, np.arange(1000) / 1000.0)
    spectrum = np.abs(np.fft.fft(real + 1j * imag))
    assert (int(spectrum.argmax()), spectrum.max()) == (35, pytest.approx(1000))


@pytest.mark.parametrize("k_db", [-10.0, 3.0, 13.3])
def test_the_k_factor_is_that_of_the_conditions(k_db):
    """Moment estimate: E|h|^2 = 1 and E|h|^4 = 2 - (K / (K + 1))^2."""
    fourth = []
    for seed in range(300):
        instants = Instants.of_single_carrier(0, 20, 1e3, paused_s=0.0)
        conditions = Conditions(model="rician-jakes", rician_k_db=k_db, doppler_hz=400, seed=seed)
        fourth.append(np.mean(np.abs(MODELS["rician-jakes"](conditions, instants)[0].gain[:1]) ** 4))
    k = 10 ** (k_db / 10)
    assert np.mean(fourth) == pytest.approx(2 - (k / (k + 1)) ** 2, abs=5 * np.std(fourth) / np.sqrt(300))


def test_interpolation_between_nodes_is_true_to_46_db():
    """At the fastest that `Conditions.require` lets pass."""
    conditions = Conditions(model="rayleigh-jakes", symbol_rate_hz=1e6, doppler_hz=2000, seed=4)
    instants = Instants.of_single_carrier(12_345, 40_000, 1e6, paused_s=0.5)
    exact = _process(4, 2000.0, instants.times_s)
    error = MODELS["rayleigh-jakes"](conditions, instants)[0].gain - exact
    assert 10 * np.log10(np.mean(np.abs(error) ** 2)) < -46


def test_time_goes_on_from_burst_to_burst_and_stands_for_the_pauses():
    conditions = Conditions(model="rayleigh-jakes", doppler_hz=100)
    parts = [
        MODELS["rayleigh-jakes"](conditions, Instants.of_single_carrier(first, 500, 1e6, paused_s))[0].gain
        for first, paused_s in ((0, 0.0), (500, 0.0), (1000, 0.004))
    ]
    assert abs(parts[1][0] - parts[0][-1]) < 0.01 < abs(parts[2][0] - parts[1][-1])
