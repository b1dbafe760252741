from __future__ import annotations

from receiver.block_tally import BlockTally
from semvid.accounting import SymbolClass
from semvid.link.blocks import BlockPayload, BlockReport, Payload
from semvid.link.harq import HarqSender
from semvid.phy.block import Reception, TbState
from semvid.phy.control_word import ControlWord, Section
from semvid.phy.mcs import MCS_TABLE

A, D, F = TbState.ABSENT, TbState.DECODED, TbState.FAILED


def burst(
    process: int | None, protected: TbState = A, bulk: TbState = A, sounding: bool = False
) -> Reception:
    control = None if process is None else ControlWord(process, 0, Section(1, MCS_TABLE[0]), None)
    return Reception(control, protected_state=protected, bulk_state=bulk, sounding=sounding)


def tally(*bursts: Reception) -> BlockTally:
    counted = BlockTally()
    for reception in bursts:
        counted.add(reception)
    counted.finish()
    return counted


def test_blocks_that_arrive_at_last_are_not_lost() -> None:
    assert tally(burst(1, D, F), burst(1, A, F), burst(1, A, D), burst(2, D)).lost == 0


def test_a_block_is_lost_when_the_next_begins() -> None:
    assert tally(burst(1, D, F), burst(1, A, F), burst(2, D)).lost == 1
    assert tally(burst(15, F), burst(0, D)).lost == 1


def test_the_last_block_is_lost_when_nothing_more_comes() -> None:
    assert tally(burst(1, D), burst(2, F, D)).lost == 1
    assert tally(burst(1, D), burst(None)).lost == 1
    assert tally(burst(1, D), burst(2, F), burst(None)).lost == 1


def test_repetitions_after_an_unreadable_burst_are_one_block() -> None:
    counted = tally(burst(1, D), burst(None), burst(None), burst(2, D))
    assert (counted.lost, counted.unreadable) == (0, 2)


def test_numbers_passed_over_are_blocks_that_drowned() -> None:
    assert tally(burst(1, D), burst(None), burst(None), burst(None), burst(4, D)).lost == 2
    assert tally(burst(15, D), burst(None), burst(1, D)).lost == 1


def test_a_sender_that_skips_numbers_has_lost_nothing() -> None:
    assert tally(burst(3, D), burst(9, D)).lost == 0


def test_soundings_are_no_blocks() -> None:
    counted = tally(burst(None, sounding=True), burst(1, D), burst(None, sounding=True))
    assert (counted.lost, counted.unreadable) == (0, 0)


def test_a_block_is_settled_when_nothing_of_it_is_outstanding() -> None:
    counted = BlockTally()
    for reception, settled in ((burst(1, D, F), False), (burst(None), False), (burst(1, A, D), True)):
        counted.add(reception)
        assert counted.settled is settled


def test_a_block_that_its_sender_gives_up_and_sends_anew_is_the_same_block() -> None:
    sender, counted = HarqSender(retransmissions=1), BlockTally()
    payload = Payload(bytes(50), {SymbolClass.KEYFRAME: 400})
    sender.ship([BlockPayload(bulk=payload, renewals=1), BlockPayload(bulk=payload)])
    states, seen = iter([F, F, F, D, D]), []
    while (block := sender.next_block()) is not None:
        state = next(states)
        reception = burst(block.process, A, state)
        counted.add(reception)
        seen.append((counted.lost, counted.settled))
        sender.report(BlockReport.of(reception))
    counted.finish()
    assert seen == [(0, False)] * 3 + [(0, True)] * 2
    assert (counted.lost, sender.record.blocks_lost) == (0, 0)
