"""Tokens on the link: in blocks that are of use one by one, none of which is sent again."""

from __future__ import annotations

import math

import pytest

from semvid import token_payload
from semvid.accounting import SymbolClass
from semvid.link.blocks import BlockPayload, BlockReport
from semvid.link.harq import HarqSender
from semvid.link.packing import block_payloads
from semvid.link.token_packing import CodedTokens
from semvid.phy.block import Block, TbState
from semvid.semantics import Caption
from semvid.tokens.grid_bits import size_of

GROUP = token_payload.group_of(2, 30, False, 410)
CODED = CodedTokens(GROUP, [bytes(range(205)) * 2])
BLOCKS = block_payloads([Caption(1, 2, "a boat moves slowly")], CODED, 8000)
STRETCHES = token_payload.cuts(410)


def shipped(
    lost: set[int], protected_lost: int = 0, most: float = math.inf, unread: frozenset[int] = frozenset()
) -> tuple[HarqSender, list[Block]]:
    """Sends `BLOCKS`; the bulk of burst ``n`` is lost for n in ``lost``, the caption so many times."""
    sender, bursts = HarqSender(), list[Block]()
    sender.sound()
    sender.report(BlockReport(True, TbState.ABSENT, TbState.ABSENT, 10.0, 10.0))
    sender.ship(BLOCKS, most)
    while (block := sender.next_block()) is not None:
        number = len(bursts)
        bursts.append(block)
        states = []
        for part, fails in ((block.protected, number < protected_lost), (block.bulk, number in lost)):
            states.append(TbState.ABSENT if part is None else TbState.FAILED if fails else TbState.DECODED)
        sender.report(BlockReport(number not in unread, *states, 10.0, 10.0))
    return sender, bursts


@pytest.mark.parametrize(
    ("tokens", "symbols"),
    [(256, {0: 6992, 5: 2980, 10: 1524, 15: 1064}), (1024, {0: 23724, 5: 9800, 10: 5212, 15: 3456})],
)
def test_what_a_keyframe_of_8192_kinds_of_tokens_takes(tokens: int, symbols: dict[int, int]) -> None:
    """The figures of docs/tokens.md, once a steady link is known: everything counted."""
    size = size_of(tokens, 8192)
    coded = CodedTokens(token_payload.group_of(5, 120, False, size), [bytes(size)])
    taken = {}
    for snr_db in symbols:
        sender = HarqSender()
        for _ in range(6):
            before = sender.record.ledger.total_symbols
            sender.ship(coded.blocks(8000))
            while sender.next_block() is not None:
                sender.report(BlockReport(True, TbState.ABSENT, TbState.DECODED, snr_db, snr_db))
        taken[snr_db] = sender.record.ledger.total_symbols - before
    assert taken == symbols


def test_each_packet_is_a_block_and_counts_as_keyframe() -> None:
    assert [block.stretch for block in BLOCKS] == STRETCHES
    assert [block.protected is not None for block in BLOCKS] == [True, False, False, False]
    for block, stretch in zip(BLOCKS, STRETCHES, strict=True):
        assert block.bulk is not None
        group, part = token_payload.unpack(block.bulk.data)
        assert (group, part.data) == (GROUP, CODED.packets[0][stretch.start : stretch.stop])  # type: ignore[union-attr]
        assert block.bulk.bits == {SymbolClass.KEYFRAME: 8 * len(block.bulk.data)}


def test_the_keyframe_is_lost_where_all_of_it_is() -> None:
    assert CODED.pictures_in(STRETCHES[:3]) == set()
    assert CODED.pictures_in(STRETCHES) == {0}


@pytest.mark.parametrize("most", [math.inf, 5000.0])
@pytest.mark.parametrize("lost", [{0}, {1, 2}, {0, 1, 2, 3}])
def test_what_is_lost_is_not_sent_again_and_takes_nothing_else_along(lost: set[int], most: float) -> None:
    sender, bursts = shipped(lost, most=most)
    assert len(bursts) == len(BLOCKS)
    assert sender.delivery.protected
    assert set(sender.delivery.lost) == {STRETCHES[number] for number in lost}
    record = sender.record
    assert (record.blocks_lost, record.retransmissions) == (len(lost), 0)
    assert record.ledger.symbols[SymbolClass.RETRANSMISSION] == 0
    assert record.ledger.bits[SymbolClass.KEYFRAME] == 8 * sum(
        len(b.bulk.data) for b in BLOCKS if b.bulk is not None
    )


def test_a_caption_beside_lost_tokens_is_repeated_without_them() -> None:
    sender, bursts = shipped({0}, protected_lost=2)
    assert [(b.protected is not None, b.bulk is not None) for b in bursts] == [
        (True, True), (True, False), (True, False), (False, True), (False, True), (False, True),
    ]  # fmt: skip
    assert sender.delivery.protected
    assert sender.delivery.lost == (STRETCHES[0],)
    assert sender.record.blocks_lost == 1


def test_a_burst_that_could_not_be_read_is_not_repeated_either() -> None:
    sender, bursts = shipped({1}, unread=frozenset({1}))
    assert len(bursts) == len(BLOCKS)
    assert sender.delivery.lost == (STRETCHES[1],)


def test_a_block_that_is_sent_once_does_not_wait_for_another() -> None:
    """With several blocks under way, all packets of a keyframe may be."""
    sender = HarqSender(window=4)
    sender.ship(BlockPayload(bulk=b.bulk, stretch=b.stretch, once=True) for b in BLOCKS)
    under_way = 0
    while sender.next_block() is not None:
        under_way += 1
    assert under_way == len(BLOCKS)
