"""How a burst is put together for a waveform: lengths, places, and how its channel is estimated."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from semvid.phy.arrays import Indices
from semvid.phy.channel_estimate import ChannelEstimate, Complex128, estimate_channel
from semvid.phy.grid import OfdmFraming
from semvid.phy.layout import (
    PILOT_SPACINGS,
    PREAMBLE_SYMBOLS,
    Layout,
    data_symbols_in,
    layout,
    total_symbols,
)
from semvid.phy.pilots import SOUNDING_SYMBOLS, pilot_symbols
from semvid.waveform import SINGLE_CARRIER, Ofdm, SingleCarrier, Waveform


class Framing(Protocol):
    """What sender and receiver must agree on for one waveform."""

    @property
    def sounding_symbols(self) -> int:
        """Length of a burst of pilots only; no burst with data is that short."""

    @property
    def preamble_symbols(self) -> int:
        """Known symbols at the beginning of every burst."""

    @property
    def fixed_symbols(self) -> int:
        """Of a burst beside what it carries, whatever it carries, on average."""

    def total_symbols(self, data_symbols: int, pilot_spacing: int) -> int:
        """Channel uses of the burst that carries ``data_symbols`` data symbols."""

    def layout(self, data_symbols: int, pilot_spacing: int) -> Layout:
        """Where everything sits in it; the pilots' values are `semvid.phy.pilots.pilot_symbols`, in order."""

    def candidates(self, received: Complex128) -> list[Layout]:
        """Layouts that a burst of this length may have, the likeliest first.

        In each the first data symbols, those of the control word, sit where they do in the true layout.
        """

    def announced(self, candidate: Layout, data_symbols: int) -> Layout | None:
        """The true layout, once the control word has told how many data symbols; None: it cannot be true."""

    def estimate(
        self, received: Complex128, positions: Indices, values: NDArray[np.complex64], qm: NDArray[np.int8]
    ) -> ChannelEstimate:
        """Gain and noise of a burst, or of its beginning.

        Args:
            received: complex128[n], finite, not all zero.
            positions: int32[k], ascending positions of known symbols, at least 2.
            values: complex64[k], the known symbols, unit modulus.
            qm: int8[n], bits per symbol of the unknown symbols; 0 where known or of unknown modulation.
        """


class SingleCarrierFraming:
    """A preamble, then data with scattered pilots; see `semvid.phy.layout`.

    Args:
        waveform: says what a radio puts around it, which counts.
    """

    sounding_symbols = SOUNDING_SYMBOLS
    preamble_symbols = PREAMBLE_SYMBOLS

    def __init__(self, waveform: SingleCarrier = SINGLE_CARRIER) -> None:
        self._waveform = waveform
        self.fixed_symbols = waveform.on_air(PREAMBLE_SYMBOLS)

    def total_symbols(self, data_symbols: int, pilot_spacing: int) -> int:
        """See `Framing`."""
        return self._waveform.on_air(total_symbols(data_symbols, pilot_spacing))

    def layout(self, data_symbols: int, pilot_spacing: int) -> Layout:
        """See `Framing`."""
        return layout(data_symbols, pilot_spacing)

    def candidates(self, received: Complex128) -> list[Layout]:
        """See `Framing`; first the one whose pilots agree more with their neighbours."""

        def agreement(places: Layout) -> float:
            gains = received[places.pilots] * pilot_symbols(len(places.pilots)).conj()
            gains = gains[PREAMBLE_SYMBOLS - 1 :]  # the others are the same in every layout
            products = gains[1:] * gains[:-1].conj()
            return float(np.sum(products.real) / max(float(np.sum(np.abs(products))), 1e-12))

        data_symbols = {spacing: data_symbols_in(len(received), spacing) for spacing in PILOT_SPACINGS}
        possible = [layout(count, spacing) for spacing, count in data_symbols.items() if count is not None]
        return sorted(possible, key=agreement, reverse=True)

    def announced(self, candidate: Layout, data_symbols: int) -> Layout | None:
        """See `Framing`; the length says it all."""
        return candidate if data_symbols == len(candidate.data) else None

    def estimate(
        self, received: Complex128, positions: Indices, values: NDArray[np.complex64], qm: NDArray[np.int8]
    ) -> ChannelEstimate:
        """See `Framing`."""
        return estimate_channel(received, positions, values, qm)


SINGLE_CARRIER_FRAMING: Final = SingleCarrierFraming()


def framing_of(waveform: Waveform) -> Framing:
    """The framing of a waveform."""
    if isinstance(waveform, Ofdm):
        return OfdmFraming(waveform)
    return SingleCarrierFraming(waveform)
