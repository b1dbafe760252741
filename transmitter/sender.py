"""Semantic units onto the link: protection, modulation, hybrid ARQ, and the count of every symbol."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from semvid import bitstream
from semvid.accounting import Ledger, SymbolClass
from semvid.errors import LinkFailed
from semvid.phy.adaptation import LinkAdapter
from semvid.phy.block import Block, Burst, TransportBlock, modulate
from semvid.phy.mcs import Mcs
from semvid.phy.pilots import sounding
from semvid.semantics import MAX_PACKET_BYTES, Caption, Keyframe, Motion, Unit
from semvid.wire.v1 import link_pb2 as pb
from transmitter.link_call import LinkCall
from transmitter.rate.model import LinkPrice

REDUNDANCY_VERSIONS = (0, 2, 3, 1)  # the order in which TS 38.212 5.4.2.1 versions complement each other best
PROCESSES = 16  # hybrid ARQ processes that the control word can name
_FRAMING_BYTES = 32  # of a keyframe unit around its packet, at most
_PROTECTED_BYTES = 400  # of units in one protected transport block
MAX_AGGREGATION = 8  # of the control word
_CLASS_OF = {Caption: SymbolClass.CAPTION, Motion: SymbolClass.MOTION, Keyframe: SymbolClass.KEYFRAME}


@dataclass
class LinkRecord:
    """What the link cost and carried so far.

    Attributes:
        ledger: every symbol sent, by class.
        mcs: transport blocks by class and modulation and coding scheme, repetitions not counted.
        blocks_sent: bursts sent, sounding and repetitions included.
        blocks_lost: blocks of which a part never arrived.
        retransmissions: bursts that repeated an earlier one.
        snr_db: the last SNR that the receiver measured.
        return_bytes: size of all reports on the return direction.
    """

    ledger: Ledger = field(default_factory=Ledger)
    mcs: dict[SymbolClass, Counter[str]] = field(default_factory=dict)
    blocks_sent: int = 0
    blocks_lost: int = 0
    retransmissions: int = 0
    snr_db: float | None = None
    return_bytes: int = 0


@dataclass(frozen=True)
class Delivery:
    """Which transport blocks of a shipment arrived; one that was not sent counts as arrived."""

    protected: bool
    bulk: bool


class Sender:
    """Ships semantic units over one `LinkCall`.

    Blocks go one at a time: the next one leaves when the receiver has reported on the last. That makes a
    transmission reproducible (adaptation never depends on timing), tells the keyframe coder of a loss before
    it codes the next picture, and lets a slow receiver slow the sender down (docs/decisions/0002).

    Attributes:
        record: what the link cost and carried so far.
        rounds: how often a block is sent at most.
    """

    def __init__(self, call: LinkCall, mcs: int | Literal["auto"], retransmissions: int) -> None:
        self.record = LinkRecord()
        self._call = call
        self.rounds = 1 + retransmissions
        self._adapter = LinkAdapter(mcs, retransmissions)
        self._process = 0

    async def sound(self) -> None:
        """Sends known symbols so that the receiver can report the SNR before anything is at stake."""
        symbols = sounding()
        self.record.ledger.add(SymbolClass.PILOT, len(symbols))
        self.record.blocks_sent += 1
        report = await self._call.exchange(symbols)
        self._adapter.observe(report.snr_db, report.effective_snr_db)
        self.record.snr_db = report.snr_db

    async def ship(self, protected: Sequence[Unit], keyframe: Sequence[Keyframe] = ()) -> Delivery:
        """Sends ``protected`` units and the parts of one keyframe, repeating what does not arrive.

        Units that do not fit beside the keyframe go before it: the receiver shows a segment as soon as the
        keyframe at its end is there, and needs its time stamps by then.

        Args:
            protected: header, caption, motion, timing and end units.
            keyframe: all parts of one keyframe; there must be units or parts.

        Raises:
            LinkFailed, Busy, InvalidInput: the link broke off or refused.
        """
        *early, beside = _groups(protected) or [[]]
        protected_arrived = bulk_arrived = True
        blocks: list[tuple[Sequence[Unit], Sequence[Keyframe]]] = [(group, ()) for group in early]
        blocks.append((beside, keyframe[:1]))
        blocks.extend(((), [part]) for part in keyframe[1:])
        for group, part in blocks:
            delivery = await self._ship_block(group, part)
            protected_arrived &= delivery.protected
            bulk_arrived &= delivery.bulk
        return Delivery(protected_arrived, bulk_arrived)

    def part_bytes(self) -> int:
        """Largest piece of a keyframe packet that fits one block at the present modulation and coding."""
        return min(MAX_PACKET_BYTES, self._adapter.bulk_limit_bytes() - _FRAMING_BYTES)

    def price(self) -> LinkPrice:
        """What symbols carry at the SNR measured so far."""
        return LinkPrice.of(self._adapter)

    async def finish(self) -> bool:
        """Closes the transmission.

        Returns:
            Whether the receiver got everything that it needs for the whole video.

        Raises:
            LinkFailed: the link broke off, or the receiver counted another number of symbols than we did.
        """
        summary = await self._call.finish()
        self.record.return_bytes = summary.return_bytes
        sent = self.record.ledger.total_symbols
        if summary.symbols != sent:
            raise LinkFailed(f"the receiver counted {summary.symbols} symbols, the ledger {sent}")
        return summary.complete

    async def _ship_block(self, protected: Sequence[Unit], bulk: Sequence[Keyframe]) -> Delivery:
        """One block and its repetitions until both transport blocks arrived or the rounds are used up."""
        small = self._protect(protected) if protected else None
        large = self._load(bulk) if bulk else None
        aggregation = self._adapter.aggregation()
        versions_received = 0
        self._process = (self._process + 1) % PROCESSES
        for attempt in range(self.rounds):
            version = REDUNDANCY_VERSIONS[versions_received]
            block = Block(self._process, version, small, large, aggregation)
            burst = await asyncio.to_thread(modulate, block)
            self._count(burst, protected, bulk, repeated=attempt > 0)
            report = await self._call.exchange(burst.symbols)
            self._adapter.observe(report.snr_db, report.effective_snr_db)
            self.record.snr_db = report.snr_db
            if not report.control_decoded:
                aggregation = min(2 * aggregation, MAX_AGGREGATION)
                continue
            versions_received += 1
            if large is not None and attempt == 0:
                self._adapter.observe_ack(report.bulk == pb.TRANSPORT_BLOCK_STATE_DECODED)
            small = None if report.protected == pb.TRANSPORT_BLOCK_STATE_DECODED else small
            large = None if report.bulk == pb.TRANSPORT_BLOCK_STATE_DECODED else large
            if small is None and large is None:
                return Delivery(protected=True, bulk=True)
        self.record.blocks_lost += 1
        return Delivery(protected=small is None, bulk=large is None)

    def _protect(self, units: Sequence[Unit]) -> TransportBlock:
        payload = bitstream.pack(units)
        classes = {_class_of(unit) for unit in units}
        choose = (
            self._adapter.choose_header if SymbolClass.HEADER in classes else self._adapter.choose_protected
        )
        return self._transport_block(payload, choose(len(payload)), classes)

    def _load(self, bulk: Sequence[Keyframe]) -> TransportBlock:
        payload = bitstream.pack(bulk)
        return self._transport_block(payload, self._adapter.choose_bulk(len(payload)), {SymbolClass.KEYFRAME})

    def _transport_block(self, payload: bytes, mcs: Mcs, classes: set[SymbolClass]) -> TransportBlock:
        for symbol_class in classes:
            self.record.mcs.setdefault(symbol_class, Counter())[mcs.name] += 1
        return TransportBlock(payload, mcs)

    def _count(
        self, burst: Burst, protected: Sequence[Unit], bulk: Sequence[Keyframe], repeated: bool
    ) -> None:
        ledger = self.record.ledger
        self.record.blocks_sent += 1
        if repeated:
            self.record.retransmissions += 1
            ledger.add(SymbolClass.RETRANSMISSION, len(burst.symbols))
            return
        ledger.add(SymbolClass.PILOT, burst.preamble_pilots + burst.pilots)
        ledger.add(SymbolClass.CONTROL, burst.control)
        if protected:
            bits: Counter[SymbolClass] = Counter()
            for unit in protected:
                bits[_class_of(unit)] += 8 * len(bitstream.pack([unit]))
            ledger.add_shared(burst.protected, bits)
        if bulk:
            ledger.add(SymbolClass.KEYFRAME, burst.bulk, 8 * len(bitstream.pack(bulk)))


def keyframe_parts(
    number: int, frame: int, packet: bytes, shot_start: bool, refresh: bool, part_bytes: int
) -> list[Keyframe]:
    """Cuts one keyframe packet into units of at most ``part_bytes`` of it each."""
    pieces = [packet[start : start + part_bytes] for start in range(0, len(packet), part_bytes)]
    return [
        Keyframe(number, frame, piece, shot_start, refresh, part, len(pieces))
        for part, piece in enumerate(pieces)
    ]


def _class_of(unit: Unit) -> SymbolClass:
    if isinstance(unit, Keyframe) and not unit.packet:  # a mark is no picture
        return SymbolClass.HEADER
    return _CLASS_OF.get(type(unit), SymbolClass.HEADER)


def _groups(units: Sequence[Unit]) -> list[list[Unit]]:
    """Units dealt into groups that each fit one protected transport block."""
    groups: list[list[Unit]] = []
    for unit in units:
        if groups and len(bitstream.pack([*groups[-1], unit])) <= _PROTECTED_BYTES:
            groups[-1].append(unit)
        else:
            groups.append([unit])
    return groups
