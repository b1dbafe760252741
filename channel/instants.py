"""When the symbols of a burst pass the channel.

Time runs with the symbols that were sent: position over symbol rate, and a pause before every burst after the
first, in which the sender waits for the report. So a burst's place in time follows from its number and its
position alone, and the order in which bursts are computed means nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from channel.phasor import Doubles, Parts
from semvid.waveform import Ofdm

NODE_SYMBOLS = 16
"""A single carrier's gains are computed at every 16th symbol from the transmission's start on, and
interpolated linearly between. `Conditions.require` keeps Doppler so low that this errs by -46 dB."""


@dataclass(frozen=True, eq=False)
class Instants:
    """A row of instants, in order.

    Attributes:
        positions: int64[n], channel uses of the transmission before each.
        times_s: float64[n], seconds since the start of the transmission.
        nodes_s: float64[m], times at which what moves slowly is computed.
        node: int64[n], the last node not after each instant.
        fraction: float64[n], 0..1, how far it is to the next node; None: every instant is a node.
    """

    positions: NDArray[np.int64]
    times_s: Doubles
    nodes_s: Doubles
    node: NDArray[np.int64]
    fraction: Doubles | None

    @classmethod
    def of_single_carrier(cls, first: int, count: int, symbol_rate_hz: float, paused_s: float) -> Instants:
        """The symbols of a burst: ``count`` from position ``first`` on, after so many seconds of pauses."""
        positions = np.arange(first, first + count, dtype=np.int64)
        first_node = first // NODE_SYMBOLS
        nodes = np.arange(first_node, (first + count) // NODE_SYMBOLS + 2, dtype=np.int64) * NODE_SYMBOLS
        return cls(
            positions,
            positions / symbol_rate_hz + paused_s,
            nodes / symbol_rate_hz + paused_s,
            positions // NODE_SYMBOLS - first_node,
            (positions % NODE_SYMBOLS) / float(NODE_SYMBOLS),
        )

    @classmethod
    def of_ofdm(cls, waveform: Ofdm, first: int, symbols: int, paused_s: float) -> Instants:
        """Start and end of the useful part of every OFDM symbol in turn, 2 * ``symbols`` instants.

        Args:
            first: position of the first resource element, a multiple of ``waveform.subcarriers``.
            symbols: OFDM symbols of the burst.
            paused_s: seconds of pauses before.
        """
        number = first // waveform.subcarriers
        starts = np.array([waveform.useful_from_s(number + k) for k in range(symbols)]) + paused_s
        times_s = np.stack([starts, starts + waveform.useful_s], axis=1).reshape(-1)
        positions = (number + np.arange(symbols, dtype=np.int64)) * waveform.subcarriers
        return cls(np.repeat(positions, 2), times_s, times_s, np.arange(2 * symbols), None)

    def interpolated(self, process: Callable[[Doubles], Parts]) -> Parts:
        """Real and imaginary part, [n], of a process that is given at the nodes' times."""
        real, imag = process(self.nodes_s)
        return self._between(real), self._between(imag)

    def _between(self, values: Doubles) -> Doubles:
        if self.fraction is None:
            return values
        step = (values[1:] - values[:-1])[self.node]
        return values[self.node] + step * self.fraction
