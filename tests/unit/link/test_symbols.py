"""Symbols as bytes: round trip, and every refusal."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semvid.errors import InvalidInput, LimitExceeded
from semvid.link.symbols import MAX_AMPLITUDE, MAX_BLOCK_SYMBOLS, pack_symbols, unpack_symbols

_PARTS = st.floats(-MAX_AMPLITUDE, MAX_AMPLITUDE, width=32)


def test_the_layout_is_real_then_imaginary_little_endian():
    assert pack_symbols(np.array([1 - 2j, 0.5j], np.complex64)) == struct.pack("<4f", 1, -2, 0, 0.5)


@given(arrays(np.float32, st.integers(1, 100).map(lambda n: 2 * n), elements=_PARTS))
def test_round_trip_keeps_every_bit(parts):
    symbols = parts.view(np.complex64)
    data = pack_symbols(symbols)
    assert len(data) == 8 * symbols.size
    assert unpack_symbols(data).tobytes() == symbols.tobytes()


@given(st.binary(max_size=200))
def test_any_bytes_are_symbols_or_refused(data):
    try:
        symbols = unpack_symbols(data)
    except InvalidInput:
        return
    assert symbols.dtype == np.complex64
    assert pack_symbols(symbols) == data
    assert np.isfinite(symbols).all()


@pytest.mark.parametrize("length", [0, 1, 7, 9, 8 * 65_536 + 4])
def test_lengths_that_are_no_block(length):
    with pytest.raises(InvalidInput):
        unpack_symbols(bytes(length))


def test_the_limit_and_one_past_it():
    assert unpack_symbols(bytes(8 * MAX_BLOCK_SYMBOLS)).size == MAX_BLOCK_SYMBOLS
    with pytest.raises(LimitExceeded, match="65537 symbols, the limit is 65536"):
        unpack_symbols(bytes(8 * (MAX_BLOCK_SYMBOLS + 1)))
    with pytest.raises(LimitExceeded):
        pack_symbols(np.ones(MAX_BLOCK_SYMBOLS + 1, np.complex64))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, np.float32(MAX_AMPLITUDE * 1.001)])
@pytest.mark.parametrize("part", [0, 1])
def test_impossible_values_are_refused_with_their_place(bad, part):
    parts = np.zeros(20, np.float32)
    parts[6 + part] = bad
    with pytest.raises(InvalidInput, match="symbol 3 has a part of"):
        unpack_symbols(parts.astype("<f4").tobytes())
    with pytest.raises(InvalidInput, match="symbol 3 has a part of"):
        pack_symbols(parts.view(np.complex64))


@pytest.mark.parametrize(
    "symbols", [np.ones(3), np.ones(3, np.complex128), np.ones((2, 2), np.complex64), np.complex64(1)]
)
def test_only_complex64_vectors_can_be_packed(symbols):
    with pytest.raises(InvalidInput, match="complex64 vector"):
        pack_symbols(np.asarray(symbols))


def test_a_strided_view_packs_its_own_values():
    symbols = np.arange(10).astype(np.complex64)[::2]
    assert unpack_symbols(pack_symbols(symbols)).tolist() == [0, 2, 4, 6, 8]
