"""Hybrid ARQ at the sending end: which burst leaves next, by what became of the ones before.

Pure: payloads and reports in, symbols out, every one of them counted. A service puts a network between
`next_burst` and `report`, the laboratory a function call.

    sender = HarqSender()
    sender.report(cross(sender.sound()))
    sender.ship(blocks)
    while (burst := sender.next_burst()) is not None:
        sender.report(cross(burst))

Blocks go one at a time: the next one leaves when the receiver has reported on the last. That makes a
transmission reproducible (adaptation never depends on timing), tells the keyframe coder of a loss before it
codes the next picture, and lets a slow receiver slow the sender down (docs/decisions/0002).
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from semvid.accounting import Ledger, SymbolClass
from semvid.phy.adaptation import REPETITION_SHARE, SOUND_TRANSMISSIONS, LinkAdapter, capacity
from semvid.phy.arrays import Symbols
from semvid.phy.block import Block, BurstSizes, Reception, TbState, TransportBlock, burst_sizes, modulate
from semvid.phy.control_word import AGGREGATION_LEVELS, PROCESSES
from semvid.phy.framing import framing_of
from semvid.phy.layout import DENSE_SPACING
from semvid.phy.ldpc.rate_matching import REDUNDANCY_VERSIONS
from semvid.phy.mcs import Mcs
from semvid.phy.pilots import pilot_symbols
from semvid.phy.transport_block import repeats_as, symbols_for
from semvid.waveform import SINGLE_CARRIER, Waveform

MAX_AGGREGATION: Final = AGGREGATION_LEVELS[-1]
RETRANSMISSIONS: Final = 2  # rounds after the first, by default


@dataclass(frozen=True, slots=True)
class Payload:
    """What one transport block carries.

    Attributes:
        data: 1..1023 bytes where it is to be protected, 1..8191 in bulk.
        bits: information bits by class of the ledger, 8 * len(data) or fewer in all.
    """

    data: bytes
    bits: Mapping[SymbolClass, int]


@dataclass(frozen=True, slots=True)
class BlockPayload:
    """What is sent, and repeated until it arrives, under one control word; at least one of the two.

    Attributes:
        protected: side information.
        bulk: pictures, or sound.
        stretch: what is in ``bulk``, for the sender to know what was lost.
        renewals: how often what did not arrive in all rounds is sent anew.
        renewed: it was sent before.
        short: a part of it was given up for want of room.
    """

    protected: Payload | None = None
    bulk: Payload | None = None
    stretch: range = range(0)
    renewals: int = 0
    renewed: bool = False
    short: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether its bulk is sound."""
        return self.bulk is not None and SymbolClass.SOUND in self.bulk.bits


@dataclass(frozen=True, slots=True)
class BlockReport:
    """What the receiver says of one burst.

    Attributes:
        control_decoded: it could read the control word.
        protected, bulk: what became of the transport blocks.
        snr_db, effective_snr_db: as measured, see `semvid.phy.block.Reception`.
    """

    control_decoded: bool
    protected: TbState
    bulk: TbState
    snr_db: float
    effective_snr_db: float

    @classmethod
    def of(cls, reception: Reception) -> BlockReport:
        """The report on what was received."""
        return cls(
            reception.control is not None,
            reception.protected_state,
            reception.bulk_state,
            reception.snr_db,
            reception.effective_snr_db,
        )


@dataclass
class LinkRecord:
    """What the link cost and carried so far.

    Attributes:
        rounds: how often a block is sent at most; those that are sent anew, as often again.
        ledger: every symbol sent, by class.
        mcs: transport blocks by class and modulation and coding scheme, repetitions not counted.
        bursts_sent: with soundings and repetitions.
        blocks_sent: repetitions not counted.
        blocks_lost: blocks of which a part that was sent never arrived.
        blocks_withheld: blocks of which a part was not sent, not even once: there was no room for it.
        retransmissions: bursts that repeated an earlier one.
        snr_db: the last SNR that the receiver measured.
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
    sound_symbols: int = 0
    sound_blocks_lost: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What of a shipment arrived.

    Attributes:
        protected: all of its protected transport blocks.
        lost: stretches of the bulk transport blocks that did not, because they failed or had no room.
    """

    protected: bool = True
    lost: tuple[range, ...] = ()


@dataclass(slots=True)
class _Sending:
    """The block on its way: what of it has not arrived, and how it goes out next.

    Attributes:
        bulk_mcs: of the first transmission of the bulk.
        received: what came in of the bulk, bits (`LinkAdapter.choose_repetition`).
    """

    payload: BlockPayload
    protected: TransportBlock | None
    bulk: TransportBlock | None
    aggregation: int
    pilot_spacing: int
    rounds: int = 0
    versions_received: int = 0
    bulk_mcs: Mcs | None = None
    received: float = 0.0

    def block(self, process: int) -> Block:
        """What goes out next."""
        version = REDUNDANCY_VERSIONS[self.versions_received]
        return Block(process, version, self.protected, self.bulk, self.aggregation, self.pilot_spacing)


