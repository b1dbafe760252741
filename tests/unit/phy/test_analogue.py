"""Symbols without bits in a burst: what comes in of them, how noisy it says it is, and what they wait for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from semvid.phy.analogue import AnalogueBlock, padded_symbols
from semvid.phy.arrays import Symbols
from semvid.phy.block import Block, BlockReceiver, TbState, TransportBlock, burst_sizes, modulate
from semvid.phy.control_word import AnalogueSection
from semvid.phy.framing import framing_of
from semvid.phy.mcs import MCS_TABLE
from semvid.waveform import SINGLE_CARRIER, Ofdm, Waveform

SIDE = TransportBlock(bytes(range(150)), MCS_TABLE[0])
WAVEFORMS = pytest.mark.parametrize("waveform", [SINGLE_CARRIER, Ofdm()], ids=["single carrier", "ofdm"])


def laplacian(count: int, seed: int = 0) -> Symbols:
    """Many small symbols and few large ones, as learned codes make them; unit mean power."""
    symbols = np.random.default_rng(seed).laplace(size=(count, 2)) @ np.array([1, 1j])
    return (symbols / np.sqrt(np.mean(np.abs(symbols) ** 2))).astype(np.complex64)


def burst(process: int = 3, rv: int = 0, side: TransportBlock = SIDE, count: int = 8000) -> Block:
    return Block(process, rv, side, AnalogueBlock(laplacian(count)), aggregation=8)


@WAVEFORMS
@pytest.mark.parametrize("snr_db", [-2.0, 10.0, 20.0])
def test_the_noise_of_the_symbols_is_what_the_receiver_says(
    waveform: Waveform, snr_db: float, awgn: Callable
) -> None:
    block, framing = burst(), framing_of(waveform)
    sent, sizes = modulate(block, framing), burst_sizes(block, framing)
    assert sizes.bulk == 8000
    assert len(sent) == sizes.total
    assert np.mean(np.abs(sent) ** 2) == pytest.approx(1.0, abs=0.02)
    reception = BlockReceiver(waveform).receive((0.2j * awgn(sent, snr_db)).astype(np.complex64))
    assert reception.control is not None
    assert reception.control.bulk == AnalogueSection(8000)
    assert (reception.protected, reception.bulk_state) == (SIDE.payload, TbState.DECODED)
    assert reception.bulk is None
    received = reception.analogue
    assert received is not None
    no = 10 ** (-snr_db / 10)
    assert np.mean(received.no) == pytest.approx(no, rel=0.2)
    assert np.mean(np.abs(received.symbols - laplacian(8000)) ** 2) == pytest.approx(no, rel=0.2)


def test_under_fading_each_symbol_has_its_own_noise(awgn: Callable) -> None:
    sent = modulate(burst())
    gain = np.where(np.arange(len(sent)) < len(sent) // 2, 1.0, 0.3)
    analogue = BlockReceiver().receive(awgn(sent * gain, 15.0)).analogue
    assert analogue is not None
    error = np.abs(analogue.symbols - laplacian(8000)) ** 2
    for faded, no in ((False, 10**-1.5), (True, 10**-1.5 / 0.09)):
        there = (analogue.no > 0.1) == faded
        assert np.mean(there) == pytest.approx(0.5, abs=0.02)
        assert np.mean(error[there]) == pytest.approx(no, rel=0.2)
        assert np.mean(analogue.no[there]) == pytest.approx(no, rel=0.2)


def test_symbols_wait_until_a_repetition_says_what_they_are(awgn: Callable) -> None:
    receiver = BlockReceiver()
    side = TransportBlock(bytes(400), MCS_TABLE[4])  # needs about 3 dB
    first = receiver.receive(awgn(modulate(burst(side=side)), 0.5))
    assert (first.protected_state, first.bulk_state) == (TbState.FAILED, TbState.DECODED)
    assert first.analogue is None
    second = receiver.receive(awgn(modulate(Block(3, 2, side, None, 8)), 0.5))
    assert second.protected == side.payload
    assert second.analogue is not None
    error = np.mean(np.abs(second.analogue.symbols - laplacian(8000)) ** 2)
    assert error == pytest.approx(10**-0.05, rel=0.2)
    again = receiver.receive(modulate(Block(3, 2, side, None, 8)))
    assert again.protected == side.payload
    assert again.analogue is None, "they are handed over once"


def test_symbols_are_never_handed_over_with_what_came_later(awgn: Callable) -> None:
    """A block of the same number, sixteen later, or the same one begun anew without its symbols."""
    receiver = BlockReceiver()
    side = TransportBlock(bytes(400), MCS_TABLE[4])
    assert receiver.receive(awgn(modulate(burst(side=side)), 0.5)).protected is None
    later = receiver.receive(modulate(Block(3, 0, SIDE, None, 8)))
    assert later.protected == SIDE.payload
    assert later.analogue is None


def test_only_symbols_that_can_be_announced_and_have_unit_power_are_sent() -> None:
    for wrong, reason in (
        (laplacian(12), "in eights"),
        (laplacian(0x10000), "in eights"),
        (2 * laplacian(16), "unit mean power"),
        (laplacian(16) * np.float32(np.nan), "unit mean power"),
        (laplacian(16).astype(np.complex128), "complex64"),
    ):
        with pytest.raises(ValueError, match=reason):
            AnalogueBlock(wrong)


@pytest.mark.parametrize(("count", "padded"), [(0, 8), (4, 8), (8, 8), (20_684, 20_688)])
def test_any_number_of_symbols_is_padded_to_eights(count: int, padded: int) -> None:
    symbols = laplacian(count) if count else np.empty(0, np.complex64)
    block = AnalogueBlock.padded(symbols)
    assert len(block.symbols) == padded == padded_symbols(count)
    assert np.array_equal(block.symbols[:count], symbols)
