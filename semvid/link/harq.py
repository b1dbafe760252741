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
codes the next picture, and lets a slow receiver slow the sender down (docs/decisions/0002). Where reports are
late, pictures of one shipment that need nothing of each other to be put in place may be under way together
(docs/decisions/0017). Reports are taken in order, one where nothing may leave: that is reproducible as well.
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
from semvid.phy.block import Block, TbState, modulate
from semvid.phy.control_word import PROCESSES
from semvid.phy.framing import framing_of
from semvid.phy.pilots import pilot_symbols
from semvid.waveform import SINGLE_CARRIER, Waveform

RETRANSMISSIONS: Final = 2  # rounds after the first, by default
# A link is known once bursts of so many symbols were reported on: eight fades of the emulator's default.
# The burst that is to tell has no fewer bytes, as short codes lose more, and takes no larger part of what
# there is to spend.
PROBE_SYMBOLS: Final = 2048
MAX_WINDOW: Final = PROCESSES // 2  # so that the receiver can tell an old block from a new one
_SMALLEST_PROBE_BYTES: Final = 256
_MOST_OF_THE_ROOM: Final = 1 / 4
_TYPICAL_BULK_BYTES: Final = 1000


class HarqSender:
    """Sends payloads in blocks, each until it arrived or its rounds are used up.

    Args:
        mcs: row of TS 38.214 Table 5.1.3.1-2 for bulk payloads, or "auto".
        retransmissions: rounds of incremental redundancy after the first.
        waveform: how symbols become a signal.
        window: blocks that may be under way at once. With more than one, ask for bursts until there is none,
            and then give one report: what leaves depends on the reports that have come, not on their time.

    Raises:
        ValueError: a window out of range, or as `LinkAdapter`.

    Attributes:
        adapter: what is known of the channel.
        record: what the link cost and carried so far.
        delivery: what became of the latest shipment, once `next_burst` has given None.
        hastens: a first transmission that has no room leaves at a faster MCS, where one has a chance.
    """

    def __init__(
        self,
        mcs: int | Literal["auto"] = "auto",
        retransmissions: int = RETRANSMISSIONS,
        waveform: Waveform = SINGLE_CARRIER,
        window: int = 1,
    ) -> None:
        if not 1 <= window <= MAX_WINDOW:
            raise ValueError(f"1..{MAX_WINDOW} blocks can be under way, got {window}")
        self._waveform, self._framing = waveform, framing_of(waveform)
        self.adapter = LinkAdapter(mcs, retransmissions, self._framing)
        self.record = LinkRecord(1 + retransmissions)
        self.delivery = Delivery()
        self.hastens = False
        self._window = window
        self._waiting: deque[BlockPayload] = deque()
        self._flying: deque[tuple[Sending, int]] = deque()  # bursts that no report came on, and their symbols
        self._again: deque[Sending] = deque()  # blocks to be repeated
        self._in_vain = False  # what this shipment still has under way
        self._room = math.inf
        self._process = 0
        self._seen = 0  # symbols of bursts that were reported on, soundings left out
        self._asked_again = (
            False  # the report that comes is on a sounding, and repeats what it says of a block
        )
        self._probing = False  # the first bulk of this shipment tells what the link is like

    def sound(self) -> Symbols:
        """Known symbols, complex64[n]: the report on them tells the SNR before anything is at stake."""
        symbols = pilot_symbols(self._framing.sounding_symbols)
        self.record.ledger.add(SymbolClass.PILOT, self._waveform.on_air(len(symbols)))
        self.record.bursts_sent += 1
        return symbols

    def poll(self) -> Symbols:
        """Known symbols again, complex64[n], where the report on the only burst under way could not be read:
        the report on them repeats what became of it. Give it to `report` as if it were that one."""
        self.record.polls += 1
        self._asked_again = True
        return self.sound()

    def unread(self) -> None:
        """Takes that the report on the oldest burst under way cannot be read: it counts as not acknowledged.

        The same redundancy version leaves again, since nobody knows whether the receiver holds it: what it
        has decoded it decodes once more.
        """
        self.report(BlockReport(False, TbState.ABSENT, TbState.ABSENT, math.nan, math.nan))

    def ship(self, blocks: Iterable[BlockPayload], most_symbols: float = math.inf) -> None:
        """Takes what is to be sent next, in order.

        Args:
            blocks: the most important first.
            most_symbols: that they may take, repetitions included. What has no room is given up: of a block
                the bulk before the protected part, and a repetition as well as a first transmission.

        Raises:
            RuntimeError: the last shipment is still on its way.
        """
        if self._flying or self._again or self._waiting:
            raise RuntimeError("a shipment leaves when the one before it has arrived or is given up")
        self._waiting.extend(blocks)
        self._room = most_symbols
        self._probing = not self._knows_the_link and most_symbols < math.inf
        self.delivery, self._in_vain = Delivery(), False

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

    @property
    def under_way(self) -> int:
        """Bursts that no report came on yet."""
        return len(self._flying)

    def next_burst(self) -> Symbols | None:
        """The next burst to send, complex64[n] of unit mean power.

        None when the shipment is done with, or nothing may leave before the next report (`under_way`).
        """
        block = self.next_block()
        return None if block is None else modulate(block, self._framing)

    def next_block(self) -> Block | None:
        """As `next_burst`, before modulation: for whoever only counts."""
        while (sending := self._next()) is not None:
            if self._probing and self._is_beyond_its_means(sending):
                self._abandon(sending)
                continue
            if sending.sizes(self._framing).total > self._room and not self._fits_shortened(sending):
                self._withhold(sending)
                continue
            if not sending.repeats:
                self._begin(sending)
            sizes = sending.sizes(self._framing)
            self._room -= sizes.total
            self._flying.append((sending, sizes.total))
            self.record.count_burst(sizes, sending.payload, sending.repeats)
            sending.rounds += 1
            return sending.block()
        return None

    def report(self, report: BlockReport) -> None:
        """Takes what the receiver said of the oldest burst under way."""
        sending, symbols = self._flying.popleft() if self._flying else (None, 0)
        asked_again, self._asked_again = self._asked_again, False
        self.adapter.observe(
            report.snr_db,
            report.effective_snr_db,
            symbols=symbols,
            sounding=sending is None or asked_again,
            control_decoded=report.control_decoded,
        )
        if asked_again:  # what the block met is not known
            report = replace(report, effective_snr_db=math.nan)
        if math.isfinite(report.snr_db):
            self.record.snr_db = report.snr_db
        if sending is None:  # it was a sounding
            return
        self._seen += symbols
        rounds = self.record.rounds
        sending.take(report, self.adapter, rounds)
        if sending.payload.once and sending.bulk is not None:
            self._let_go(sending)
        most = min(rounds, SOUND_TRANSMISSIONS) if sending.payload.is_sound else rounds
        if sending.arrived or sending.rounds == most or self._in_vain:
            self._end(sending)
        else:
            self._again.append(sending)

    def _next(self) -> Sending | None:
        """The block that may leave now: one to be repeated, or the next one where the window is open."""
        if self._again:
            return self._again.popleft()
        if not self._waiting:
            return None
        others = [sending for sending, _ in self._flying]
        if not others:
            return Sending.prepared(self._waiting.popleft(), self.adapter)
        if len(others) >= self._window or self._probing or any(one.is_alone for one in others):
            return None
        following = self._process + 1
        if any((following - (one.process or 0)) % PROCESSES >= MAX_WINDOW for one in others):
            return None
        sending = Sending.prepared(self._waiting[0], self.adapter)
        if sending.is_alone:
            return None
        self._waiting.popleft()
        return sending

    @property
    def _knows_the_link(self) -> bool:
        return self._seen >= PROBE_SYMBOLS

    def _is_beyond_its_means(self, sending: Sending) -> bool:
        """Whether anchors that were coded for what little was known have no room, repetitions included, now
        that a burst has said what the link is like. Asked once, before the first of them leaves."""
        if sending.rounds or not sending.payload.stretch.start:
            return False
        self._probing = False
        anchors = [payload for payload in (sending.payload, *self._waiting) if payload.anchor]
        return self.symbols_of(anchors, repeated=True) > self._room

    def _fits_shortened(self, sending: Sending) -> bool:
        if self.hastens and not sending.rounds:
            return sending.hastened_to_fit(self._room, self._framing, self.adapter)
        return sending.shortened_to_fit(self._room, self._framing)

    def _abandon(self, sending: Sending) -> None:
        """Gives up the rest of a shipment, and with it what has arrived: it is to be made anew, smaller."""
        left = (sending.payload, *self._waiting)
        self.record.blocks_withheld += len(left)
        lost = (range(left[0].stretch.start), *(payload.stretch for payload in left))
        self._waiting.clear()
        self.delivery = Delivery(self.delivery.protected, (*self.delivery.lost, *lost))

    def _begin(self, sending: Sending) -> None:
        """Counts a block that leaves for the first time."""
        self._process = sending.process = (self._process + 1) % PROCESSES
        self.record.blocks_sent += 1
        self.record.count_mcs(sending.payload.protected, sending.protected)
        self.record.count_mcs(sending.payload.bulk, sending.bulk)
        self.record.count_analogue(sending.payload)

    def _end(self, sending: Sending) -> None:
        protected, bulk = sending.protected is None, sending.shown
        payload = sending.payload
        if protected and bulk:
            return
        if payload.renewals and not self._in_vain:
            rest = replace(
                payload,
                protected=None if protected else payload.protected,
                bulk=None if bulk else payload.bulk,
                renewals=payload.renewals - 1,
                renewed=True,
            )
            anew = Sending.prepared(rest, self.adapter)
            anew.process = sending.process  # the same block still, and the receiver knows it as such
            self._again.append(anew)
            return
        self.record.blocks_lost += not payload.short
        self.record.sound_blocks_lost += payload.is_sound
        self._deliver(protected, bulk, payload)

    def _let_go(self, sending: Sending) -> None:
        """Bulk that is sent once has not arrived: what is protected beside it is repeated without it."""
        self.record.blocks_lost += 1
        self._deliver(True, False, sending.payload)
        sending.bulk = None
        sending.payload = replace(sending.payload, bulk=None, short=True)

    def _withhold(self, sending: Sending) -> None:
        """Gives up the bulk, or what is left without it: there is no room to send it, or to send it again.

        Symbols without bits are given up as a bulk is, before they have left.
        """
        payload = sending.payload
        if not payload.short:
            tried = sending.repeats
            self.record.blocks_lost += tried
            self.record.blocks_withheld += not tried
            self.record.sound_blocks_lost += payload.is_sound
        if sending.protected is None or (sending.bulk is None and sending.analogue is None):
            self._deliver(sending.protected is None, sending.shown, payload)
            return
        self._deliver(True, False, payload)
        sending.bulk = sending.analogue = None
        sending.payload = replace(payload, bulk=None, analogue=None, short=True)
        self._again.appendleft(sending)

    def _deliver(self, protected: bool, bulk: bool, payload: BlockPayload) -> None:
        """Notes that of ``payload`` no more than this arrived.

        What describes a group lies in its first bulk, and the picture that begins a sequence there and in
        those that follow: without it the others would take their room in vain, or have.
        """
        lost = [] if bulk else [payload.stretch]
        stretch = payload.stretch
        first = stretch and not stretch.start and not payload.once
        if lost and stretch and (payload.vital or first) and self._room < math.inf:
            lost += [range(stretch.start)] if stretch.start else []
            vain = [waiting for waiting in self._waiting if waiting.bulk is not None]
            self.record.blocks_withheld += len(vain)
            lost += [waiting.stretch for waiting in vain]
            self._waiting = deque(replace(w, bulk=None) for w in self._waiting if w.protected is not None)
            self._in_vain = True
            self.record.blocks_lost += len(self._again)
            lost += [sending.payload.stretch for sending in self._again]
            self._again.clear()
        self.delivery = Delivery(self.delivery.protected and protected, (*self.delivery.lost, *lost))
