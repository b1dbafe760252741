"""Reports over a return link: what the receiver says, what the sender makes of it, and what it does where it
cannot be read."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semvid.accounting import SymbolClass
from semvid.errors import InvalidInput
from semvid.link.blocks import BlockPayload, BlockReport, Payload
from semvid.link.harq import MAX_WINDOW, HarqSender
from semvid.link.return_link import (
    Reporter,
    ReturnLink,
    return_link_of,
    set_return_link,
    window_of,
)
from semvid.phy.block import BlockReceiver, Reception, TbState
from semvid.phy.ldpc.rate_matching import REDUNDANCY_VERSIONS
from semvid.phy.pilots import SOUNDING_SYMBOLS
from semvid.wire.v1 import link_pb2 as pb

LINK = ReturnLink(2)


def bulk(size: int, start: int = 0) -> BlockPayload:
    payload = Payload(bytes([start % 251]) * size, {SymbolClass.KEYFRAME: 8 * size})
    return BlockPayload(bulk=payload, stretch=range(start, start + size))


def test_a_report_on_a_sounding_repeats_what_became_of_the_block_before() -> None:
    sender, receiver, reporter = HarqSender(), BlockReceiver(), Reporter(LINK)
    first = LINK.read(reporter.report(0, receiver.receive(sender.sound())), 0)
    assert first is not None
    assert (first.control_decoded, first.bulk, first.snr_db) == (False, TbState.ABSENT, 60.0)
    sender.report(first)
    sender.ship([bulk(300)])
    burst = sender.next_burst()
    assert burst is not None
    told = LINK.read(reporter.report(1, receiver.receive(burst)), 1)
    again = LINK.read(reporter.report(2, receiver.receive(sender.poll())), 2)
    assert told is not None
    assert again is not None
    assert told.bulk is again.bulk is TbState.DECODED
    assert (sender.under_way, sender.record.polls) == (1, 1)
    sender.report(again)
    assert sender.next_burst() is None
    assert sender.delivery.lost == ()
    assert sender.record.ledger.symbols[SymbolClass.PILOT] > 2 * SOUNDING_SYMBOLS
    assert sender.record.ledger.total_symbols == 2 * SOUNDING_SYMBOLS + len(burst)


def test_what_a_block_met_is_not_taken_from_the_sounding_that_asked_again() -> None:
    def repeated(asked_again: bool) -> int:
        sender = HarqSender()
        sender.sound()
        sender.report(BlockReport(False, TbState.ABSENT, TbState.ABSENT, 10.0, 10.0))
        sender.ship([bulk(2000)])
        assert sender.next_block() is not None
        if asked_again:
            sender.poll()
        sender.report(BlockReport(True, TbState.ABSENT, TbState.FAILED, 10.0, 10.0))
        assert sender.next_burst() is not None
        return sender.record.ledger.symbols[SymbolClass.RETRANSMISSION]

    assert repeated(asked_again=True) > repeated(asked_again=False)


def test_a_report_that_stays_unread_is_no_acknowledgement_and_the_same_version_leaves_again() -> None:
    sender, receiver = HarqSender(), BlockReceiver()
    sender.report(BlockReport.of(receiver.receive(sender.sound())))
    sender.ship([bulk(300)])
    blocks = []
    for _ in range(2):
        block = sender.next_block()
        assert block is not None
        blocks.append(block)
        sender.unread()
    assert [block.rv for block in blocks] == [REDUNDANCY_VERSIONS[0]] * 2
    assert sender.record.snr_db == pytest.approx(60.0)
    assert not math.isnan(sender.adapter.low_snr_db)
    burst = sender.next_burst()
    assert burst is not None
    sender.report(BlockReport.of(receiver.receive(burst)))
    assert sender.next_burst() is None
    assert sender.delivery.lost == ()


def test_a_report_on_another_burst_is_not_taken_for_this_one() -> None:
    symbols = Reporter(LINK).report(5, Reception())
    assert LINK.read(symbols, 5) is not None
    assert LINK.read(symbols, 21) is not None  # the number is sent modulo 16
    assert LINK.read(symbols, 6) is None
    assert LINK.read(symbols[:-1], 5) is None
    assert LINK.read(np.zeros(LINK.symbols, np.complex64), 5) is None


def test_both_ends_learn_of_it_when_the_link_is_opened() -> None:
    opening = pb.Open()
    set_return_link(opening, None)
    assert return_link_of(opening) is None
    assert window_of(opening) == 1
    set_return_link(opening, ReturnLink(16))
    opening.window = MAX_WINDOW
    assert (return_link_of(opening), window_of(opening)) == (ReturnLink(16), MAX_WINDOW)
    opening.window += 1
    with pytest.raises(InvalidInput, match="at most 8 blocks can be under way at once, got 9"):
        window_of(opening)
    opening.return_link.aggregation = 3
    with pytest.raises(InvalidInput, match=r"aggregation level of .+, got 3"):
        return_link_of(opening)
