"""Bursts are found and followed as well as theory allows."""

from __future__ import annotations

import numpy as np
import pytest

from semvid.phy.radio.acquisition import MAX_OFFSET, found, likeness, threshold
from semvid.phy.radio.frame import framed, preamble_symbols
from semvid.phy.radio.pulse import REACH, ROLL_OFF, shaped
from semvid.phy.radio.search import Search
from semvid.phy.radio.tracking import followed
from semvid.waveform import RadioFrame
from tests.radio_air import qpsk, snr_db, through

FRAME, SPS = RadioFrame(), 2
N = FRAME.preamble


def burst(count, number, rng):
    symbols = qpsk(count, rng)
    return symbols, shaped(framed(symbols, FRAME, number), SPS)


def noise_at(es_no_db):
    return SPS * 10 ** (-es_no_db / 10)


@pytest.mark.parametrize("es_no_db", [0.0, 12.0])
def test_time_and_carrier_err_by_no_more_than_the_bounds_of_cramer_and_rao_and_a_third(es_no_db):
    late, off = [], []
    for trial in range(30):
        rng = np.random.default_rng(trial)
        _, sent = burst(16, trial, rng)
        delay, offset = 50 + rng.uniform(), rng.uniform(-0.9, 0.9) * MAX_OFFSET
        received = through(sent, rng, noise_at(es_no_db), delay, offset / SPS)
        where = found(received, preamble_symbols(FRAME, trial), SPS)
        late.append((where.time - delay - REACH * SPS) / SPS)
        off.append(where.offset - offset)
    snr = 10 ** (es_no_db / 10)
    bandwidth = np.pi**2 / 3 * (1 + 3 * ROLL_OFF**2 * (1 - 8 / np.pi**2))
    least_time, least_off = (
        np.sqrt(1 / (2 * N * snr * bandwidth)),
        np.sqrt(6 / (snr * N * (N**2 - 1))) / 2 / np.pi,
    )
    # 30 draws know a root mean square to 13 %
    assert 0.7 * least_time < np.sqrt(np.mean(np.square(late))) < 1.3 * least_time
    assert 0.7 * least_off < np.sqrt(np.mean(np.square(off))) < 1.3 * least_off


def test_noise_alone_is_as_like_a_preamble_as_the_beta_distribution_says():
    rng = np.random.default_rng(0)
    noise = (7.5 * (rng.normal(size=(40_000, 2)) @ [1, 1j])).astype(np.complex128)
    rho, _ = likeness(noise, preamble_symbols(FRAME, 0), 1)
    bins = int(2 * MAX_OFFSET * 2 * N) + 1
    for eta in (0.04, 0.055):
        alarms, one_bin = np.mean(rho > eta), (1 - eta) ** (N - 1)
        assert one_bin < alarms < bins * one_bin  # offsets next to each other see nearly the same
    assert rho.max() < threshold(N)
    assert found(noise[:5000].astype(np.complex64), preamble_symbols(FRAME, 0), SPS) is None


def test_a_preamble_is_found_at_0_db_and_another_burst_is_not_taken_for_it():
    for trial in range(16):
        rng = np.random.default_rng(trial)
        _, sent = burst(56, trial, rng)
        received = through(sent, rng, noise_at(0.0), 500.5, 0.01 / SPS)
        assert found(received, preamble_symbols(FRAME, trial), SPS) is not None
        assert found(received, preamble_symbols(FRAME, trial + 1), SPS) is None
    assert found(np.zeros(4000, np.complex64), preamble_symbols(FRAME, 0), SPS) is None
    assert found(np.zeros(10, np.complex64), preamble_symbols(FRAME, 0), SPS) is None


@pytest.mark.parametrize(
    ("count", "es_no_db", "clock_ppm", "loss_db"),
    [(56, 10, 0, 1.5), (2000, 15, 0, 0.3), (6000, 0, 20, 0.3), (12_000, 25, -60, 0.2), (6000, -3, 10, 0.4)],
)
def test_a_burst_is_followed_to_its_end_without_loss(count, es_no_db, clock_ppm, loss_db):
    for trial in range(2):
        rng = np.random.default_rng(trial)
        symbols, sent = burst(count, trial, rng)
        offset = rng.uniform(-0.9, 0.9) * MAX_OFFSET
        received = through(sent, rng, noise_at(es_no_db), 250 + rng.uniform(), offset / SPS, clock_ppm)
        where = found(received, preamble_symbols(FRAME, trial), SPS)
        came = followed(received, where, FRAME, count, trial, SPS)
        assert snr_db(symbols, came.symbols) == pytest.approx(es_no_db, abs=loss_db)
        assert len(came.known) == FRAME.known(count)
        assert not came.wanders
        if count > 5000:
            assert came.offset == pytest.approx(offset, abs=5e-6)
            assert came.clock_ppm == pytest.approx(clock_ppm, abs=5 if es_no_db > 5 else 20)


def test_a_phase_that_wanders_is_followed_and_said():
    rng = np.random.default_rng(3)
    symbols, sent = burst(8000, 0, rng)
    received = through(sent, rng, noise_at(20), 250.25, 0.004, phase_step=0.003)
    where = found(received, preamble_symbols(FRAME, 0), SPS)
    came = followed(received, where, FRAME, 8000, 0, SPS)
    assert came.wanders
    # 0.003 rad a sample walk 0.14 rad between references, of which a bridge leaves 0.055 rms: 25 dB
    assert snr_db(symbols, came.symbols) > 17


@pytest.mark.parametrize("pieces", [[1], [7, 1000], [4096], [100_000]])
def test_a_search_finds_the_same_however_samples_are_cut(pieces):
    rng = np.random.default_rng(5)
    symbols, sent = burst(700, 2, rng)
    _, other = burst(300, 1, rng)
    sent = np.concatenate([other, np.zeros(3001, np.complex64), sent, np.zeros(600, np.complex64)])
    received = through(sent, rng, noise_at(12), 40.5, 0.003)
    received[17] = np.nan
    search = Search(FRAME, 700, 2, SPS)
    start, came, turn = 0, None, 0
    while came is None and start < len(received):
        size = pieces[turn % len(pieces)]
        came = search.take(received[start : start + size])
        start, turn = start + size, turn + 1
    assert snr_db(symbols, came.symbols) == pytest.approx(12, abs=0.5)
    assert search.found.time == pytest.approx(40.5 + len(other) + 3001 + REACH * SPS, abs=0.3)


def test_a_search_in_noise_holds_no_more_than_it_needs():
    rng = np.random.default_rng(6)
    search = Search(FRAME, 50_000, 0, SPS)
    for _ in range(20):
        assert search.take((rng.normal(size=(3000, 2)) @ [1, 1j]).astype(np.complex64)) is None
        assert len(search._held) < 6000
    assert search.found is None