class HarqSender:
    """Sends payloads in blocks, each until it arrived or its rounds are used up.

    Args:
        mcs: row of TS 38.214 Table 5.1.3.1-2 for bulk payloads, or "auto".
        retransmissions: rounds of incremental redundancy after the first.
        waveform: how symbols become a signal.

    Attributes:
        adapter: what is known of the channel.
        record: what the link cost and carried so far.
        delivery: what became of the latest shipment, once `next_burst` has given None.
    """

    def __init__(
        self,
        mcs: int | Literal["auto"] = "auto",
        retransmissions: int = RETRANSMISSIONS,
        waveform: Waveform = SINGLE_CARRIER,
    ) -> None:
        self._waveform, self._framing = waveform, framing_of(waveform)
        self.adapter = LinkAdapter(mcs, retransmissions, self._framing)
        self.record = LinkRecord(1 + retransmissions)
        self.delivery = Delivery()
        self._waiting: deque[BlockPayload] = deque()
        self._sending: _Sending | None = None
        self._room = math.inf
        self._process = 0

    def sound(self) -> Symbols:
        """Known symbols, complex64[n]: the report on them tells the SNR before anything is at stake."""
        symbols = pilot_symbols(self._framing.sounding_symbols)
        self.record.ledger.add(SymbolClass.PILOT, self._waveform.on_air(len(symbols)))
        self.record.bursts_sent += 1
        return symbols

    def ship(self, blocks: Iterable[BlockPayload], most_symbols: float = math.inf) -> None:
        """Takes what is to be sent next, in order.

        Args:
            blocks: the most important first.
            most_symbols: that they may take, repetitions included. What has no room is given up: of a block
                the bulk before the protected part, and a repetition as well as a first transmission.

        Raises:
            RuntimeError: the last shipment is still on its way.
        """
        if self._sending is not None or self._waiting:
            raise RuntimeError("a shipment leaves when the one before it has arrived or is given up")
        self._waiting.extend(blocks)
        self._room = most_symbols
        self.delivery = Delivery()

    def symbols_of(self, blocks: Iterable[BlockPayload], repeated: bool) -> float:
        """Channel uses to put aside for ``blocks``, over the link as it is now.

        Args:
            blocks: to be shipped.
            repeated: on a link that fades, the largest of them too, as much as a repetition usually takes.
        """
        once = [burst_sizes(self._prepared(payload).block(0), self._framing).total for payload in blocks]
        again = REPETITION_SHARE * max(once, default=0) if repeated and self.adapter.fades else 0.0
        return sum(once) + again

    def next_burst(self) -> Symbols | None:
        """The next burst to send, complex64[n] of unit mean power; None when the shipment is done with."""
        block = self.next_block()
        return None if block is None else modulate(block, self._framing)

    def next_block(self) -> Block | None:
        """As `next_burst`, before modulation: for whoever only counts."""
        while self._sending is not None or self._waiting:
            sending = self._sending or self._prepared(self._waiting.popleft())
            self._sending = sending
            sizes = burst_sizes(sending.block(self._process), self._framing)
            if sizes.total > self._room and not self._shortened_to_fit(sending):
                self._withhold(sending)
                continue
            sizes = burst_sizes(sending.block(self._process), self._framing)
            if not sending.rounds and not sending.payload.renewed:
                self._begin(sending)
            self._room -= sizes.total
            self._count(sizes, sending)
            sending.rounds += 1
            return sending.block(self._process)
        return None

    def report(self, report: BlockReport) -> None:
        """Takes what the receiver said of the last burst."""
        sending = self._sending
        self.adapter.observe(
            report.snr_db,
            report.effective_snr_db,
            sounding=sending is None,
            control_decoded=report.control_decoded,
        )
        self.record.snr_db = report.snr_db
        if sending is None:  # it was a sounding
            return
        if not report.control_decoded:
            sending.aggregation = min(2 * sending.aggregation, MAX_AGGREGATION)
        else:
            sending.versions_received += 1
            if sending.bulk is not None and sending.rounds == 1 and not sending.payload.is_sound:
                self.adapter.observe_ack(report.bulk is TbState.DECODED)
            if report.protected is TbState.DECODED:
                sending.protected = None
            if report.bulk is TbState.DECODED:
                sending.bulk = None
            if sending.bulk is not None and not sending.payload.is_sound:
                self._shorten(sending, sending.bulk, report.effective_snr_db)
        sending.pilot_spacing = DENSE_SPACING  # a repetition is no place for savings
        arrived = sending.protected is None and sending.bulk is None
        rounds = self.record.rounds
        if arrived or sending.rounds == (
            min(rounds, SOUND_TRANSMISSIONS) if sending.payload.is_sound else rounds
        ):
            self._end(sending)

    def _prepared(self, payload: BlockPayload) -> _Sending:
        """``payload``, as it would go out now."""
        protected, bulk = payload.protected, payload.bulk
        small = None if protected is None else TransportBlock(protected.data, self._safe_mcs(protected))
        large = None
        if bulk is not None:
            choose = self.adapter.choose_sound if payload.is_sound else self.adapter.choose_bulk
            large = TransportBlock(bulk.data, choose(len(bulk.data)))
        return _Sending(payload, small, large, self.adapter.aggregation(), self.adapter.pilot_spacing())

    def _shorten(self, sending: _Sending, bulk: TransportBlock, effective_snr_db: float) -> None:
        """Repeats no more of the bulk than was missing, but all of it in the last round."""
        size, first = len(bulk.payload), sending.bulk_mcs or bulk.mcs
        sending.bulk_mcs = first
        if math.isfinite(effective_snr_db):
            sending.received += symbols_for(size, bulk.mcs) * capacity(effective_snr_db)
        last = sending.rounds + 1 == self.record.rounds
        mcs = first if last else self.adapter.choose_repetition(size, first, sending.received)
        sending.bulk = TransportBlock(bulk.payload, mcs)

    def _shortened_to_fit(self, sending: _Sending) -> bool:
        """Whether a repetition can be so short that there is room for it; it is then as long as there is room
        for: what it brings is more than nothing."""
        bulk, first = sending.bulk, sending.bulk_mcs
        if bulk is None or first is None or not sending.versions_received:
            return False
        for mcs in reversed(repeats_as(len(bulk.payload), first)):
            sending.bulk = TransportBlock(bulk.payload, mcs)
            if burst_sizes(sending.block(self._process), self._framing).total <= self._room:
                return True
        return False

    def _begin(self, sending: _Sending) -> None:
        """Counts a block that leaves for the first time.

        One that is sent anew is the same block still, and the receiver knows it as such.
        """
        self._process = (self._process + 1) % PROCESSES
        self.record.blocks_sent += 1
        payload = sending.payload
        for part, block in ((payload.protected, sending.protected), (payload.bulk, sending.bulk)):
            self._count_mcs(part, block)

    def _end(self, sending: _Sending) -> None:
        self._sending = None
        protected, bulk = sending.protected is None, sending.bulk is None
        payload = sending.payload
        if protected and bulk:
            return
        if payload.renewals:
            rest = replace(
                payload,
                protected=None if protected else payload.protected,
                bulk=None if bulk else payload.bulk,
                renewals=payload.renewals - 1,
                renewed=True,
            )
            self._waiting.appendleft(rest)
            return
        self.record.blocks_lost += not payload.short
        self.record.sound_blocks_lost += payload.is_sound
        self._deliver(protected, bulk, payload)

    def _withhold(self, sending: _Sending) -> None:
        """Gives up the bulk, or what is left without it: there is no room to send it, or to send it again."""
        payload = sending.payload
        if not payload.short:
            tried = sending.rounds > 0 or payload.renewed
            self.record.blocks_lost += tried
            self.record.blocks_withheld += not tried
            self.record.sound_blocks_lost += payload.is_sound
        if sending.protected is None or sending.bulk is None:
            self._sending = None
            self._deliver(sending.protected is None, sending.bulk is None, payload)
            return
        self._deliver(True, False, payload)
        sending.bulk = None
        sending.payload = replace(payload, bulk=None, short=True)

    def _deliver(self, protected: bool, bulk: bool, payload: BlockPayload) -> None:
        """Notes that of ``payload`` no more than this arrived.

        What describes a group lies in its first bulk: without it the others would take their room in vain.
        """
        lost = [] if bulk else [payload.stretch]
        if lost and payload.stretch and not payload.stretch.start and self._room < math.inf:
            vain = [waiting for waiting in self._waiting if waiting.bulk is not None]
            self.record.blocks_withheld += len(vain)
            lost += [waiting.stretch for waiting in vain]
            self._waiting = deque(replace(w, bulk=None) for w in self._waiting if w.protected is not None)
        self.delivery = Delivery(self.delivery.protected and protected, (*self.delivery.lost, *lost))

    def _safe_mcs(self, payload: Payload) -> Mcs:
        # without a header nothing can be shown, and an answer is all that there is
        header = not payload.bits.keys().isdisjoint((SymbolClass.HEADER, SymbolClass.ANSWER))
        choose = self.adapter.choose_header if header else self.adapter.choose_protected
        return choose(len(payload.data))

    def _count_mcs(self, payload: Payload | None, block: TransportBlock | None) -> None:
        if payload is not None and block is not None:
            for symbol_class in payload.bits:
                self.record.mcs.setdefault(symbol_class, Counter())[block.mcs.name] += 1

    def _count(self, sizes: BurstSizes, sending: _Sending) -> None:
        ledger, payload = self.record.ledger, sending.payload
        self.record.bursts_sent += 1
        if payload.is_sound:
            self.record.sound_symbols += sizes.total
        if sending.rounds or payload.renewed:
            self.record.retransmissions += 1
            ledger.add(SymbolClass.RETRANSMISSION, sizes.total)
            return
        ledger.add(SymbolClass.PILOT, sizes.pilots)
        ledger.add(SymbolClass.CONTROL, sizes.control)
        if payload.protected is not None:
            ledger.add_shared(sizes.protected, payload.protected.bits)
        if payload.bulk is not None:
            ledger.add_shared(sizes.bulk, payload.bulk.bits)
