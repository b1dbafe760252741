from __future__ import annotations

import numpy as np
import pytest

from semvid.phy.arrays import Symbols
from semvid.phy.block import Block, BlockReceiver, TransportBlock, modulate
from semvid.phy.mcs import MCS_TABLE
from semvid.phy.pilots import sounding
from semvid.phy.realised_snr import BurstPower, RealisedSnr

BURSTS = 40


def _bursts(rng: np.random.Generator) -> list[Symbols]:
    """A sounding, and bursts of different lengths and schemes."""
    bursts = [sounding()]
    for number in range(BURSTS):
        small = TransportBlock(rng.bytes(20), MCS_TABLE[2])
        large = TransportBlock(rng.bytes(int(rng.integers(50, 900))), MCS_TABLE[int(rng.integers(2, 12))])
        bursts.append(modulate(Block(number % 16, 0, small, large, 2)))
    return bursts


def _dbs(ratio: float) -> float:
    return 10 * float(np.log10(ratio))


@pytest.mark.parametrize("coherence", [None, 256, 32], ids=["awgn", "fading", "fast fading"])
@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
def test_it_is_the_ratio_of_the_powers_that_there_were(snr_db: float, coherence: int | None) -> None:
    rng = np.random.default_rng(11)
    receiver, realised = BlockReceiver(), RealisedSnr()
    signal, noise, symbols = 0.0, 0.0, 0
    for burst in _bursts(rng):
        n = len(burst)
        gain = np.ones(n, np.complex128)
        if coherence is not None:
            taps = rng.normal(size=n // coherence + 1) + 1j * rng.normal(size=n // coherence + 1)
            gain = np.repeat(taps / np.sqrt(2), coherence)[:n]
        air = (rng.normal(size=n) + 1j * rng.normal(size=n)) * np.sqrt(10 ** (-snr_db / 10) / 2)
        realised.add(receiver.receive((3 * (gain * burst + air)).astype(np.complex64)).power)
        signal, noise, symbols = (
            signal + float(np.sum(np.abs(gain) ** 2)),
            noise + float(np.sum(np.abs(air) ** 2)),
            symbols + n,
        )
    assert realised.snr_db == pytest.approx(_dbs(signal / noise), abs=0.1 if coherence is None else 0.25)
    assert 56 < realised.known <= realised.symbols == symbols


def test_powers_are_averaged_and_not_decibels() -> None:
    """Half of the symbols in a fade of 30 dB cost 3 dB; the mean of the decibels would be 15 dB lower."""
    realised = RealisedSnr()
    realised.add(BurstPower(100, 100, power=1.1, noise=0.1))
    realised.add(BurstPower(100, 100, power=0.101, noise=0.1))
    assert realised.snr_db == pytest.approx(10 - 3.0, abs=0.02)
    assert realised.known == 200


def test_a_fade_counts_with_all_its_symbols_however_few_are_known() -> None:
    realised = RealisedSnr()
    realised.add(BurstPower(500, 500, power=1.1, noise=0.1))
    realised.add(BurstPower(500, 16, power=0.1, noise=0.1))
    assert realised.snr_db == pytest.approx(10 - 3.0, abs=0.02)


def test_nothing_known_is_no_number_and_noise_alone_the_lowest() -> None:
    realised = RealisedSnr()
    assert realised.snr_db is None
    realised.add(BlockReceiver().receive(np.zeros(100, np.complex64)).power)
    assert realised.snr_db is None
    realised.add(BurstPower(56, 56, power=0.99, noise=1.0))
    assert realised.snr_db == -30.0


def test_of_a_burst_that_cannot_be_read_the_preamble_counts() -> None:
    rng = np.random.default_rng(5)
    noise = (rng.normal(size=400) + 1j * rng.normal(size=400)).astype(np.complex64)
    power = BlockReceiver().receive(noise).power
    assert power.symbols == 400
    assert power.known == 15  # pairs of neighbours
    assert power.power == pytest.approx(2.0, rel=0.2)
    assert power.noise == pytest.approx(2.0, rel=0.8)
