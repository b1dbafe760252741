"""Grids of tokens <-> bytes of which any stretch can be read alone.

Every token takes the same number of bits, so that what is lost costs its own tokens and no other: an
arithmetic code would save what tokens tell of their neighbours, and lose with a byte all that comes after it.
The order is that of ordered dithering (Bayer, "An optimum method for two-level rendition of continuous-tone
pictures", ICC 1973): any first part, and each quarter, sixteenth and so on, is spread evenly over the
picture.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semvid.errors import MalformedUnits
from semvid.tokens.model import Grid

_TURNS: Final = np.array([[0, 2], [3, 1]])  # of four neighbours; the second lies across from the first


def order_of(rows: int, columns: int) -> NDArray[np.intp]:
    """Places in a grid, row by row from 0, in the order in which their tokens travel."""
    row, column = np.indices((rows, columns))
    rank = np.zeros((rows, columns), np.int64)
    for bit in range((max(rows, columns) - 1).bit_length()):
        rank = 4 * rank + _TURNS[row >> bit & 1, column >> bit & 1]
    return np.argsort(rank, axis=None, kind="stable")


def bits_of_token(codebook: int) -> int:
    """What one token takes."""
    return (codebook - 1).bit_length()


def size_of(tokens: int, codebook: int) -> int:
    """Bytes of so many tokens."""
    return -(-tokens * bits_of_token(codebook) // 8)


def tokens_in(size: int, codebook: int, most: int) -> int:
    """Whole tokens in ``size`` bytes, at most those of the grid."""
    return min(most, 8 * size // bits_of_token(codebook))


def written(grid: Grid, codebook: int, share: float = 1.0) -> bytes:
    """The bytes of a grid.

    Args:
        grid: to be written.
        codebook: how many different tokens there are.
        share: of the tokens, the first in their order; at least one is written.
    """
    size = size_of(max(1, round(share * grid.size)), codebook)
    count, width = tokens_in(size, codebook, grid.size), bits_of_token(codebook)
    tokens = grid.ravel()[order_of(*grid.shape)[:count]]
    return np.packbits((tokens[:, None] >> np.arange(width)[::-1] & 1).astype(np.uint8)).tobytes()


def read(
    stretches: Mapping[int, bytes], size: int, rows: int, columns: int, codebook: int
) -> tuple[Grid, NDArray[np.bool_]]:
    """The tokens that lie wholly in what arrived.

    Args:
        stretches: of the bytes that `written` gave, by offset; they do not overlap.
        size: how many bytes there were.
        rows, columns: of the grid.
        codebook: how many different tokens there are.

    Returns:
        The grid, 0 where nothing is known, and where something is.

    Raises:
        MalformedUnits: more bytes than such a grid has, or a token that there is not.
    """
    if not 0 < size <= size_of(rows * columns, codebook):
        raise MalformedUnits(
            f"{size} bytes are not those of a grid of {rows}x{columns} tokens, which has "
            f"{size_of(rows * columns, codebook)}; sender and receiver need the same token model"
        )
    joined, there = bytearray(size), np.zeros(size, bool)
    for offset, data in stretches.items():
        joined[offset : offset + len(data)] = data
        there[offset : offset + len(data)] = True
    count, width = tokens_in(size, codebook, rows * columns), bits_of_token(codebook)
    shape = count, width
    bits = np.unpackbits(np.frombuffer(joined, np.uint8))[: count * width].reshape(shape).astype(np.int64)
    arrived = whole(there, count, width)
    tokens = np.where(arrived, bits @ (1 << np.arange(width)[::-1]), 0)
    if (tokens >= codebook).any():
        raise MalformedUnits(f"token {tokens.max()} of a codebook of {codebook}")
    grid, known = np.zeros(rows * columns, np.int64), np.zeros(rows * columns, bool)
    places = order_of(rows, columns)[:count]
    grid[places], known[places] = tokens, arrived
    return grid.reshape(rows, columns), known.reshape(rows, columns)


def whole(there: NDArray[np.bool_], count: int, width: int) -> NDArray[np.bool_]:
    """Which of the first ``count`` tokens, of ``width`` bits, lie wholly in the bytes that are ``there``."""
    return np.asarray(np.repeat(there, 8)[: count * width].reshape(count, width).all(axis=1))
