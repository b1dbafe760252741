"""Known symbols around a burst."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.errors import InvalidInput
from semvid.phy.radio.frame import NUMBERS, framed, places, preamble_symbols, reference_symbols
from semvid.waveform import RadioFrame, SingleCarrier
from tests.radio_air import qpsk


@settings(max_examples=40)
@given(
    st.integers(1, 5000), st.sampled_from([RadioFrame(), RadioFrame(64, 8, 64), RadioFrame(1024, 256, 777)])
)
def test_a_burst_is_whole_inside_its_frame_and_every_symbol_has_one_place(count, frame):
    where = places(frame, count)
    assert where.total == count + frame.known(count) == SingleCarrier(frame).on_air(count)
    references = (where.references[:, None] + np.arange(frame.reference)).reshape(-1)
    everything = np.concatenate([np.arange(frame.preamble), where.data, references])
    assert np.array_equal(np.sort(everything), np.arange(where.total))
    assert np.all(np.diff(where.data) > 0)
    gaps = np.diff(where.references) - frame.reference
    assert gaps.size == 0 or gaps.max() <= frame.stretch
    assert where.references[0] - frame.preamble <= frame.stretch // 4
    assert where.references[-1] + frame.reference == where.total


def test_symbols_are_where_places_says():
    frame, symbols = RadioFrame(), qpsk(3000, np.random.default_rng(0))
    on_air, where = framed(symbols, frame, 5), places(frame, 3000)
    assert np.array_equal(on_air[where.data], symbols)
    assert np.array_equal(on_air[:128], preamble_symbols(frame, 5))
    for start in where.references:
        assert np.array_equal(on_air[start : start + 32], reference_symbols(frame))
    assert np.allclose(np.abs(on_air), 1, atol=1e-6)


def test_preambles_of_bursts_near_each_other_are_not_alike():
    frame = RadioFrame()
    every = np.array([preamble_symbols(frame, number) for number in range(NUMBERS)])
    alike = np.abs(every.conj() @ every.T) / frame.preamble
    np.fill_diagonal(alike, 0)
    assert alike.max() ** 2 < 0.12  # of the likeness that is looked for 0.18
    assert np.array_equal(preamble_symbols(frame, NUMBERS + 3), every[3])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"preamble": 48}, r"preamble must lie in 64\.\.1024, got 48"),
        ({"preamble": 100}, "multiple of 16, got 100"),
        ({"reference": 0}, r"reference must lie in 8\.\.256, got 0"),
        ({"stretch": 20_000}, r"stretch must lie in 64\.\.16384, got 20000"),
    ],
)
def test_what_is_out_of_range_is_refused(wrong, said):
    with pytest.raises(InvalidInput, match=said):
        RadioFrame(**wrong)
