"""A picture that has little time left leaves at a faster modulation and coding, where that has a chance."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from semvid.accounting import SymbolClass
from semvid.link.blocks import BlockPayload, BlockReport, Payload
from semvid.link.harq import HarqSender
from semvid.phy.block import Block, TbState, burst_sizes
from semvid.phy.pilots import SOUNDING_SYMBOLS

PICTURE = BlockPayload(
    bulk=Payload(bytes(1000), {SymbolClass.KEYFRAME: 8000}), stretch=range(1000), renewals=0
)


FADES = (2.0, 6.0, 12.0, 18.0)
STEADY = (10.0,) * 4


def sender(snrs_db: Sequence[float] = FADES, hastens: bool = True) -> HarqSender:
    """Over a link whose soundings came in like this."""
    made = HarqSender()
    made.hastens = hastens
    for snr_db in snrs_db:
        made.sound()
        made.report(BlockReport(False, TbState.ABSENT, TbState.ABSENT, snr_db, snr_db))
    return made


def first(of: HarqSender, most: float) -> Block | None:
    of.ship([PICTURE], most)
    return of.next_block()


def usual(snrs_db: Sequence[float] = FADES) -> int:
    block = first(sender(snrs_db), 1e9)
    assert block is not None
    return burst_sizes(block).total


@pytest.mark.parametrize("share", [0.9, 0.8, 0.7])
def test_a_first_transmission_is_as_short_as_it_has_to_be(share: float) -> None:
    most = share * usual()
    hasty = sender()
    block = first(hasty, most)
    assert block is not None
    assert block.bulk is not None
    assert most * 0.7 < burst_sizes(block).total <= most
    assert hasty.record.ledger.total_symbols - 4 * SOUNDING_SYMBOLS == burst_sizes(block).total
    assert first(sender(hastens=False), most) is None


def test_what_has_no_chance_is_not_sent() -> None:
    hopeless = sender(STEADY)
    assert first(hopeless, 0.7 * usual(STEADY)) is None
    assert hopeless.record.blocks_withheld == 1
    assert hopeless.delivery.lost == (range(1000),)


def test_with_time_enough_nothing_changes() -> None:
    assert first(sender(), 1e9) == first(sender(hastens=False), 1e9)


def test_a_fixed_mcs_is_kept() -> None:
    fixed = HarqSender(mcs=5)
    fixed.hastens = True
    fixed.report(BlockReport(False, TbState.ABSENT, TbState.ABSENT, 30.0, 30.0))
    assert first(fixed, 500) is None
