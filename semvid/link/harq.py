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
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Literal

from semvid.accounting import SymbolClass
from semvid.link.blocks import BlockPayload, BlockReport, Delivery
from semvid.link.record import LinkRecord
from semvid.link.sending import Sending
from semvid.phy.adaptation import REPETITION_SHARE, SOUND_TRANSMISSIONS, LinkAdapter
from semvid.phy.arrays import Symbols
from semvid.phy.block import Block, modulate
from semvid.phy.control_word import PROCESSES
from semvid.phy.framing import framing_of
from semvid.phy.pilots import pilot_symbols
from semvid.waveform import SINGLE_CARRIER, Waveform

RETRANSMISSIONS: Final = 2  # rounds after the first, by default
# A link is known once bursts of so many symbols were reported on: eight fades of the emulator's default.
# The burst that is to tell has no fewer bytes, as short codes lose more, and takes no larger part of what
# there is to spend.
PROBE_SYMBOLS: Final = 2048
_SMALLEST_PROBE_BYTES: Final = 256
_MOST_OF_THE_ROOM: Final = 1 / 4
_TYPICAL_BULK_BYTES: Final = 1000


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
        self._framing = framing_of(waveform)
        self.adapter = LinkAdapter(mcs, retransmissions, self._framing)
        self.record = LinkRecord(1 + retransmissions)
        self.delivery = Delivery()
        self._waiting: deque[BlockPayload] = deque()
        self._sending: Sending | None = None
        self._room = math.inf
        self._process = 0
        self._seen = 0  # symbols of bursts that were reported on, soundings left out
        self._latest = 0  # symbols of the latest burst
        self._probing = False  # the first bulk of this shipment tells what the link is like

    def sound(self) -> Symbols:
        """Known symbols, complex64[n]: the report on them tells the SNR before anything is at stake."""
        symbols = pilot_symbols(self._framing.sounding_symbols)
        self.record.ledger.add(SymbolClass.PILOT, len(symbols))
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
        self._probing = not self._knows_the_link and most_symbols < math.inf
        self.delivery = Delivery()

    def symbols_of(self, blocks: Iterable[BlockPayload], repeated: bool) -> float:
        """Channel uses to put aside for ``blocks``, over the link as it is now.

        Args:
            blocks: to be shipped.
            repeated: on a link that fades, the largest of them too, as much as a repetition usually takes.
        """
        once = [Sending.prepared(payload, self.adapter).sizes(self._framing).total for payload in blocks]
        again = REPETITION_SHARE * max(once, default=0) if repeated and self.adapter.fades else 0.0
        return sum(once) + again

    def probe_bytes(self, most_symbols: float) -> int | None:
        """Bulk bytes that are to leave first, and what follows when the link is known by them.

        A sounding lies within one fade and cannot tell what a burst will meet. Where a shipment may take so
        much and no more, the first burst is short enough for what comes after it to be sent as the link is,
        repeated, or made anew.

        Args:
            most_symbols: that the shipment may take.

        Returns:
            None where the link is known, nothing bounds the shipment, or there is too little to spend.
        """
        if self._knows_the_link or most_symbols == math.inf:
            return None
        bits_per_symbol = self.adapter.bulk_bits_per_symbol(_TYPICAL_BULK_BYTES)
        size = max(_SMALLEST_PROBE_BYTES, round(PROBE_SYMBOLS * bits_per_symbol / 8))
        return size if 8 * size / bits_per_symbol <= _MOST_OF_THE_ROOM * most_symbols else None

    def next_burst(self) -> Symbols | None:
        """The next burst to send, complex64[n] of unit mean power; None when the shipment is done with."""
        block = self.next_block()
        return None if block is None else modulate(block, self._framing)

    def next_block(self) -> Block | None:
        """As `next_burst`, before modulation: for whoever only counts."""
        while self._sending is not None or self._waiting:
            sending = self._sending or Sending.prepared(self._waiting.popleft(), self.adapter)
            self._sending = sending
            if self._probing and self._is_beyond_its_means(sending):
                self._abandon(sending)
                continue
            if sending.sizes(self._framing).total > self._room and not sending.shortened_to_fit(
                self._room, self._framing
            ):
                self._withhold(sending)
                continue
            if not sending.repeats:
                self._begin(sending)
            sizes = sending.sizes(self._framing)
            self._room -= sizes.total
            self._latest = sizes.total
            self.record.count_burst(sizes, sending.payload, sending.repeats)
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
        self._seen += self._latest
        rounds = self.record.rounds
        sending.take(report, self.adapter, rounds)
        most = min(rounds, SOUND_TRANSMISSIONS) if sending.payload.is_sound else rounds
        if sending.arrived or sending.rounds == most:
            self._end(sending)

    @property
    def _knows_the_link(self) -> bool:
        return self._seen >= PROBE_SYMBOLS

    def _is_beyond_its_means(self, sending: Sending) -> bool:
        """Whether anchors that were coded for what a sounding measured have no room, repetitions included,
        now that the burst before them has met fading. Asked once, before the first of them leaves."""
        if sending.rounds or not sending.payload.stretch.start:
            return False
        self._probing = False
        anchors = [payload for payload in (sending.payload, *self._waiting) if payload.anchor]
        return self.adapter.fades and self.symbols_of(anchors, repeated=True) > self._room

    def _abandon(self, sending: Sending) -> None:
        """Gives up the rest of a shipment, and with it what has arrived: it is to be made anew, smaller."""
        left = (sending.payload, *self._waiting)
        self.record.blocks_withheld += len(left)
        lost = (range(left[0].stretch.start), *(payload.stretch for payload in left))
        self._sending = None
        self._waiting.clear()
        self.delivery = Delivery(self.delivery.protected, (*self.delivery.lost, *lost))

    def _begin(self, sending: Sending) -> None:
        """Counts a block that leaves for the first time.

        One that is sent anew is the same block still, and the receiver knows it as such.
        """
        self._process = (self._process + 1) % PROCESSES
        self.record.blocks_sent += 1
        self.record.count_mcs(sending.payload.protected, sending.protected)
        self.record.count_mcs(sending.payload.bulk, sending.bulk)

    def _end(self, sending: Sending) -> None:
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

    def _withhold(self, sending: Sending) -> None:
        """Gives up the bulk, or what is left without it: there is no room to send it, or to send it again."""
        payload = sending.payload
        if not payload.short:
            tried = sending.repeats
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

        What describes a group lies in its first bulk, and the picture that begins a sequence there and in
        those that follow: without it the others would take their room in vain, or have.
        """
        lost = [] if bulk else [payload.stretch]
        stretch = payload.stretch
        if lost and stretch and (payload.vital or not stretch.start) and self._room < math.inf:
            lost += [range(stretch.start)] if stretch.start else []
            vain = [waiting for waiting in self._waiting if waiting.bulk is not None]
            self.record.blocks_withheld += len(vain)
            lost += [waiting.stretch for waiting in vain]
            self._waiting = deque(replace(w, bulk=None) for w in self._waiting if w.protected is not None)
        self.delivery = Delivery(self.delivery.protected and protected, (*self.delivery.lost, *lost))
