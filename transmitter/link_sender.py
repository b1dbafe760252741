"""Blocks over one open call, repeated where they do not arrive, and the account of it."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from semvid.errors import LinkFailed
from semvid.link.harq import BlockPayload, Delivery, HarqSender, LinkRecord
from semvid.options import TransmissionOptions
from transmitter.link_call import LinkCall


@dataclass(frozen=True, slots=True)
class Received:
    """What the receiver says at the end.

    Attributes:
        complete: it got all that it needs.
        return_bytes: of the reports that it sent.
        realised_snr_db: Es/N0 of all bursts; None: it does not say.
    """

    complete: bool
    return_bytes: int
    realised_snr_db: float | None


class LinkSender:
    """Puts hybrid ARQ and the call together.

    Args:
        call: entered; nobody else sends by it.
        options: of the transmission.

    Attributes:
        harq: decides what leaves next, and counts.
    """

    def __init__(self, call: LinkCall, options: TransmissionOptions) -> None:
        self.harq = HarqSender(options.mcs, options.retransmissions, call.waveform)
        self._call = call

    async def sound(self) -> None:
        """Known symbols, from which the receiver measures the SNR."""
        self.harq.report(await self._call.exchange(self.harq.sound()))

    async def ship(self, blocks: Sequence[BlockPayload], most_symbols: float = math.inf) -> Delivery:
        """Blocks onto the link until they arrived or are given up, for at most so many symbols."""
        self.harq.ship(blocks, most_symbols)
        while (burst := await asyncio.to_thread(self.harq.next_burst)) is not None:
            self.harq.report(await self._call.exchange(burst))
        return self.harq.delivery

    async def finish(self) -> Received:
        """Closes the transmission.

        Raises:
            LinkFailed: the link broke off, or the receiver counted another number of symbols than we did.
        """
        summary = await self._call.finish()
        sent = self.harq.record.ledger.total_symbols
        if summary.symbols != sent:
            raise LinkFailed(f"the receiver counted {summary.symbols} symbols, the ledger {sent}")
        # a receiver of an earlier version says nothing of the SNR
        snr_db = summary.realised_snr_db if summary.HasField("realised_snr_db") else None
        return Received(summary.complete, summary.return_bytes, snr_db)


def account(link: LinkRecord) -> dict[str, Any]:
    """What the link cost and carried so far, JSON-ready."""
    return {
        "symbols": {c.value: n for c, n in link.ledger.symbols.items()},
        "bits": {c.value: n for c, n in link.ledger.bits.items()},
        "total_symbols": link.ledger.total_symbols,
        "mcs": {c.value: dict(names) for c, names in link.mcs.items()},
        "bursts_sent": link.bursts_sent,
        "blocks_sent": link.blocks_sent,
        "blocks_lost": link.blocks_lost,
        "blocks_withheld": link.blocks_withheld,
        "retransmissions": link.retransmissions,
        "snr_db": link.snr_db,
    }
