"""OFDM over the air against the time domain, sample by sample."""

from __future__ import annotations

import numpy as np
import pytest

from channel.conditions import Conditions
from channel.doppler import scattered
from channel.fourier import transformed
from channel.instants import Instants
from channel.models.tdl import TDL_MODELS, taps
from channel.multicarrier import frequency_response
from channel.noise import receive
from semvid.errors import InvalidInput
from semvid.waveform import Ofdm

GRID = Ofdm(0, 6)


def _qpsk(count, seed=0):
    return (np.random.default_rng(seed).choice([-1, 1], (2, count)).T @ [1, 1j] / np.sqrt(2)).astype(
        np.complex64
    )


@pytest.mark.parametrize("size", [1, 2, 16, 512])
def test_the_transform_is_fouriers(size):
    x = np.random.default_rng(0).normal(size=(2, 3, size))
    for sign, expected in ((-1, np.fft.fft(x[0] + 1j * x[1])), (1, size * np.fft.ifft(x[0] + 1j * x[1]))):
        real, imag = transformed(x[0], x[1], sign)
        np.testing.assert_allclose(real + 1j * imag, expected, atol=1e-12 * size)


def test_a_still_channel_multiplies_each_subcarrier_by_its_response():
    sent = _qpsk(72 * 5)
    conditions = Conditions(model="tdl-b", snr_db=60, doppler_hz=0, delay_spread_ns=300, seed=1)
    paths = TDL_MODELS["tdl-b"](conditions, Instants.of_ofdm(GRID, 0, 1, 0.0))
    frequency_hz = (np.arange(72) - 36) * 15e3
    response = sum(p.gain[0] * np.exp(-2j * np.pi * frequency_hz * p.delay_s) for p in paths)
    assert np.std(np.abs(response)) > 0.1, "a channel of 300 ns is not flat over 1 MHz"
    received = receive(sent, conditions, 0, 72 * 3, GRID).reshape(5, 72)
    np.testing.assert_allclose(received, response * sent.reshape(5, 72), atol=0.01)


def _in_time(sent, conditions, number, phase_hz=0.0):
    """One OFDM symbol the long way: every path at every sample, then the transform."""
    start_s = GRID.useful_from_s(number)
    times_s = start_s + np.arange(256) / 256 * GRID.useful_s
    frequency_hz = (np.arange(72) - 36) * 15e3
    signal = np.zeros(256, complex)
    for place, tap in enumerate(taps(conditions.model.split("+")[0])):
        real, imag = scattered(conditions.seed, place, conditions.doppler_hz, times_s)
        delay_s = tap.delay * conditions.delay_spread_ns * 1e-9
        late = np.exp(2j * np.pi * frequency_hz[:, None] * (times_s - start_s - delay_s)[None, :])
        signal += tap.scattered * (real + 1j * imag) * (sent @ late)
    signal *= np.exp(2j * np.pi * phase_hz * times_s)
    return np.array([np.mean(signal * np.exp(-2j * np.pi * f * (times_s - start_s))) for f in frequency_hz])


@pytest.mark.parametrize(("model", "phase_hz"), [("tdl-a", 0.0), ("tdl-a+cfo", 700.0)])
def test_a_moving_channel_and_an_offset_leak_between_subcarriers_as_they_should(model, phase_hz):
    sent = _qpsk(72 * 30).reshape(30, 72)
    conditions = Conditions(
        model=model, snr_db=60, doppler_hz=450, delay_spread_ns=200, cfo_hz=phase_hz or 100.0, seed=4
    )
    received = receive(sent.reshape(-1), conditions, 0, 0, GRID).reshape(30, 72)
    for number in (0, 8, 29):
        expected = _in_time(sent[number], conditions, number, phase_hz)
        error = np.mean(np.abs(received[number] - expected) ** 2)
        assert 10 * np.log10(error) < -40
    if phase_hz:
        still = receive(sent.reshape(-1), Conditions(model="awgn", snr_db=60), 0, 0, GRID).reshape(30, 72)
        assert np.mean(np.abs(received - still) ** 2) > 0.01


def test_response_over_frequency_has_the_correlation_of_the_profile():
    """E[H(f + d) H*(f)] is the Fourier transform of the power delay profile."""
    responses = []
    for seed in range(150):
        conditions = Conditions(model="tdl-a", delay_spread_ns=500, seed=seed)
        (real, imag), _ = frequency_response(
            TDL_MODELS["tdl-a"](conditions, Instants.of_ofdm(GRID, 0, 1, 0.0)), GRID
        )
        responses.append((real + 1j * imag)[0])
    drawn = np.array(responses)
    for apart in (10, 40):
        measured = np.mean(drawn[:, apart:] * drawn[:, :-apart].conj())
        expected = sum(
            t.scattered**2 * np.exp(-2j * np.pi * apart * 15e3 * t.delay * 500e-9) for t in taps("tdl-a")
        )
        assert measured == pytest.approx(expected, abs=0.15)


def test_parts_of_an_ofdm_symbol_are_refused():
    with pytest.raises(InvalidInput, match="whole number of OFDM symbols of 72 resource elements, got 100"):
        receive(_qpsk(100), Conditions(), 0, 0, GRID)


def test_noise_is_as_set_and_bursts_may_come_in_any_order():
    silence = np.zeros(72 * 200, np.complex64)
    conditions = Conditions(model="tdl-a+cfo", snr_db=3, seed=2)
    power = np.mean(np.abs(receive(silence, conditions, 5, 72, GRID)) ** 2)
    assert -10 * np.log10(power) == pytest.approx(3, abs=0.2)
    sent = _qpsk(72 * 20)
    whole = receive(sent, Conditions(model="tdl-a+cfo+phase-noise", snr_db=60, pause_ms=0), 0, 0, GRID)
    part = receive(
        sent[72 * 7 :], Conditions(model="tdl-a+cfo+phase-noise", snr_db=60, pause_ms=0), 0, 72 * 7, GRID
    )
    np.testing.assert_allclose(part, whole[72 * 7 :], atol=0.01)  # the noise differs, at 60 dB
