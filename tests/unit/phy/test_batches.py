"""The physical layer for arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid import phy
from semvid.phy import transport_block

QPSK, QAM16 = phy.MCS_TABLE[4], phy.MCS_TABLE[9]


def noise(shape, no, rng):
    return (rng.normal(0, np.sqrt(no / 2), (*shape, 2)) @ [1, 1j]).astype(np.complex64)


@pytest.mark.parametrize("rv", range(4))
def test_rows_are_transport_blocks(rv, rng):
    payloads = rng.integers(0, 256, (3, 40), np.uint8)
    coded = phy.encode(payloads, QAM16, rv)
    assert coded.shape == (3, phy.symbols_for(40, QAM16) * QAM16.qm)
    for row, payload in zip(coded, payloads, strict=True):
        np.testing.assert_array_equal(row, transport_block.encode(payload.tobytes(), QAM16, rv))


@settings(max_examples=20, deadline=None)
@given(
    batch=st.integers(1, 3),
    size=st.integers(1, 200),
    mcs=st.sampled_from(list(phy.MCS_TABLE.values())),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_sent_without_noise_comes_back(batch, size, mcs, seed):
    payloads = np.random.default_rng(seed).integers(0, 256, (batch, size), np.uint8)
    symbols = phy.modulate(phy.encode(payloads, mcs), mcs.qm)
    decoded = phy.decode(phy.demap(symbols, 1e-3, mcs.qm), size, mcs)
    assert decoded.acknowledged.all()
    assert decoded.bler == 0.0
    np.testing.assert_array_equal(decoded.payloads, payloads)


def test_symbols_have_unit_power_and_keep_the_batch(rng):
    bits = rng.integers(0, 2, (2, 3, 8 * 500), np.uint8)
    symbols = phy.modulate(bits, 8)
    assert symbols.shape == (2, 3, 500)
    assert np.mean(np.abs(symbols) ** 2) == pytest.approx(1.0, rel=0.05)
    np.testing.assert_array_equal(phy.demap(symbols, 0.01, 8) < 0, bits == 1)


def test_noise_may_differ_from_row_to_row(rng):
    symbols = phy.modulate(rng.integers(0, 2, (2, 40), np.uint8), 2)
    llrs = phy.demap(symbols, np.array([[0.1], [0.2]]), 2)
    np.testing.assert_allclose(llrs[0], phy.demap(symbols[0], 0.1, 2))
    np.testing.assert_allclose(llrs[1], phy.demap(symbols[1], 0.2, 2))


def test_a_second_redundancy_version_decodes_what_the_first_could_not(rng):
    payloads, no = rng.integers(0, 256, (10, 128), np.uint8), 10 ** (-6 / 10)  # 2 dB below its threshold
    buffers, blers = phy.SoftBuffers(*payloads.shape, QAM16), []
    for rv in phy.REDUNDANCY_VERSIONS[:2]:
        sent = phy.modulate(phy.encode(payloads, QAM16, rv), QAM16.qm)
        buffers.combine(phy.demap(sent + noise(sent.shape, no, rng), no, QAM16.qm), rv)
        blers.append(buffers.decode().bler)
    assert blers == [1.0, 0.0]
    np.testing.assert_array_equal(buffers.decode().payloads, payloads)


def test_what_was_not_decoded_is_zero_and_says_so(rng):
    llrs = rng.normal(0, 1, (2, phy.symbols_for(50, QPSK) * QPSK.qm)).astype(np.float32)
    decoded = phy.decode(llrs, 50, QPSK)
    assert not decoded.acknowledged.any()
    assert not decoded.payloads.any()
    assert decoded.bler == 1.0


def test_the_channel_is_estimated_from_pilots(rng):
    pilots = phy.pilot_symbols(64)
    positions = np.arange(0, 1024, 16, dtype=np.int32)
    sent = phy.modulate(rng.integers(0, 2, (2, 2048), np.uint8), 2)
    sent[:, positions] = pilots
    gain = np.array([[0.8 + 0.3j], [-0.2 - 1.1j]])
    received = (gain * sent + noise(sent.shape, 0.01, rng)).astype(np.complex64)
    estimates = phy.estimate(received, positions, pilots, qm=2)
    np.testing.assert_allclose(estimates.gain, np.broadcast_to(gain, sent.shape), atol=0.02)
    np.testing.assert_allclose(estimates.no, 0.01, rtol=0.4)
    equalised, no = estimates.equalise(received)
    assert np.mean(np.abs(equalised - sent) ** 2) == pytest.approx(np.mean(no), rel=0.3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: phy.encode(np.zeros((2, 8), np.int64), QPSK), r"uint8\[batch, bytes\], got int64"),
        (lambda: phy.encode(np.zeros(8, np.uint8), QPSK), r"uint8\[batch, bytes\]"),
        (lambda: phy.encode(np.zeros((1, 8192), np.uint8), QPSK), r"1..8191 bytes, got 8192"),
        (lambda: phy.encode(np.zeros((1, 8), np.uint8), QPSK, rv=4), r"0..3, got 4"),
        (lambda: phy.modulate(np.zeros(7, np.uint8), 2), "7 bits do not fill"),
        (lambda: phy.modulate(np.zeros(6, np.uint8), 3), r"\(2, 4, 6, 8\), got 3"),
        (lambda: phy.decode(np.zeros((1, 7), np.float32), 8, QPSK), "coded bits"),
        (lambda: phy.SoftBuffers(1, 0, QPSK), "got 0"),
        (
            lambda: phy.estimate(np.ones((1, 9), np.complex64), np.array([0]), np.ones(1, np.complex64)),
            "at least 2 pilots",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
