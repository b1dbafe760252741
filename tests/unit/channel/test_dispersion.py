"""Intersymbol interference of a single carrier."""

from __future__ import annotations

import numpy as np
import pytest

from channel.conditions import Conditions
from channel.dispersion import ROLL_OFF, dispersed, raised_cosine
from channel.model import Path
from channel.noise import receive


def _through(symbols, delays_symbols, gains):
    power = np.abs(gains) ** 2
    paths = [
        Path(np.full(len(symbols), gain, np.complex64), delay * 1e-6, float(p))
        for gain, delay, p in zip(gains, delays_symbols, power / power.sum(), strict=True)
    ]
    real, imag = dispersed((symbols.real.astype(float), symbols.imag.astype(float)), paths, 1e6)
    return real + 1j * imag


def _qpsk(count, seed=0):
    return (np.random.default_rng(seed).choice([-1, 1], (2, count)).T @ [1, 1j] / np.sqrt(2)).astype(
        np.complex64
    )


def test_the_pulse_is_the_textbooks():
    t = np.array([0.0, 1, -3, 0.3, -0.7, 1.5, 1 / (2 * ROLL_OFF), -1 / (2 * ROLL_OFF)])
    b = ROLL_OFF
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = np.sinc(t) * np.cos(np.pi * b * t) / (1 - (2 * b * t) ** 2)
    expected[-2:] = np.pi / 4 * np.sinc(1 / (2 * b))
    np.testing.assert_allclose(raised_cosine(t), expected, atol=1e-15)


def test_paths_whole_symbols_apart_are_a_filter_with_these_taps():
    """To what the pulses have beyond the reach of eight symbols."""
    sent, gains = _qpsk(200), np.array([0.6, 0.5j, np.sqrt(1 - 0.61)])
    delays = np.array([0.0, 1.0, 3.0])
    mean = np.sum(np.abs(gains) ** 2 * delays)
    received = _through(sent, delays + 0.0, gains)
    late = np.arange(-40, 41)
    taps = sum(g * raised_cosine(late - (d - mean)) for g, d in zip(gains, delays, strict=True))
    np.testing.assert_allclose(received, np.convolve(sent, taps, "same"), atol=0.01)


def test_a_short_channel_is_a_flat_one():
    sent = _qpsk(3000)
    common = {"snr_db": 60, "doppler_hz": 0, "symbol_rate_hz": 1e4, "seed": 2}
    received = receive(sent, Conditions(model="tdl-a", **common), 0, 0)
    gain = np.mean(received * sent.conj())
    assert np.mean(np.abs(received - gain * sent) ** 2) < 1e-3 * np.abs(gain) ** 2


@pytest.mark.parametrize(("rate_hz", "low", "high"), [(1e6, 0.001, 0.03), (1e7, 0.2, 3.0)])
def test_interference_grows_with_the_symbol_rate(rate_hz, low, high):
    """Over 100 ns: a tenth of a symbol long, and a whole one. Power of what is not the one gain, over its."""
    sent, ratios = _qpsk(2000), []
    for seed in range(20):
        conditions = Conditions(model="tdl-a", snr_db=60, doppler_hz=0, symbol_rate_hz=rate_hz, seed=seed)
        received = receive(sent, conditions, 0, 0)
        gain = np.mean(received * sent.conj())
        ratios.append(np.mean(np.abs(received - gain * sent) ** 2) / np.abs(gain) ** 2)
    assert low < np.median(ratios) < high


def test_bursts_do_not_run_into_each_other():
    sent = np.zeros(100, np.complex64)
    conditions = Conditions(model="tdl-c", snr_db=60, symbol_rate_hz=1e8)
    assert np.abs(receive(sent, conditions, 1, 100)).max() < 0.01
