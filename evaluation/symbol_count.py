"""Counts channel uses as the sender would spend them, without sending anything."""

from __future__ import annotations

from collections.abc import Sequence

from semvid import bitstream
from semvid.images.keyframe_codec import EncodedPicture
from semvid.phy.adaptation import LinkAdapter
from semvid.phy.block import TransportBlock, block_symbols
from semvid.phy.pilots import sounding
from semvid.semantics import StreamEnd, StreamHeader, Unit
from transmitter.keyframes.selection import Selected
from transmitter.sender import keyframe_parts


class SymbolCount:
    """Symbols of one transmission over a channel of constant SNR where every block arrives at once.

    Attributes:
        symbols: counted so far, the sounding included.
    """

    def __init__(self, snr_db: float) -> None:
        self.symbols = len(sounding())
        self._adapter = LinkAdapter("auto", 2)
        self._adapter.observe(snr_db, snr_db)
        self._opening: list[Unit] = []
        self._end: StreamEnd | None = None

    def opening(self, header: StreamHeader, frames: int, keyframes: int) -> None:
        """What goes with the first and with the last keyframe."""
        self._opening = [header]
        self._end = StreamEnd(frames, keyframes)

    def keyframe(self, number: int, selected: Selected, coded: EncodedPicture, units: Sequence[Unit]) -> None:
        """One keyframe and the units that travel beside it."""
        limit = self._adapter.bulk_limit_bytes() - 32
        parts = keyframe_parts(
            number, selected.frame.index, coded.packet, selected.shot_start, coded.refresh, limit
        )
        beside = [*self._opening, *units]
        if self._end is not None and number == self._end.keyframes - 1:
            beside.append(self._end)
        for part in parts:
            payload = bitstream.pack([part])
            bulk = TransportBlock(payload, self._adapter.choose_bulk(len(payload)))
            self.symbols += block_symbols(self._protected(beside), bulk, self._adapter.aggregation())
            beside = []
        self._opening = []

    def side(self, units: Sequence[Unit]) -> None:
        """Units that travel without a keyframe's picture."""
        protected = self._protected([*self._opening, *units])
        self.symbols += block_symbols(protected, None, self._adapter.aggregation())
        self._opening = []

    def stream(self, packets: Sequence[bytes]) -> None:
        """A rival's elementary stream, in bulk blocks as large as they may be."""
        left = sum(map(len, packets))
        limit = self._adapter.bulk_limit_bytes()
        while left > 0:
            size = min(left, limit)
            bulk = TransportBlock(bytes(size), self._adapter.choose_bulk(size))
            self.symbols += block_symbols(None, bulk, self._adapter.aggregation())
            left -= size

    def _protected(self, units: Sequence[Unit]) -> TransportBlock | None:
        if not units:
            return None
        payload = bitstream.pack(units)
        header = any(isinstance(unit, (StreamHeader, StreamEnd)) for unit in units)
        choose = self._adapter.choose_header if header else self._adapter.choose_protected
        return TransportBlock(payload, choose(len(payload)))
