"""One block on its way: what of it has not arrived, and how long its next burst is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from semvid.accounting import SymbolClass
from semvid.link.blocks import BlockPayload, BlockReport, Payload
from semvid.phy.adaptation import LinkAdapter, capacity
from semvid.phy.analogue import AnalogueBlock
from semvid.phy.block import Block, BurstSizes, TbState, TransportBlock, burst_sizes
from semvid.phy.control_word import AGGREGATION_LEVELS
from semvid.phy.framing import Framing
from semvid.phy.layout import DENSE_SPACING
from semvid.phy.ldpc.rate_matching import REDUNDANCY_VERSIONS
from semvid.phy.mcs import Mcs
from semvid.phy.transport_block import repeats_as, symbols_for

MAX_AGGREGATION: Final = AGGREGATION_LEVELS[-1]


@dataclass(slots=True)
class Sending:
    """The block on its way: what of it has not arrived, and how it goes out next.

    Attributes:
        payload: that it carries.
        process: number of its hybrid ARQ process; None until it leaves.
        protected, bulk: transport blocks that have not arrived.
        aggregation: level of the next control word.
        pilot_spacing: of the next burst, symbols.
        rounds: how often it was sent.
        versions_received: how many redundancy versions the receiver holds.
        bulk_mcs: of the first transmission of the bulk, once it is repeated.
        received: what came in of the bulk, bits (`LinkAdapter.choose_repetition`).
        analogue: symbols without bits that have not left yet.
        analogue_there: the receiver has them.
    """

    payload: BlockPayload
    protected: TransportBlock | None
    bulk: TransportBlock | None
    aggregation: int
    pilot_spacing: int
    process: int | None = None
    rounds: int = 0
    versions_received: int = 0
    bulk_mcs: Mcs | None = None
    received: float = 0.0
    analogue: AnalogueBlock | None = None
    analogue_there: bool = False

    @classmethod
    def prepared(cls, payload: BlockPayload, adapter: LinkAdapter) -> Sending:
        """``payload``, as it would go out now."""
        protected, bulk = payload.protected, payload.bulk
        small = None if protected is None else TransportBlock(protected.data, _safe_mcs(protected, adapter))
        large = None
        if bulk is not None:
            large = TransportBlock(bulk.data, _bulk_mcs(payload, len(bulk.data), adapter))
        spacing = adapter.pilot_spacing()
        return cls(payload, small, large, adapter.aggregation(), spacing, analogue=payload.analogue)

    @property
    def arrived(self) -> bool:
        """Whether nothing of it is missing that could still be sent."""
        return self.protected is None and self.bulk is None

    @property
    def shown(self) -> bool:
        """Whether its bulk is there, or its symbols without bits and what they are."""
        if self.payload.analogue is not None:
            return self.analogue_there and self.protected is None
        return self.bulk is None

    @property
    def repeats(self) -> bool:
        """Whether its next burst is not the first that carries its payload."""
        return self.rounds > 0 or self.payload.renewed

    @property
    def is_alone(self) -> bool:
        """Whether no block may be on its way beside it.

        What is shown next needs side information, slices of pictures need the description of their group, and
        sound comes in order.
        """
        described = bool(self.payload.stretch) and not self.payload.stretch.start and not self.payload.once
        return self.protected is not None or described or self.payload.is_sound

    def block(self) -> Block:
        """What goes out next."""
        version = REDUNDANCY_VERSIONS[self.versions_received]
        bulk = self.bulk if self.analogue is None else self.analogue
        return Block(self.process or 0, version, self.protected, bulk, self.aggregation, self.pilot_spacing)

    def sizes(self, framing: Framing) -> BurstSizes:
        """Symbols of what goes out next, by what they are."""
        return burst_sizes(self.block(), framing)

    def take(self, report: BlockReport, adapter: LinkAdapter, rounds: int) -> None:
        """Takes what the receiver said of its last burst, and makes the next one of what is missing.

        Args:
            report: on it.
            adapter: knows of it already; is told whether a first transmission arrived.
            rounds: how often a block is sent at most.
        """
        if self.analogue is not None:
            self.analogue, self.analogue_there = None, report.control_decoded
        if not report.control_decoded:
            self.aggregation = min(2 * self.aggregation, MAX_AGGREGATION)
        else:
            self.versions_received += 1
            pictures = self.bulk is not None and not self.payload.is_sound
            # of a report that was asked for again nobody knows what the burst met
            if pictures and self.rounds == 1 and math.isfinite(report.effective_snr_db):
                adapter.observe_ack(report.bulk is TbState.DECODED)
            if report.protected is TbState.DECODED:
                self.protected = None
            if report.bulk is TbState.DECODED:
                self.bulk = None
            if self.bulk is not None and pictures and not self.payload.once:
                self._shorten(self.bulk, report.effective_snr_db, adapter, rounds)
        self.pilot_spacing = DENSE_SPACING  # a repetition is no place for savings

    def shortened_to_fit(self, room: float, framing: Framing) -> bool:
        """Whether a repetition can be so short that there is room for it; it is then as long as there is room
        for: what it brings is more than nothing."""
        bulk, first = self.bulk, self.bulk_mcs
        if bulk is None or first is None or not self.versions_received:
            return False
        for mcs in reversed(repeats_as(len(bulk.payload), first)):
            self.bulk = TransportBlock(bulk.payload, mcs)
            if self.sizes(framing).total <= room:
                return True
        return False

    def hastened_to_fit(self, room: float, framing: Framing, adapter: LinkAdapter) -> bool:
        """Whether a first transmission can be so short that there is room for it; its bulk then has the most
        robust MCS of those that are."""
        if self.bulk is None:
            return False
        sizes = self.sizes(framing)
        mcs = adapter.choose_in_time(len(self.bulk.payload), room - (sizes.total - sizes.bulk))
        if mcs is None:
            return False
        self.bulk = TransportBlock(self.bulk.payload, mcs)
        return self.sizes(framing).total <= room

    def _shorten(
        self, bulk: TransportBlock, effective_snr_db: float, adapter: LinkAdapter, rounds: int
    ) -> None:
        """Repeats no more of the bulk than was missing, but all of it in the last round."""
        size, first = len(bulk.payload), self.bulk_mcs or bulk.mcs
        self.bulk_mcs = first
        if math.isfinite(effective_snr_db):
            self.received += symbols_for(size, bulk.mcs) * capacity(effective_snr_db)
        last = self.rounds + 1 == rounds
        mcs = first if last else adapter.choose_repetition(size, first, self.received)
        self.bulk = TransportBlock(bulk.payload, mcs)


def _bulk_mcs(payload: BlockPayload, size: int, adapter: LinkAdapter) -> Mcs:
    if payload.is_sound:
        return adapter.choose_sound(size)
    return adapter.choose_once(size) if payload.once else adapter.choose_bulk(size)


def _safe_mcs(payload: Payload, adapter: LinkAdapter) -> Mcs:
    # without a header nothing can be shown, and an answer is all that there is
    header = not payload.bits.keys().isdisjoint((SymbolClass.HEADER, SymbolClass.ANSWER))
    choose = adapter.choose_header if header else adapter.choose_protected
    return choose(len(payload.data))
