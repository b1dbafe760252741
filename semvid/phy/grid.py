"""Where everything sits in a burst of OFDM.

    OFDM symbols to the right, subcarriers upwards:      P . . . . P . . .
    pilots (P) on every fourth subcarrier of every       . . . . . . . . .
    seventh OFDM symbol at most, the rest data           . . . . . . . . .
                                                         . . . . . . . . .
                                                         P . . . . P . . .

That is a demodulation reference signal of 5G NR with a sparser comb and data beside it (TS 38.211 clause
6.4.1.1). Pilots stand in the middle of equal parts of the burst, so that no OFDM symbol is further than four
from one. Data symbols are spread over time and frequency as in `semvid.phy.layout`. What is left of the last
OFDM symbol is filled with further known symbols, counted as pilots: every resource element of the burst is
sent, and counted.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from semvid.phy.arrays import Indices
from semvid.phy.channel_estimate import ChannelEstimate, Complex128
from semvid.phy.grid_estimate import estimate_grid
from semvid.phy.layout import GOLDEN_RATIO, Layout
from semvid.phy.pilots import SOUNDING_SYMBOLS
from semvid.waveform import Ofdm

COMB = 4  # subcarriers from pilot to pilot
PILOT_EVERY = 7  # OFDM symbols at most


class OfdmFraming:
    """Bursts on a resource grid, flattened OFDM symbol by OFDM symbol; see `semvid.phy.framing.Framing`."""

    def __init__(self, waveform: Ofdm) -> None:
        self._waveform = waveform
        self._width = waveform.subcarriers
        self._sounding_rows = math.ceil(SOUNDING_SYMBOLS / self._width)

    @property
    def sounding_symbols(self) -> int:
        """As many whole OFDM symbols as hold the sounding of a single carrier."""
        return self._sounding_rows * self._width

    preamble_symbols = 0

    @property
    def fixed_symbols(self) -> int:
        """Half an OFDM symbol, which is what is left of the last one on average."""
        return self._width // 2

    def total_symbols(self, data_symbols: int, pilot_spacing: int) -> int:  # noqa: ARG002
        """See `semvid.phy.framing.Framing`; OFDM has pilots of one density."""
        return self._rows(data_symbols) * self._width

    def layout(self, data_symbols: int, pilot_spacing: int) -> Layout:  # noqa: ARG002
        """See `semvid.phy.framing.Framing`."""
        return self._filled(self._rows(data_symbols), data_symbols)

    def candidates(self, received: Complex128) -> list[Layout]:
        """See `semvid.phy.framing.Framing`; everything but the pilots may be data."""
        rows, rest = divmod(len(received), self._width)
        return [] if rest or rows <= self._sounding_rows else [_places(rows, self._width)]

    def announced(self, candidate: Layout, data_symbols: int) -> Layout | None:
        """See `semvid.phy.framing.Framing`."""
        rows = candidate.total // self._width
        return self._filled(rows, data_symbols) if self._rows(data_symbols) == rows else None

    def estimate(
        self,
        received: Complex128,
        positions: Indices,
        values: NDArray[np.complex64],
        qm: NDArray[np.int8],  # noqa: ARG002
    ) -> ChannelEstimate:
        """See `semvid.phy.grid_estimate`."""
        rows = pilot_rows(len(received) // self._width)
        return estimate_grid(received, positions, values, self._waveform, rows)

    def _rows(self, data_symbols: int) -> int:
        """OFDM symbols of the burst that carries ``data_symbols``."""
        rows = max(self._sounding_rows + 1, math.ceil(data_symbols / self._width))
        while rows * self._width - pilot_rows(rows).size * (self._width // COMB) < data_symbols:
            rows += 1
        return rows

    def _filled(self, rows: int, data_symbols: int) -> Layout:
        places = _places(rows, self._width)
        pilots = np.concatenate([places.pilots, np.sort(places.data[data_symbols:])])
        return Layout(places.total, pilots, places.data[:data_symbols])


def pilot_rows(rows: int) -> NDArray[np.int64]:
    """Numbers of the OFDM symbols with pilots in a burst of so many."""
    parts = math.ceil(rows / PILOT_EVERY)
    return ((np.arange(parts) + 0.5) * rows / parts).astype(np.int64)


@lru_cache(maxsize=64)
def _places(rows: int, width: int) -> Layout:
    """A burst of data and pilots alone."""
    is_pilot = np.zeros((rows, width), np.bool_)
    is_pilot[pilot_rows(rows), ::COMB] = True
    free = np.flatnonzero(~is_pilot)
    order = np.argsort(np.argsort(np.arange(len(free)) * GOLDEN_RATIO % 1.0))
    pilots = np.flatnonzero(is_pilot).astype(np.int32)
    return Layout(rows * width, pilots, free[order].astype(np.int32))
