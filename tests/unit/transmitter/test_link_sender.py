"""What a sender does where reports cannot be read: it asks again, then it repeats, and it never believes."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import pytest

from semvid.accounting import SymbolClass
from semvid.errors import LinkFailed
from semvid.link.blocks import BlockPayload, BlockReport, Payload
from semvid.options import TransmissionOptions
from semvid.phy.arrays import Symbols
from semvid.phy.block import BlockReceiver
from semvid.phy.pilots import SOUNDING_SYMBOLS
from semvid.waveform import SingleCarrier
from semvid.wire.v1 import link_pb2 as pb
from transmitter.link_sender import POLLS, LinkSender, account


class Call:
    """A receiver behind a return link that loses the reports whose numbers are in ``unread``."""

    waveform = SingleCarrier()

    def __init__(self, unread: set[int], window: int = 1) -> None:
        self.window, self.return_symbols, self.sent = window, 0, 0
        self._unread, self._receiver = unread, BlockReceiver(window=window)
        self._reports: deque[BlockReport | None] = deque()
        self._latest: BlockReport | None = None

    async def send(self, symbols: Symbols) -> None:
        reception = self._receiver.receive(symbols)
        report = BlockReport.of(reception)
        if reception.sounding and self._latest is not None:
            report = self._latest
        elif not reception.sounding:
            self._latest = report
        self._reports.append(None if len(self._reports) + self.return_symbols in self._unread else report)
        self.sent += len(symbols)

    async def report(self) -> BlockReport | None:
        self.return_symbols += 1
        return self._reports.popleft()

    async def finish(self) -> pb.TransmitSummary:
        return pb.TransmitSummary(symbols=self.sent, return_symbols=self.return_symbols, complete=True)


def sent_over(call: Any, count: int = 1) -> LinkSender:
    async def scene() -> LinkSender:
        sender = LinkSender(call, TransmissionOptions())
        await sender.sound()
        payloads = [
            BlockPayload(
                bulk=Payload(bytes([n]) * 200, {SymbolClass.KEYFRAME: 1600}),
                stretch=range((n + 1) * 200, (n + 2) * 200),
            )
            for n in range(count)
        ]
        assert (await sender.ship(payloads)).lost == ()
        assert (await sender.finish()).complete
        return sender

    return asyncio.run(scene())


def test_a_report_that_cannot_be_read_is_asked_for_again() -> None:
    sender = sent_over(Call(unread={1, 2}))
    assert account(sender.harq.record)["return_link"] == {"symbols": 4, "reports_unread": 2, "polls": 2}
    assert sender.harq.record.retransmissions == 0
    assert sender.harq.record.ledger.symbols[SymbolClass.PILOT] >= 3 * SOUNDING_SYMBOLS


def test_where_no_answer_comes_the_block_leaves_again() -> None:
    sender = sent_over(Call(unread=set(range(1, 2 + POLLS))))
    assert (sender.harq.record.retransmissions, sender.harq.record.polls) == (1, POLLS)


def test_where_others_are_under_way_nobody_is_asked() -> None:
    sender = sent_over(Call(unread={2}, window=8), count=4)
    assert (sender.harq.record.retransmissions, sender.harq.record.polls) == (1, 0)


def test_nothing_is_sent_over_a_link_of_which_nothing_is_known() -> None:
    with pytest.raises(LinkFailed, match="none of 4 reports could be read before anything was sent"):
        sent_over(Call(unread=set(range(9))))


def test_both_ends_must_have_counted_the_same_reports() -> None:
    class Miscounting(Call):
        async def finish(self) -> pb.TransmitSummary:
            return pb.TransmitSummary(symbols=self.sent, return_symbols=99)

    with pytest.raises(LinkFailed, match="sent 99 symbols of reports, 2 came"):
        sent_over(Miscounting(unread=set()))
