"""Several blocks under way at once: what may be, what arrives, and how far late reports idle the link."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.studies.return_link import throughput
from semvid.accounting import SymbolClass
from semvid.link.blocks import BlockPayload, BlockReport, Payload
from semvid.link.harq import MAX_WINDOW, HarqSender
from semvid.phy.block import Block, BlockReceiver, TbState, burst_sizes
from semvid.phy.pilots import SOUNDING_SYMBOLS


def shipment(count: int, size: int = 600) -> list[BlockPayload]:
    blocks = [
        BlockPayload(
            bulk=Payload(bytes([n + 1]) * size, {SymbolClass.KEYFRAME: 8 * size}),
            stretch=range(n * size, (n + 1) * size),
        )
        for n in range(count)
    ]
    blocks[0] = BlockPayload(Payload(b"header", {SymbolClass.HEADER: 48}), blocks[0].bulk, blocks[0].stretch)
    return blocks


def sounded(window: int) -> HarqSender:
    sender = HarqSender(window=window)
    sender.sound()
    sender.report(BlockReport(False, TbState.ABSENT, TbState.ABSENT, 10.0, 10.0))
    return sender


def leaving(sender: HarqSender) -> list[Block]:
    blocks = []
    while (block := sender.next_block()) is not None:
        blocks.append(block)
    return blocks


ARRIVED = BlockReport(True, TbState.DECODED, TbState.DECODED, 10.0, 10.0)
LOST = BlockReport(True, TbState.DECODED, TbState.FAILED, 10.0, 10.0)


def test_what_describes_the_rest_goes_alone_and_the_rest_together() -> None:
    sender = sounded(window=4)
    sender.ship(shipment(7))
    assert len(leaving(sender)) == 1
    sender.report(ARRIVED)
    together = leaving(sender)
    assert [block.process for block in together] == [2, 3, 4, 5]
    assert sender.under_way == 4
    sender.report(LOST)
    again = leaving(sender)
    assert [(block.process, block.rv > 0) for block in again] == [(2, True)]
    for _ in range(4):
        sender.report(ARRIVED)
    assert [block.process for block in leaving(sender)] == [6, 7]
    with pytest.raises(RuntimeError, match="arrived or is given up"):
        sender.ship([])
    sender.report(ARRIVED)
    sender.report(ARRIVED)
    assert leaving(sender) == []
    assert sender.under_way == 0
    assert sender.delivery.lost == ()
    assert (sender.record.blocks_sent, sender.record.retransmissions) == (7, 1)


def test_a_window_is_as_wide_as_a_receiver_can_follow() -> None:
    with pytest.raises(ValueError, match=r"1\.\.8 blocks can be under way, got 9"):
        HarqSender(window=MAX_WINDOW + 1)


@settings(max_examples=10, deadline=None)
@given(window=st.integers(1, MAX_WINDOW), count=st.integers(1, 12), seed=st.integers(0, 2**32 - 1))
def test_a_receiver_gets_what_the_sender_believes_it_has(window: int, count: int, seed: int) -> None:
    """Over a channel that takes whole bursts, with reports that are late by as much as the window is wide."""
    rng, sender, receiver = np.random.default_rng(seed), sounded(window), BlockReceiver(window=window)
    sender.ship(sent := shipment(count, size=40))
    late: deque[BlockReport] = deque()
    got: set[bytes] = set()
    crossed = 0
    while True:
        burst = sender.next_burst()
        if burst is not None:
            crossed += len(burst)
            reception = receiver.receive(burst if rng.random() < 0.6 else np.zeros_like(burst))
            got |= {reception.bulk} if reception.bulk is not None else set()
            late.append(BlockReport.of(reception))
        elif late:
            sender.report(late.popleft())
        else:
            break
    lost = set(sender.delivery.lost)
    arrived = {block.bulk.data for block in sent if block.bulk is not None and block.stretch not in lost}
    assert got == arrived
    assert sender.record.blocks_lost == len(lost) + (
        not sender.delivery.protected and sent[0].stretch not in lost
    )
    assert sender.record.ledger.total_symbols == SOUNDING_SYMBOLS + crossed


def test_what_had_no_room_or_arrived_in_vain_ends_with_all_that_is_under_way() -> None:
    sender = sounded(window=3)
    blocks = [
        BlockPayload(b.protected, b.bulk, b.stretch, anchor=n < 2, vital=n < 2)
        for n, b in enumerate(shipment(6))
    ]
    sender.ship(blocks, most_symbols=60_000)
    sent = leaving(sender)
    sender.report(ARRIVED)
    while new := leaving(sender) or sender.under_way:
        sent += new if isinstance(new, list) else []
        sender.report(LOST)
    assert {stretch.start for stretch in sender.delivery.lost if len(stretch)} == {0, *range(600, 3600, 600)}
    assert sender.delivery.protected
    assert sum(burst_sizes(block).total for block in sent) <= 60_000


def test_a_return_link_that_is_late_by_100_ms_idles_less_than_5_percent_of_the_time() -> None:
    together = throughput(window=MAX_WINDOW, delay_s=0.1, snr_db=10.0, blocks=40, seed=0)
    alone = throughput(window=1, delay_s=0.1, snr_db=10.0, blocks=12, seed=0)
    assert together.share_of_ideal > 0.95
    assert alone.share_of_ideal < 0.3
    assert together.lost == alone.lost == 0
