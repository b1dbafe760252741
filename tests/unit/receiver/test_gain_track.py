from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver.gain_track import NO_GAINS, ROWS, GainTrack
from semvid.waveform import SINGLE_CARRIER, Ofdm


def _power(values: list[float]) -> np.ndarray:
    return np.array(values, np.float32)


def test_a_row_is_the_mean_of_its_symbols_in_decibels() -> None:
    track = GainTrack(SINGLE_CARRIER)
    assert track.to_json() == NO_GAINS
    track.add(96, _power([4.0] * 64 + [0.25] * 32))
    track.add(64, _power([]))
    track.add(32, _power([1.0] * 32))
    assert track.to_json() == {"symbols": 64, "bands": 1, "gain_db": [[6.02], [-6.02], [0.0]]}


def test_ofdm_has_a_band_for_every_resource_block() -> None:
    track = GainTrack(Ofdm(0, 2))
    track.add(48, _power(([10.0] * 12 + [0.1] * 12) * 2))
    assert track.to_json() == {"symbols": 24, "bands": 2, "gain_db": [[10.0, -10.0]] * 2}


def test_what_nobody_could_estimate_is_null() -> None:
    track = GainTrack(SINGLE_CARRIER)
    track.add(64, _power([]))
    track.add(64, _power([1.0] * 64))
    assert track.to_json()["gain_db"] == [[None], [0.0]]


@settings(max_examples=30, deadline=None)
@given(bursts=st.lists(st.integers(1, 1500), min_size=1, max_size=25), grid=st.booleans())
def test_a_long_transmission_takes_no_more_rows_and_loses_no_energy(bursts: list[int], grid: bool) -> None:
    waveform = Ofdm(0, 3) if grid else SINGLE_CARRIER
    track, width = GainTrack(waveform), 36 if grid else 1
    for symbols in bursts:
        track.add(symbols * width, np.full(symbols * width, 2.0, np.float32))
    told = track.to_json()
    total = sum(bursts) * width
    assert len(told["gain_db"]) == -(-total // told["symbols"]) <= ROWS
    assert all(value == pytest.approx(3.01) for row in told["gain_db"] for value in row)
