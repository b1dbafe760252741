"""Received blocks: noise power, reproducibility, what depends on what."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from scipy import stats

from channel.conditions import Conditions
from channel.models import MODELS
from channel.noise import receive
from semvid.waveform import SINGLE_CARRIER, Ofdm

GOLDEN = {
    "awgn": "c3e40f0b5ee42a3d37740d19062214cbf2ab061c70004ff51e9ab98a683f00c1",
    "gilbert-elliott": "a83524a9de2a4daf0fdbfecd428c6a83eba5fb54b5ce81bc1c010cf5da80ed63",
    "rayleigh": "4e625eac1efbadba79439c3d0ffb4aec645825dab4748c650e3b6f0dff3ec95f",
    "rayleigh-jakes": "f17b3ce93cd7d85bf259e1f567251c31d8202245b762f5a1a98f0030f7524707",
    "rician": "21de347aa1e95e94b01110f8fe30c6e0541d15cb24f3e96bd45f76cd9d353ef9",
    "rician-jakes": "5403f5d01319c6a3115c6a2b57e480010491eb5f2e83cf5604d00f3a3786c0f1",
    "tdl-a": "4b6a64a639215ea0a23ae80cc419db22d20dda0e6977dcd407c799322ef8835c",
    "tdl-a+trace": "f965f72c0a8866bc954baa113b52ed51d809bea4acf39064ab190d00e402bd84",
    "tdl-b": "72bd992107ef20831ec861016c7675c07bdf19f2e5496da3a0d3b89d31015692",
    "tdl-c": "b11d4cdf3ade65a37244a68db9c571de3490885cd7fa45315da41e8c2001b32a",
    "tdl-d": "b1895a658b7d58508cbe0e5c3c038339d049ec06be9870a1a9b0c089360e638c",
    "tdl-d+gilbert-elliott+cfo+phase-noise":
        "fea55ebacfdb6bb9d72b265355e6061cd2d340736eb2082fc88acbec0320b4bf",
    "tdl-e": "71eee47fd7677681f9f8c04333ef2d76532a64d840684823748b528015708870",
    "ofdm rayleigh": "bf9e97993030450ec6f14200613a3878eb9faedc5086c7c26195a377e0c0ea2d",
    "ofdm tdl-e+phase-noise": "0b3f87ef47f53895b01050b6560e01e9dfc911f8c25a4e91795b6e85133ca483",
}  # fmt: skip


def _qpsk(count, seed=0):
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (2, count)) / np.sqrt(2)
    return (signs[0] + 1j * signs[1]).astype(np.complex64)


CHAINS = ("gilbert-elliott", "tdl-a+trace", "tdl-d+gilbert-elliott+cfo+phase-noise")


@pytest.mark.parametrize("model", sorted({*MODELS, *CHAINS}))
def test_received_symbols_are_the_same_on_every_machine(model):
    """Remake with: python -c "from tests.unit.channel.test_noise import digest; print(digest('awgn'))"."""
    assert digest(model) == GOLDEN[model]


@pytest.mark.parametrize("model", ["rayleigh", "tdl-e+phase-noise"])
def test_received_resource_elements_are_the_same_on_every_machine(model):
    """Remake with: python -c "...; print(digest('rayleigh', Ofdm(1, 4)))"."""
    assert digest(model, Ofdm(1, 4)) == GOLDEN[f"ofdm {model}"]


def digest(model, waveform=SINGLE_CARRIER):
    """SHA-256 over received complex64, little endian, of two blocks of exactly representable symbols."""
    sha = hashlib.sha256()
    sent = ((np.arange(30_000) % 7 - 3) + 1j * (np.arange(30_000) % 5 - 2)).astype(np.complex64) / 4
    for sequence, snr_db in ((0, 10.0), (3, -7.3)):
        conditions = Conditions(
            model=model, snr_db=snr_db, coherence_symbols=77, rician_k_db=4.2, seed=2**40 + 9,
            doppler_hz=77.7, delay_spread_ns=80, snr_trace=((0.0, 3.3), (123.47, -2.1)),
        )  # fmt: skip
        received = receive(sent, conditions, sequence, 123_456_768, waveform)
        if waveform is SINGLE_CARRIER:
            received = receive(sent, conditions, sequence, 123_456_789)
        sha.update(received.astype("<c8").tobytes())
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
