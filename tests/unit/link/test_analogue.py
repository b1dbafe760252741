"""A picture without bits on the link: sent once, counted as it is, and lost or not with its description."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semvid.accounting import SymbolClass
from semvid.link.blocks import BlockPayload, BlockReport, Delivery, Payload
from semvid.link.harq import HarqSender
from semvid.link.packing import analogue_blocks
from semvid.phy.analogue import AnalogueBlock
from semvid.phy.block import Block, TbState, burst_sizes
from semvid.phy.pilots import SOUNDING_SYMBOLS, pilot_symbols
from semvid.semantics import AnalogueKeyframe, Caption

SYMBOLS = AnalogueBlock(pilot_symbols(4000))
PICTURE = BlockPayload(
    protected=Payload(bytes(160), {SymbolClass.CAPTION: 320, SymbolClass.KEYFRAME: 960}), analogue=SYMBOLS
)
LOST = Delivery(True, (range(0),))


def sender() -> HarqSender:
    made = HarqSender()
    made.sound()
    made.report(BlockReport(False, TbState.ABSENT, TbState.ABSENT, 10.0, 10.0))
    return made


def report(control: bool, protected: bool) -> BlockReport:
    state = (TbState.DECODED if protected else TbState.FAILED) if control else TbState.ABSENT
    bulk = TbState.DECODED if control else TbState.ABSENT
    return BlockReport(control, state, bulk, 10.0, 10.0)


def run(of: HarqSender, reports: list[BlockReport], most: float = math.inf) -> list[Block]:
    """What leaves where this is reported, one after the other."""
    of.ship([PICTURE], most)
    sent = []
    while (block := of.next_block()) is not None:
        sent.append(block)
        of.report(reports[len(sent) - 1])
    return sent


def test_symbols_count_as_keyframe_as_they_are_and_their_description_by_its_bits() -> None:
    harq = sender()
    (block,) = run(harq, [report(True, True)])
    sizes, ledger = burst_sizes(block), harq.record.ledger
    assert sizes.bulk == 4000
    assert ledger.total_symbols == SOUNDING_SYMBOLS + sizes.total
    assert ledger.symbols[SymbolClass.CAPTION] == pytest.approx(sizes.protected / 4, abs=1)
    side = sizes.protected - ledger.symbols[SymbolClass.CAPTION]
    assert ledger.symbols[SymbolClass.KEYFRAME] == 4000 + side
    assert ledger.bits[SymbolClass.KEYFRAME] == 960
    assert harq.record.mcs[SymbolClass.KEYFRAME]["analogue"] == 1
    assert (harq.delivery, harq.record.blocks_lost) == (Delivery(), 0)


def test_only_what_is_protected_is_repeated() -> None:
    harq = sender()
    first, second = run(harq, [report(True, False), report(True, True)])
    assert isinstance(first.bulk, AnalogueBlock)
    assert (second.bulk, second.process, second.rv) == (None, first.process, 2)
    assert harq.record.ledger.symbols[SymbolClass.RETRANSMISSION] == burst_sizes(second).total < 1000
    assert (harq.delivery, harq.record.blocks_lost) == (Delivery(), 0)


@pytest.mark.parametrize(
    ("reports", "delivery"),
    [
        ([report(False, False), report(True, True)], LOST),
        ([report(True, False)] * 3, Delivery(False, (range(0),))),
        ([report(False, False)] * 3, Delivery(False, (range(0),))),
    ],
    ids=["control word lost once", "description lost", "all lost"],
)
def test_a_picture_is_lost_with_its_control_word_or_its_description(
    reports: list[BlockReport], delivery: Delivery
) -> None:
    harq = sender()
    blocks = run(harq, reports)
    assert len(blocks) == len(reports)
    assert all(block.bulk is None for block in blocks[1:])
    assert (harq.delivery, harq.record.blocks_lost) == (delivery, 1)
    spent = sum(burst_sizes(block).total for block in blocks)
    assert harq.record.ledger.total_symbols == SOUNDING_SYMBOLS + spent


def test_without_room_the_picture_is_given_up_and_the_rest_leaves() -> None:
    harq = sender()
    (block,) = run(harq, [report(True, True)], most=2000)
    assert block.bulk is None
    assert block.protected is not None
    assert (harq.delivery, harq.record.blocks_withheld) == (LOST, 1)
    assert harq.record.ledger.symbols[SymbolClass.KEYFRAME] < 1000


def test_symbols_travel_beside_what_is_protected_and_not_beside_a_bulk() -> None:
    bulk = Payload(b"packet", {SymbolClass.KEYFRAME: 48})
    for wrong in ({}, {"protected": PICTURE.protected, "bulk": bulk}):
        with pytest.raises(ValueError, match="beside what is protected"):
            BlockPayload(analogue=SYMBOLS, **wrong)


def test_a_keyframe_travels_with_its_description_whatever_goes_before_it() -> None:
    keyframe = AnalogueKeyframe(4, 80, bytes(380))
    captions = [Caption(n, n + 1, "a long sentence about a dog " * 12, 9) for n in range(4)]
    alone, beside = analogue_blocks([], keyframe, SYMBOLS), analogue_blocks(captions, keyframe, SYMBOLS)
    (one,) = alone
    assert one.analogue is SYMBOLS
    assert len(beside) > 1
    assert [block.analogue is SYMBOLS for block in beside] == [False] * (len(beside) - 1) + [True]
    described = beside[-1].protected
    assert described is not None
    assert described.bits[SymbolClass.KEYFRAME] > 8 * 380
    (given_up,) = analogue_blocks([], AnalogueKeyframe(4, 80, b""), None)
    assert given_up.analogue is None
    assert np.isclose(np.mean(np.abs(SYMBOLS.symbols) ** 2), 1)
