from collections.abc import Callable

import numpy as np
import pytest

from semvid.phy.channel_estimate import ChannelEstimate, estimate_channel
from semvid.phy.layout import layout
from semvid.phy.pilots import pilot_symbols
from semvid.phy.qam import map_bits


def estimate_burst(gains: np.ndarray, snr_db: float, qm: int, rng, awgn: Callable) -> ChannelEstimate:
    """Sends random data of one modulation through the gains; the receiver knows pilots and modulation."""
    places = layout(len(gains))
    symbols = np.empty(places.total, np.complex64)
    symbols[places.pilots] = pilot_symbols(len(places.pilots))
    bits = rng.integers(0, 2, qm * len(places.data)).astype(np.uint8)
    symbols[places.data] = map_bits(bits, qm)
    stretched = gains[np.minimum(np.arange(places.total), len(gains) - 1)]
    received = awgn(stretched * symbols, snr_db).astype(np.complex128)
    orders = np.zeros(places.total, np.int8)
    orders[places.data] = qm
    return estimate_channel(received, places.pilots, pilot_symbols(len(places.pilots)), orders)


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 5.0, 10.0, 20.0])
def test_snr_of_awgn_is_unbiased(snr_db: float, rng: np.random.Generator, awgn: Callable) -> None:
    gain = np.full(1000, np.exp(2j))
    measured = [estimate_burst(gain, snr_db, 4, rng, awgn).snr_db for _ in range(200)]
    assert np.mean(measured) == pytest.approx(snr_db, abs=0.3)


def test_constant_gain_is_one_stretch(rng: np.random.Generator, awgn: Callable) -> None:
    stretches = [estimate_burst(np.ones(1500, complex), 3.0, 2, rng, awgn).stretches for _ in range(100)]
    assert np.mean(np.array(stretches) > 1) < 0.1


@pytest.mark.parametrize(("coherence", "largest_error"), [(64, 0.12), (256, 0.04), (1024, 0.01)])
def test_gain_error_under_block_fading(
    coherence: int, largest_error: float, rng: np.random.Generator, awgn: Callable, rayleigh: Callable
) -> None:
    """Mean squared error of the gain at 15 dB; the gain itself has unit power."""
    errors = []
    for _ in range(30):
        gains = rayleigh(2000, coherence)
        channel = estimate_burst(gains, 15.0, 4, rng, awgn)
        truth = gains[np.minimum(np.arange(len(channel.gain)), len(gains) - 1)]
        errors.append(np.mean(np.abs(channel.gain - truth) ** 2))
    assert np.mean(errors) < largest_error


def test_a_border_between_pilots_is_found(rng: np.random.Generator, awgn: Callable) -> None:
    misplaced = []
    for _ in range(50):
        border = int(rng.integers(200, 800))
        gains = np.where(np.arange(1000) < border, 1.0, -0.7j)
        channel = estimate_burst(gains, 12.0, 4, rng, awgn)
        found = int(np.argmax(np.abs(channel.gain - channel.gain[0]) > 0.5))
        misplaced.append(abs(found - border))
    assert np.median(misplaced) <= 2


def test_effective_snr_is_that_of_equal_capacity() -> None:
    gain = np.repeat([1.0, 0.1], 50).astype(complex)
    channel = ChannelEstimate(gain, np.zeros(100), 0.01, 2, 100)
    capacity = (np.log2(1 + 100) + np.log2(1 + 1)) / 2
    everything = np.arange(100, dtype=np.int32)
    assert channel.effective_snr_db(everything) == pytest.approx(10 * np.log10(2**capacity - 1))
    assert channel.effective_snr_db(everything) < channel.snr_db
