"""Root raised cosine pulses."""

from __future__ import annotations

import numpy as np
import pytest

from semvid.phy.radio.pulse import REACH, ROLL_OFF, filtered, matched, root_raised_cosine, shaped
from tests.radio_air import qpsk, snr_db


@pytest.mark.parametrize("sps", [2, 3, 4])
def test_symbols_come_back_through_the_matched_filter(sps):
    symbols = qpsk(2000, np.random.default_rng(1))
    samples = shaped(symbols, sps)
    assert samples.dtype == np.complex64
    assert len(samples) == (2000 + 2 * REACH) * sps
    assert np.mean(np.abs(samples[REACH * sps : -REACH * sps]) ** 2) == pytest.approx(1, abs=0.01)
    times = (np.arange(2000) + REACH) * float(sps)
    assert snr_db(symbols, matched(samples, times, sps).astype(np.complex64)) > 60
    assert np.allclose(filtered(samples, sps)[times.astype(int)], matched(samples, times, sps), atol=1e-6)


def test_the_pulse_has_unit_energy_no_neighbours_and_keeps_to_its_band():
    t = np.arange(-REACH * 64, REACH * 64 + 1) / 64
    pulse = root_raised_cosine(t)
    assert np.sum(pulse**2) / 64 == pytest.approx(1, abs=1e-4)
    correlation = np.correlate(pulse, pulse, "full")[len(pulse) - 1 :: 64] / 64
    assert np.max(np.abs(correlation[1 : REACH + 1])) < 1e-3
    power = np.abs(np.fft.rfft(pulse, 2**16)) ** 2
    frequency = np.fft.rfftfreq(2**16, 1 / 64)
    beyond = frequency > (1 + ROLL_OFF) / 2 + 0.05
    assert power[beyond].max() / power.max() < 1e-4
    half = power[np.argmin(np.abs(frequency - 0.5))] / power[0]
    assert half == pytest.approx(0.5, abs=0.01)  # the two together are a raised cosine


def test_where_its_formula_is_0_over_0_the_pulse_is_smooth():
    for t in (0.0, 1 / (4 * ROLL_OFF), -1 / (4 * ROLL_OFF)):
        near = root_raised_cosine(np.array([t - 1e-4, t, t + 1e-4]))
        assert near[1] == pytest.approx((near[0] + near[2]) / 2, abs=1e-6)


def test_between_samples_and_outside_them():
    symbols = qpsk(64, np.random.default_rng(2))
    samples = shaped(symbols, 2)
    fine = shaped(symbols, 16)
    times = np.arange(REACH * 2, (REACH + 60) * 2, 0.125)
    smooth = matched(samples, times, 2)
    finer = matched(fine, times * 8, 16)
    assert np.max(np.abs(smooth - finer)) < 3e-3
    assert not matched(samples, np.array([-1e6, 1e6]), 2).any()
    assert not matched(np.empty(0, np.complex64), np.array([0.0]), 2).any()
    assert filtered(np.empty(0, np.complex64), 2).size == 0


@pytest.mark.parametrize("sps", [0, 1, 17])
def test_a_rate_that_will_not_do_is_refused(sps):
    with pytest.raises(ValueError, match=rf"2\.\.16, got {sps}"):
        shaped(qpsk(4, np.random.default_rng(0)), sps)
