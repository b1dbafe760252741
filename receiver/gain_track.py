"""The channel's gain over a whole transmission, in memory that does not grow with it."""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semvid.waveform import SUBCARRIERS_PER_BLOCK, Ofdm, Waveform

ROWS = 256  # at most; from then on two and two become one
_FINEST_SYMBOLS = 64  # channel uses of a row at the beginning, of a single carrier

NO_GAINS: dict[str, Any] = {"symbols": _FINEST_SYMBOLS, "bands": 1, "gain_db": []}


class GainTrack:
    """Mean power gain of every band over equal stretches of the transmission. Thread-safe.

    Args:
        waveform: of the bursts; OFDM has a band for every resource block, a single carrier one in all.
    """

    def __init__(self, waveform: Waveform) -> None:
        self._bands = waveform.resource_blocks if isinstance(waveform, Ofdm) else 1
        self._symbols = waveform.subcarriers if isinstance(waveform, Ofdm) else _FINEST_SYMBOLS
        self._width = SUBCARRIERS_PER_BLOCK if isinstance(waveform, Ofdm) else 1
        self._energy = np.zeros((ROWS, self._bands))
        self._count = np.zeros((ROWS, self._bands))
        self._received = 0
        self._lock = threading.Lock()

    def add(self, symbols: int, gain_power: NDArray[np.float32]) -> None:
        """Takes one burst into account.

        Args:
            symbols: of the burst.
            gain_power: float32[symbols] of each; empty where nothing is known of it.
        """
        with self._lock:
            while (self._received + symbols - 1) // self._symbols >= ROWS:
                self._halve()
            if len(gain_power):
                place = np.arange(self._received, self._received + symbols)
                cell = place // self._symbols, (place // self._width) % self._bands
                np.add.at(self._energy, cell, gain_power)
                np.add.at(self._count, cell, 1)
            self._received += symbols

    def to_json(self) -> dict[str, Any]:
        """See ``GainsResource`` of `receiver.resources`."""
        with self._lock:
            rows = -(-self._received // self._symbols)
            energy, count = self._energy[:rows].copy(), self._count[:rows].copy()
        with np.errstate(divide="ignore", invalid="ignore"):
            gain_db = np.round(10 * np.log10(energy / count), 2)
        listed = [[float(value) if np.isfinite(value) else None for value in row] for row in gain_db]
        return {"symbols": self._symbols, "bands": self._bands, "gain_db": listed}

    def _halve(self) -> None:
        for table in (self._energy, self._count):
            table[: ROWS // 2] = table[::2] + table[1::2]
            table[ROWS // 2 :] = 0
        self._symbols *= 2
