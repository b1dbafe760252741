"""The rate map <-> bytes: adaptive arithmetic coding, each level from those to the left and above.

Integers only (Witten, Neal and Cleary, "Arithmetic coding for data compression", 1987), so both ends agree
bit by bit wherever they run. A map of 48x32 patches takes about 300 bytes.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from semvid.errors import MalformedUnits
from semvid.images.jscc.levels import LEVELS

_BITS: Final = 32
_TOP, _HALF, _QUARTER = (1 << _BITS) - 1, 1 << (_BITS - 1), 1 << (_BITS - 2)
_LIMIT: Final = 1024  # of a context's counts; they are halved there
_STEP: Final = 20  # that a count grows by
# First counts by twice the distance from the mean of both neighbours: where those agree, where they are one
# level apart, and where they are further.
_FIRST: Final = (
    (160, 90, 45, 24, 10, 6, 4, 3, 2, 1, 1, 1, 1, 1, 1),
    (100, 100, 42, 24, 10, 6, 4, 3, 2, 1, 1, 1, 1, 1, 1),
    (60, 50, 40, 26, 18, 12, 8, 5, 3, 2, 1, 1, 1, 1, 1),
)


class _Model:
    """Counts of levels by context."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, int], list[int]] = {}

    def counts(self, left: int, above: int) -> list[int]:
        context = left + above, min(2, abs(left - above))
        if context not in self._counts:
            first = _FIRST[context[1]]
            self._counts[context] = [first[abs(2 * level - context[0])] for level in range(len(LEVELS))]
        return self._counts[context]

    @staticmethod
    def saw(counts: list[int], level: int) -> None:
        counts[level] += _STEP
        if sum(counts) > _LIMIT:
            counts[:] = [(count + 1) // 2 for count in counts]


class _Writer:
    def __init__(self) -> None:
        self._low, self._high, self._waiting = 0, _TOP, 0
        self._bits: list[int] = []

    def put(self, counts: list[int], level: int) -> None:
        self._low, self._high = _narrowed(self._low, self._high, counts, level)
        while True:
            if self._high < _HALF or self._low >= _HALF:
                self._emit(int(self._low >= _HALF))
            elif self._low >= _QUARTER and self._high < 3 * _QUARTER:
                self._waiting += 1
                self._low, self._high = self._low - _QUARTER, self._high - _QUARTER
            else:
                return
            self._low, self._high = (2 * self._low) & _TOP, (2 * self._high + 1) & _TOP

    def finish(self) -> bytes:
        """As few bytes as say it; a reader goes on with zeros."""
        self._waiting += 1
        self._emit(int(self._low >= _QUARTER))
        while self._bits and not self._bits[-1]:
            self._bits.pop()
        return np.packbits(np.array(self._bits, np.uint8)).tobytes()

    def _emit(self, bit: int) -> None:
        self._bits += [bit, *[1 - bit] * self._waiting]
        self._waiting = 0


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._bits = np.unpackbits(np.frombuffer(data, np.uint8)).tolist()
        self._place = 0
        self._low, self._high, self._value = 0, _TOP, 0
        for _ in range(_BITS):
            self._value = 2 * self._value + self._next()

    def get(self, counts: list[int]) -> int:
        total = sum(counts)
        place = ((self._value - self._low + 1) * total - 1) // (self._high - self._low + 1)
        level = 0
        while place >= counts[level]:
            place -= counts[level]
            level += 1
        self._low, self._high = _narrowed(self._low, self._high, counts, level)
        while True:
            if self._high < _HALF or self._low >= _HALF:
                pass
            elif self._low >= _QUARTER and self._high < 3 * _QUARTER:
                self._low, self._high = self._low - _QUARTER, self._high - _QUARTER
                self._value -= _QUARTER
            else:
                return level
            self._low, self._high = (2 * self._low) & _TOP, (2 * self._high + 1) & _TOP
            self._value = (2 * self._value + self._next()) & _TOP

    def _next(self) -> int:
        bit = self._bits[self._place] if self._place < len(self._bits) else 0
        self._place += 1
        return int(bit)


def pack_map(levels: NDArray[np.uint8]) -> bytes:
    """A map, uint8 [rows, columns] of indices of `LEVELS`, as bytes; perhaps none at all."""
    writer, model = _Writer(), _Model()
    rows = levels.tolist()
    for y, row in enumerate(rows):
        for x, level in enumerate(row):
            counts = model.counts(*_neighbours(rows, y, x))
            writer.put(counts, level)
            model.saw(counts, level)
    return writer.finish()


def unpack_map(data: bytes, rows: int, columns: int) -> NDArray[np.uint8]:
    """The inverse of `pack_map`, uint8 [rows, columns].

    Raises:
        MalformedUnits: bytes that `pack_map` does not make.
    """
    reader, model = _Reader(data), _Model()
    found = [[0] * columns for _ in range(rows)]
    for y in range(rows):
        for x in range(columns):
            counts = model.counts(*_neighbours(found, y, x))
            found[y][x] = reader.get(counts)
            model.saw(counts, found[y][x])
    levels = np.array(found, np.uint8)
    if pack_map(levels) != data:
        raise MalformedUnits(f"jscc: {len(data)} bytes are no rate map of {columns}x{rows} patches")
    return levels


def _neighbours(rows: list[list[int]], y: int, x: int) -> tuple[int, int]:
    """Levels to the left and above; at a border the other one, in the first corner the middle one."""
    left = rows[y][x - 1] if x else None
    above = rows[y - 1][x] if y else None
    if left is None and above is None:
        return len(LEVELS) // 2, len(LEVELS) // 2
    return (left if left is not None else above or 0), (above if above is not None else left or 0)


def _narrowed(low: int, high: int, counts: list[int], level: int) -> tuple[int, int]:
    span, total, below = high - low + 1, sum(counts), sum(counts[:level])
    return low + span * below // total, low + span * (below + counts[level]) // total - 1
