"""How one shipment crosses the link: its sound ahead of it, what is late left out, the budget kept."""

import asyncio
import math
from fractions import Fraction

from semvid.link.blocks import BlockPayload, Delivery
from semvid.link.packing import sound_blocks
from semvid.service.clock import StageClock
from semvid.service.tracing import Span
from transmitter.deadline import Arrival, Timing, together
from transmitter.link_sender import LinkSender
from transmitter.rate.control import Budget
from transmitter.shipment import Segment, Shipment
from transmitter.sound.sender import SoundSender


class Shipping:
    """Of one transmission.

    Args:
        sender: over an open link that has sounded.
        budget: never exceeded; None: there is none.
        timing: the link's clock; None: nobody said how fast it is.
        sound: what is heard with the pictures; None: nothing.
        time_base: of the video's time stamps, seconds.
        clock: takes the seconds of sound and link.
        span: of the transmission.

    Attributes:
        arrivals: when the segments of the latest shipment could be shown; none where nothing is timed.
    """

    def __init__(
        self,
        sender: LinkSender,
        budget: Budget | None,
        timing: Timing | None,
        sound: SoundSender | None,
        time_base: Fraction,
        clock: StageClock,
        span: Span,
    ) -> None:
        self._sender, self._harq = sender, sender.harq
        self._budget, self._timing, self._sound = budget, timing, sound
        self._time_base = time_base
        self._clock, self._span = clock, span
        self.arrivals: list[Arrival] = []
        self._harq.hastens = timing is not None and timing.has_deadline

    @property
    def put_aside(self) -> float:
        """Symbols that the plan puts aside for the sound sent so far."""
        return 0.0 if self._sound is None else self._sound.symbols_put_aside

    def quote(self, shipment: Shipment, repeated: bool) -> float:
        """See `transmitter.shipment.Quote`."""
        symbols = self._harq.symbols_of(self._blocks(shipment), repeated)
        return symbols if self._timing is None else self._timing.charged(shipment, symbols, self._harq.record)

    def late(self, segment: Segment) -> bool:
        """Whether the picture that ends ``segment`` would be late before it is coded, see `Timing.late`."""
        return self._timing is not None and self._timing.late(segment, self._harq.record)

    async def ship(self, shipment: Shipment) -> Delivery:
        """One shipment onto the link, with its sound: ahead of the pictures, but not of the stream header."""
        last = shipment.segments[-1]
        header, alone = shipment.carries_header, last.keyframe is None and not last.last
        if not header:
            await self._ship_sound(last)
        with self._span.child("ship", **shipment.places) as span:
            delivery = await self._ship_in_time(shipment, span)
        if header and delivery.protected and not alone:
            await self._ship_sound(last)
        return delivery

    async def _ship_in_time(self, shipment: Shipment, span: Span) -> Delivery:
        """Without its sound; with a deadline the text first, and as much of the pictures as is in time."""
        blocks, most, link = self._blocks(shipment), shipment.most_symbols, self._harq.record
        if (timing := self._timing) is None:
            return await self._exchange(blocks, most, span)
        first, then = timing.begin(shipment, blocks, link)
        before = link.ledger.total_symbols
        delivery = await self._exchange(first, most, span)
        if then:
            left = most - (link.ledger.total_symbols - before)
            shown = await self._exchange(then, min(left, timing.room(shipment, link)), span)
            delivery = together(delivery, shown)
        self.arrivals = timing.end(shipment, delivery, link)
        if math.isfinite(ahead_s := timing.ahead_s):
            await asyncio.sleep(max(0.0, ahead_s))
        return delivery

    def _blocks(self, shipment: Shipment) -> list[BlockPayload]:
        limit_bytes = self._harq.adapter.bulk_limit_bytes()
        return shipment.blocks(limit_bytes, self._harq.probe_bytes(shipment.most_symbols))

    async def _ship_sound(self, segment: Segment) -> None:
        """The sound up to the end of ``segment``."""
        if (sound := self._sound) is None:
            return
        seconds = math.inf
        if segment.keyframe is not None and not segment.last:
            seconds = float(segment.keyframe.frame.pts * self._time_base)
        with self._clock.stage("sound"):
            units = await asyncio.to_thread(list, sound.until(seconds))
        for unit in units:
            blocks = sound_blocks(unit, self._harq.adapter.sound_limit_bytes())
            await self._exchange(blocks, self._most_for_sound(sound), self._span)

    def _most_for_sound(self, sound: SoundSender) -> float:
        """Symbols that the next sound may take.

        Where a CBR is to be met, in all twice what its bit rate takes: repetitions take that at worst on a
        link as it was planned for.
        """
        if self._budget is None:
            return math.inf
        return 2 * sound.plan.symbols_per_s * sound.seconds - self._harq.record.sound_symbols

    async def _exchange(self, blocks: list[BlockPayload], most_symbols: float, span: Span) -> Delivery:
        """Blocks onto the link, repeated where they do not arrive, within the budget of the transmission."""
        if self._budget is not None:
            most_symbols = min(most_symbols, self._budget.most - self._harq.record.ledger.total_symbols)
        with self._clock.stage("link"):
            return await self._sender.ship(blocks, most_symbols, span)
