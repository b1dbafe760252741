"""Blocks over one open call, repeated where they do not arrive, and the account of it."""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from semvid.errors import LinkFailed
from semvid.link.blocks import BlockPayload, Delivery
from semvid.link.harq import HarqSender
from semvid.link.record import LinkRecord
from semvid.options import TransmissionOptions
from semvid.service.tracing import NO_SPAN, Span
from transmitter.link_call import LinkCall

POLLS: Final = 3
"""How often a report that cannot be read is asked for again, before it counts as not acknowledged."""


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
        self.harq = HarqSender(options.mcs, options.retransmissions, call.waveform, call.window)
        self._call = call

    async def sound(self) -> None:
        """Known symbols, from which the receiver measures the SNR."""
        await self._call.send(self.harq.sound())
        if not await self._take_report():
            raise LinkFailed(
                f"none of {1 + POLLS} reports could be read before anything was sent, so nothing is known of "
                "the link; raise the SNR of the return link (return_snr_db), or leave it out: reports are "
                "messages then"
            )

    async def ship(
        self, blocks: Sequence[BlockPayload], most_symbols: float = math.inf, span: Span = NO_SPAN
    ) -> Delivery:
        """Blocks onto the link until they arrived or are given up, for at most so many symbols.

        Args:
            blocks: in the order in which they leave.
            most_symbols: that all of them may take, repetitions included.
            span: that each burst is a part of.
        """
        self.harq.ship(blocks, most_symbols)
        bursts: deque[Span] = deque()
        while True:
            burst = await asyncio.to_thread(self.harq.next_burst)
            if burst is not None:
                bursts.append(span.child("burst", symbols=burst.size))
                await self._call.send(burst)
            elif not self.harq.under_way:
                return self.harq.delivery
            else:
                with bursts.popleft() as part:
                    if not await self._take_report(part):
                        self.harq.unread()

    async def _take_report(self, span: Span = NO_SPAN) -> bool:
        """Takes the report on the oldest burst under way; whether it could be read.

        Asks again where it cannot, but not where others are under way: an answer would be about the newest.

        Args:
            span: of that burst.
        """
        record = self.harq.record
        for asked in range(1 if self.harq.under_way > 1 else 1 + POLLS):
            if asked:
                await self._call.send(self.harq.poll())
            report = await self._call.report()
            record.return_symbols = self._call.return_symbols
            if report is not None:
                span.note(snr_db=round(report.snr_db, 2), bulk=report.bulk.name)
                self.harq.report(report)
                return True
            record.reports_unread += 1
        return False

    async def finish(self) -> Received:
        """Closes the transmission.

        Raises:
            LinkFailed: the link broke off, or the receiver counted another number of symbols than we did.
        """
        summary = await self._call.finish()
        sent = self.harq.record.ledger.total_symbols
        if summary.symbols != sent:
            raise LinkFailed(f"the receiver counted {summary.symbols} symbols, the ledger {sent}")
        if summary.return_symbols != self._call.return_symbols:
            raise LinkFailed(
                f"the receiver sent {summary.return_symbols} symbols of reports, "
                f"{self._call.return_symbols} came"
            )
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
        "return_link": {
            "symbols": link.return_symbols,
            "reports_unread": link.reports_unread,
            "polls": link.polls,
        },
    }
