"""Bursts of OFDM: places, estimates, and the way there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channel.conditions import Conditions
from channel.instants import Instants
from channel.models import MODELS
from channel.multicarrier import frequency_response
from channel.noise import receive
from semvid.phy.block import Block, BlockReceiver, TbState, TransportBlock, burst_sizes, modulate
from semvid.phy.framing import framing_of
from semvid.phy.grid import COMB, PILOT_EVERY, pilot_rows
from semvid.phy.layout import DENSE_SPACING, SPARSE_SPACING
from semvid.phy.mcs import MCS_TABLE
from semvid.phy.pilots import SOUNDING_SYMBOLS, pilot_symbols
from semvid.waveform import Ofdm

GRID = Ofdm(0, 6)
grids = st.builds(Ofdm, st.integers(0, 2), st.integers(1, 52))


@settings(deadline=None)
@given(grid=grids, data_symbols=st.integers(40, 6000))
def test_every_place_is_used_once_and_the_length_is_whole(grid: Ofdm, data_symbols: int) -> None:
    framing = framing_of(grid)
    places = framing.layout(data_symbols, DENSE_SPACING)
    used = np.concatenate([places.pilots, places.data])
    assert np.array_equal(np.sort(used), np.arange(places.total))
    assert len(places.data) == data_symbols
    assert places.total % grid.subcarriers == 0
    assert places.total == framing.total_symbols(data_symbols, SPARSE_SPACING)
    assert places.total > framing.sounding_symbols >= SOUNDING_SYMBOLS


@settings(deadline=None)
@given(grid=grids, data_symbols=st.integers(600, 6000))
def test_the_receiver_knows_where_the_control_word_is_before_it_knows_how_much_follows(
    grid: Ofdm, data_symbols: int
) -> None:
    framing = framing_of(grid)
    true = framing.layout(data_symbols, DENSE_SPACING)
    (seen,) = framing.candidates(np.zeros(true.total, np.complex128))
    np.testing.assert_array_equal(seen.data[:data_symbols], true.data)
    np.testing.assert_array_equal(seen.pilots, true.pilots[: len(seen.pilots)])
    announced = framing.announced(seen, data_symbols)
    assert announced is not None
    np.testing.assert_array_equal(announced.pilots, true.pilots)
    assert framing.announced(seen, data_symbols + 2 * grid.subcarriers) is None


@given(st.integers(1, 500))
def test_no_ofdm_symbol_is_far_from_pilots(rows: int) -> None:
    distance = np.abs(np.arange(rows)[:, None] - pilot_rows(rows)[None, :]).min(axis=1)
    assert distance.max() <= PILOT_EVERY // 2 + 1


def test_a_control_word_lies_over_the_whole_grid() -> None:
    for data_symbols in (500, 1000, 3000, 5000):
        row, column = np.divmod(framing_of(GRID).layout(data_symbols, DENSE_SPACING).data[:64], 72)
        assert len(set((column // 12).tolist())) == 6
        assert len(set((row * 6 // (row.max() + 1)).tolist())) == 6


def _block(rng: np.random.Generator, code: int = 4, size: int = 300) -> Block:
    protected = TransportBlock(rng.bytes(40), MCS_TABLE[1])
    return Block(3, 0, protected, TransportBlock(rng.bytes(size), MCS_TABLE[code]), 2)


def test_sizes_are_told_before_and_every_resource_element_is_counted(rng: np.random.Generator) -> None:
    block = _block(rng)
    sent = modulate(block, framing_of(GRID))
    sizes = burst_sizes(block, framing_of(GRID))
    assert sizes.total == len(sent) == 72 * (len(sent) // 72)
    assert np.mean(np.abs(sent) ** 2) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("waveform", [GRID, Ofdm(1, 1), Ofdm(2, 25)])
@pytest.mark.parametrize("model", ["awgn", "tdl-a", "rician+cfo+phase-noise"])
def test_a_burst_comes_back(waveform: Ofdm, model: str, rng: np.random.Generator) -> None:
    conditions = Conditions(model=model, snr_db=25, coherence_symbols=10**6, seed=11, cfo_hz=150.0)
    receiver, block = BlockReceiver(waveform), _block(rng)
    sounding = pilot_symbols(framing_of(waveform).sounding_symbols)
    heard = receiver.receive(receive(sounding, conditions, 0, 0, waveform))
    assert heard.sounding
    assert heard.control is None
    sent = modulate(block, framing_of(waveform))
    got = receiver.receive(receive(sent, conditions, 1, len(sounding), waveform))
    assert (got.protected, got.bulk) == (block.protected.payload, block.bulk.payload)  # type: ignore[union-attr]
    assert len(got.gain_power) == len(sent)
    if model == "awgn":
        assert got.power.noise / got.power.power == pytest.approx(10 ** (-got.snr_db / 10), rel=0.3)


def test_repetitions_are_combined(rng: np.random.Generator) -> None:
    """At an SNR where no single transmission can be decoded."""
    first = _block(rng, code=9, size=400)
    receiver, states = BlockReceiver(GRID), []
    for sequence, rv in enumerate((0, 2, 3, 1)):
        block = Block(first.process, rv, first.protected, first.bulk, 4)
        sent = modulate(block, framing_of(GRID))
        conditions = Conditions(model="tdl-a", snr_db=9, seed=2, doppler_hz=20, pause_ms=20)
        states.append(
            receiver.receive(receive(sent, conditions, sequence, sequence * len(sent), GRID)).bulk_state
        )
    assert states[0] is TbState.FAILED
    assert TbState.DECODED in states


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(0, 2000), seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([0.0, 1e-30, 1.0, 1e9])
)
def test_noise_is_no_burst_whatever_its_length(count: int, seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    noise = (scale * (rng.standard_normal((count, 2)) @ [1, 1j])).astype(np.complex64)
    noise[::97] = np.nan
    assert BlockReceiver(GRID).receive(noise).control is None


def _true_gain(conditions: Conditions, rows: int) -> np.ndarray:
    paths = MODELS[conditions.model](conditions, Instants.of_ofdm(GRID, 0, rows, 0.0))
    (real, imag), _ = frequency_response(paths, GRID)
    return (real + 1j * imag).reshape(-1)


@pytest.mark.parametrize(("delay_spread_ns", "doppler_hz"), [(0, 0), (100, 5), (300, 100), (450, 300)])
def test_the_estimate_errs_by_little_and_knows_by_how_much(delay_spread_ns: float, doppler_hz: float) -> None:
    """Two slots at 10 dB, from pilots alone; the mean square of the gain is 1, the noise has 0.1."""
    framing, rows = framing_of(GRID), 28
    places = framing.candidates(np.zeros(rows * 72, np.complex128))[0]
    pilots = pilot_symbols(len(places.pilots))
    errors, expected, noise = [], [], []
    for seed in range(25):
        conditions = Conditions(
            model="tdl-a", snr_db=10, seed=seed, delay_spread_ns=delay_spread_ns, doppler_hz=doppler_hz
        )
        sent = np.zeros(rows * 72, np.complex64)
        sent[places.pilots] = pilots
        received = receive(sent, conditions, 0, 0, GRID).astype(np.complex128)
        estimate = framing.estimate(received, places.pilots, pilots, np.zeros(rows * 72, np.int8))
        errors.append(np.mean(np.abs(estimate.gain - _true_gain(conditions, rows)) ** 2))
        expected.append(np.mean(estimate.gain_error))
        noise.append(estimate.no)
    assert np.mean(errors) < (0.05 if doppler_hz >= 100 else 0.01)
    assert np.mean(expected) == pytest.approx(np.mean(errors), rel=0.5)
    assert np.mean(noise) == pytest.approx(0.1, rel=0.15)


def test_pilots_take_one_in_twenty_eight() -> None:
    framing = framing_of(GRID)
    (places,) = framing.candidates(np.zeros(70 * 72, np.complex128))
    assert len(places.pilots) / places.total == pytest.approx(1 / (COMB * PILOT_EVERY))
