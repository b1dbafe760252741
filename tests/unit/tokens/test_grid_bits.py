"""Grids of tokens as bytes: whatever is lost of them costs its own tokens and no other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid import token_payload
from semvid.errors import MalformedUnits
from semvid.tokens.grid_bits import bits_of_token, order_of, read, size_of, tokens_in, written
from semvid.tokens.model import Grid

codebooks = st.one_of(st.integers(2, 40), st.sampled_from([256, 1000, 1024, 8192, 2**16]))
sides = st.integers(1, 20)


def random_grid(rows: int, columns: int, codebook: int) -> Grid:
    return np.random.default_rng(rows * columns).integers(0, codebook, (rows, columns))


@given(sides, sides, codebooks, st.data())
def test_what_lies_wholly_in_what_arrives_is_known_and_nothing_else(
    rows: int, columns: int, codebook: int, data: st.DataObject
) -> None:
    grid = random_grid(rows, columns, codebook)
    packed, width = written(grid, codebook), bits_of_token(codebook)
    assert len(packed) == size_of(grid.size, codebook)
    edges = sorted(data.draw(st.sets(st.integers(0, len(packed)), max_size=6)) | {0, len(packed)})
    cut = list(pairwise(edges))
    kept = [one for one in cut if data.draw(st.booleans())]
    found, known = read({a: packed[a:b] for a, b in kept}, len(packed), rows, columns, codebook)
    arrived = {byte for a, b in kept for byte in range(a, b)}
    for number, place in enumerate(order_of(rows, columns)):
        first, last = number * width // 8, (number * width + width - 1) // 8
        there = all(byte in arrived for byte in range(first, last + 1))
        assert known.flat[place] == there
        assert found.flat[place] == (grid.flat[place] if there else 0)


@given(sides, sides, codebooks, st.floats(0.001, 1))
def test_of_a_share_as_many_tokens_arrive_as_were_written(
    rows: int, columns: int, codebook: int, share: float
) -> None:
    grid = random_grid(rows, columns, codebook)
    packed = written(grid, codebook, share)
    found, known = read({0: packed}, len(packed), rows, columns, codebook)
    assert known.sum() == tokens_in(len(packed), codebook, grid.size) >= max(1, round(share * grid.size))
    assert (found[known] == grid[known]).all()


def test_every_packet_is_spread_over_the_picture() -> None:
    """A quarter is every second row and column; two are the black squares of a chessboard."""
    order, quarter = order_of(16, 16), 64
    rows, columns = np.divmod(order, 16)
    for number, (row, column) in enumerate([(0, 0), (1, 1), (0, 1), (1, 0)]):
        packet = slice(number * quarter, (number + 1) * quarter)
        assert set(rows[packet] % 2) == {row}
        assert set(columns[packet] % 2) == {column}
    assert set((rows + columns)[: 2 * quarter] % 2) == {0}


@given(sides, sides)
def test_the_order_names_every_place_once(rows: int, columns: int) -> None:
    assert sorted(order_of(rows, columns)) == list(range(rows * columns))


def test_a_grid_of_another_model_is_refused() -> None:
    packed = written(random_grid(4, 4, 64), 64)
    with pytest.raises(MalformedUnits, match="need the same token model"):
        read({0: packed}, len(packed), 3, 3, 64)
    with pytest.raises(MalformedUnits, match="token 63 of a codebook of 40"):
        read({0: written(np.full((4, 4), 63), 64)}, len(packed), 4, 4, 40)


def test_a_keyframe_of_the_published_size_takes_416_bytes() -> None:
    """docs/tokens.md: 256 tokens of 8192 take 13 bits each, in four packets of 104 bytes."""
    assert bits_of_token(8192) == 13
    assert [len(stretch) for stretch in token_payload.cuts(size_of(256, 8192))] == [104] * 4
