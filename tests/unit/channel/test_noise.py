"""Received blocks: noise power, reproducibility, what depends on what."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from scipy import stats

from channel.conditions import Conditions
from channel.models import MODELS
from channel.noise import receive

GOLDEN = {
    "awgn": "c3e40f0b5ee42a3d37740d19062214cbf2ab061c70004ff51e9ab98a683f00c1",
    "rayleigh": "4e625eac1efbadba79439c3d0ffb4aec645825dab4748c650e3b6f0dff3ec95f",
    "rician": "21de347aa1e95e94b01110f8fe30c6e0541d15cb24f3e96bd45f76cd9d353ef9",
}


def _qpsk(count, seed=0):
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (2, count)) / np.sqrt(2)
    return (signs[0] + 1j * signs[1]).astype(np.complex64)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_received_symbols_are_the_same_on_every_machine(model):
    """Remake with: python -c "from tests.unit.channel.test_noise import digest; print(digest('awgn'))"."""
    assert digest(model) == GOLDEN[model]


def digest(model):
    """SHA-256 over received complex64, little endian, of two blocks of exactly representable symbols."""
    sha = hashlib.sha256()
    sent = ((np.arange(30_000) % 7 - 3) + 1j * (np.arange(30_000) % 5 - 2)).astype(np.complex64) / 4
    for sequence, snr_db in ((0, 10.0), (3, -7.3)):
        conditions = Conditions(
            model=model, snr_db=snr_db, coherence_symbols=77, rician_k_db=4.2, seed=2**40 + 9
        )
        sha.update(receive(sent, conditions, sequence, 123_456_789).astype("<c8").tobytes())
    return sha.hexdigest()


@pytest.mark.parametrize("snr_db", [-30, -5, 0, 10, 60])
def test_noise_is_complex_gaussian_of_the_set_power(snr_db):
    sent = _qpsk(65_536)
    noise = (receive(sent, Conditions(snr_db=snr_db), 0, 0).astype(np.complex128) - sent) * 10 ** (
        snr_db / 20
    )
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(1, abs=5 / np.sqrt(65_536))
    for part in (noise.real, noise.imag):
        assert stats.kstest(part, stats.norm(scale=np.sqrt(0.5)).cdf).pvalue > 1e-3
    assert abs(np.mean(noise * sent.conj())) < 5 / np.sqrt(65_536), "noise must not know what was sent"


@pytest.mark.parametrize("model", ["rayleigh", "rician"])
def test_snr_is_the_mean_over_the_fading(model):
    silence, sent = np.zeros(60_000, np.complex64), _qpsk(60_000)
    conditions = Conditions(model=model, snr_db=5, coherence_symbols=1)
    noise = receive(silence, conditions, 0, 0).astype(np.complex128)
    signal = receive(sent, conditions, 0, 0) - noise
    ratio = np.mean(np.abs(signal) ** 2) / np.mean(np.abs(noise) ** 2)
    assert 10 * np.log10(ratio) == pytest.approx(5, abs=0.13)  # five standard errors of the fading power


def test_each_block_has_its_own_noise_and_the_same_one_every_time():
    sent, conditions = _qpsk(1000), Conditions(snr_db=0, seed=8)
    blocks = [receive(sent, conditions, sequence, 0) for sequence in (0, 1, 2, 1, 0)]
    np.testing.assert_array_equal(blocks[0], blocks[4])
    np.testing.assert_array_equal(blocks[1], blocks[3])
    for one, other in ((0, 1), (0, 2), (1, 2)):
        noise = (blocks[one] - sent) * (blocks[other] - sent).conj()
        assert abs(np.mean(noise)) < 5 / np.sqrt(1000)
    assert (receive(sent, Conditions(snr_db=0, seed=9), 0, 0) != blocks[0]).all()


def test_noise_scales_with_snr_but_is_the_same_draw():
    silence = np.zeros(1000, np.complex64)
    quiet, loud = (receive(silence, Conditions(snr_db=snr), 4, 0) for snr in (20, 0))
    np.testing.assert_allclose(loud, 10 * quiet, rtol=1e-6)


def test_the_largest_symbols_stay_finite():
    loudest = np.full(100, 2**20 * (1 + 1j), np.complex64)
    for model in MODELS:
        assert np.isfinite(
            receive(loudest, Conditions(model=model, snr_db=-30, coherence_symbols=1), 0, 0)
        ).all()
