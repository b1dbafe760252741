"""Oscillators and the SNR of a trace, as they arrive."""

from __future__ import annotations

import numpy as np
import pytest

from channel.conditions import Conditions
from channel.impairments.oscillator import phase_turns
from channel.noise import receive
from semvid.waveform import Ofdm

ONES = np.ones(20_000, np.complex64)


def test_a_frequency_offset_turns_on_from_burst_to_burst():
    conditions = Conditions(model="cfo", snr_db=60, cfo_hz=1234.5, symbol_rate_hz=1e6, pause_ms=3)
    for sequence, first in ((0, 0), (1, 20_000), (7, 500_000)):
        times_s = (first + np.arange(len(ONES))) / 1e6 + sequence * 3e-3
        received = receive(ONES, conditions, sequence, first)
        assert np.abs(received - np.exp(2j * np.pi * 1234.5 * times_s)).max() < 0.01


def test_phase_noise_has_its_power_and_its_bandwidth():
    times_s = np.arange(0, 0.02, 1e-4)
    phases = np.array(
        [
            phase_turns(
                Conditions(model="phase-noise", phase_noise_deg=5, phase_noise_hz=200, seed=s), times_s
            )
            for s in range(150)
        ]
    )
    phases *= 360
    assert np.sqrt(np.mean(phases**2)) == pytest.approx(5, rel=0.08)
    for lag in (2, 8, 20):
        measured = np.mean(phases[:, lag:] * phases[:, :-lag]) / 25
        assert measured == pytest.approx(np.exp(-2 * np.pi * 200 * lag * 1e-4), abs=0.08)


@pytest.mark.parametrize("waveform", [None, Ofdm()])
def test_the_snr_follows_the_trace(waveform):
    trace = ((0.0, 20.0), (0.010, 0.0), (0.020, 10.0))
    conditions = Conditions(model="trace", snr_db=-5, snr_trace=trace, pause_ms=10.0)
    silence = np.zeros(72 * 42, np.complex64)  # three milliseconds
    for sequence, snr_db in enumerate((20.0, 0.0, 10.0, 10.0)):
        more = () if waveform is None else (waveform,)
        power = np.mean(np.abs(receive(silence, conditions, sequence, sequence * 72, *more)) ** 2)
        assert -10 * np.log10(power) == pytest.approx(snr_db, abs=0.4)


def test_a_trace_that_begins_later_holds_from_the_start():
    conditions = Conditions(model="trace", snr_trace=((5.0, 20.0),))
    assert np.mean(np.abs(receive(0 * ONES, conditions, 0, 0)) ** 2) == pytest.approx(0.01, rel=0.1)


def test_the_parts_of_a_chain_add_up():
    """Noise apart, what arrives is the fading times the turn, whatever else the chain has."""
    common = {"snr_db": 60, "bad_loss_db": 0, "cfo_hz": 321.0, "doppler_hz": 50, "seed": 3}
    faded = receive(ONES, Conditions(model="rayleigh-jakes", **common), 2, 4000)
    turned = receive(ONES, Conditions(model="cfo", **common), 2, 4000)
    both = receive(ONES, Conditions(model="rayleigh-jakes+gilbert-elliott+cfo", **common), 2, 4000)
    assert np.abs(both - faded * turned).max() < 0.02
