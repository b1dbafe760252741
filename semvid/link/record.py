"""What a link cost and carried: every burst that leaves is counted here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from semvid.accounting import Ledger, SymbolClass
from semvid.link.blocks import BlockPayload, Payload
from semvid.phy.block import BurstSizes, TransportBlock

ANALOGUE: Final = "analogue"


@dataclass
class LinkRecord:
    """What the link cost and carried so far.

    Attributes:
        rounds: how often a block is sent at most; those that are sent anew, as often again.
        ledger: every symbol sent, by class.
        mcs: transport blocks by class and modulation and coding scheme, repetitions not counted; pictures
            that crossed as symbols without bits under `ANALOGUE`.
        bursts_sent: with soundings and repetitions.
        blocks_sent: repetitions not counted.
        blocks_lost: blocks of which a part that was sent never arrived.
        blocks_withheld: blocks of which a part was not sent, not even once: there was no room for it.
        retransmissions: bursts that repeated an earlier one.
        snr_db: the last SNR that the receiver measured.
        return_symbols: of reports that came back as symbols; they are in no class of the ledger.
        reports_unread: of those, how many could not be read.
        polls: soundings by which the sender asked again.
        sound_symbols: of the bursts that carried sound, everything in them counted.
        sound_blocks_lost: of ``blocks_lost``, those that carried sound.
    """

    rounds: int
    ledger: Ledger = field(default_factory=Ledger)
    mcs: dict[SymbolClass, Counter[str]] = field(default_factory=dict)
    bursts_sent: int = 0
    blocks_sent: int = 0
    blocks_lost: int = 0
    blocks_withheld: int = 0
    retransmissions: int = 0
    snr_db: float | None = None
    return_symbols: int = 0
    reports_unread: int = 0
    polls: int = 0
    sound_symbols: int = 0
    sound_blocks_lost: int = 0

    def count_mcs(self, payload: Payload | None, block: TransportBlock | None) -> None:
        """Counts a transport block that leaves for the first time under its modulation and coding scheme."""
        if payload is not None and block is not None:
            for symbol_class in payload.bits:
                self.mcs.setdefault(symbol_class, Counter())[block.mcs.name] += 1

    def count_analogue(self, payload: BlockPayload) -> None:
        """Counts a picture that leaves as symbols without bits."""
        if payload.analogue is not None:
            self.mcs.setdefault(SymbolClass.KEYFRAME, Counter())[ANALOGUE] += 1

    def count_burst(self, sizes: BurstSizes, payload: BlockPayload, repeats: bool) -> None:
        """Counts every symbol of a burst.

        Args:
            sizes: of the burst.
            payload: that it carries.
            repeats: it is not the first that carries it.
        """
        self.bursts_sent += 1
        if payload.is_sound:
            self.sound_symbols += sizes.total
        if repeats:
            self.retransmissions += 1
            self.ledger.add(SymbolClass.RETRANSMISSION, sizes.total)
            return
        self.ledger.add(SymbolClass.PILOT, sizes.pilots)
        self.ledger.add(SymbolClass.CONTROL, sizes.control)
        if payload.protected is not None:
            self.ledger.add_shared(sizes.protected, payload.protected.bits)
        if payload.bulk is not None:
            self.ledger.add_shared(sizes.bulk, payload.bulk.bits)
        if payload.analogue is not None:  # as they are: there are no bits to deal them by
            self.ledger.add(SymbolClass.KEYFRAME, sizes.bulk)
