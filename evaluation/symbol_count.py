"""Counts channel uses as the transmitter would spend them, without sending anything."""

from collections.abc import Iterable

from semvid.link.blocks import BlockPayload, BlockReport, Delivery
from semvid.link.harq import HarqSender
from semvid.phy.block import TbState


class SymbolCount:
    """A link of constant SNR over which every block arrives at once.

    Attributes:
        harq: the sender.
        record: what it cost so far, the sounding included.
    """

    def __init__(self, snr_db: float) -> None:
        self.harq = HarqSender()
        self._arrived = BlockReport(True, TbState.DECODED, TbState.DECODED, snr_db, snr_db)
        self.harq.sound()
        self.harq.report(self._arrived)
        self.record = self.harq.record

    @property
    def symbols(self) -> int:
        """All channel uses."""
        return self.record.ledger.total_symbols

    @property
    def bulk_limit_bytes(self) -> int:
        """Largest bulk payload at the present modulation and coding."""
        return self.harq.adapter.bulk_limit_bytes()

    def ship(self, blocks: Iterable[BlockPayload]) -> Delivery:
        """Counts blocks; all of it arrives."""
        self.harq.ship(blocks)
        while self.harq.next_block() is not None:
            self.harq.report(self._arrived)
        return self.harq.delivery
