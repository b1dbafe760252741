"""When each segment arrives, and what is left out so that it arrives in time (docs/deadlines.md).

After latency-aware generative semantic communication (arXiv 2403.17256): text is repeated until it is right,
pictures get the modulation that the time left allows, and what does not arrive in time is generated.

Time is that of the link: a burst lasts as long as its symbols at the symbol rate, and the pause before it. A
segment is ready when the frame at which analysis closed it was taken; nothing leaves before that, as from a
camera. Reports come back at once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from semvid.accounting import cbr
from semvid.link.blocks import BlockPayload, Delivery
from semvid.link.record import LinkRecord
from semvid.options import TransmissionOptions
from semvid.profile import Given
from semvid.video.probe import SourceInfo
from transmitter.shipment import Shipment

TEXT_RENEWALS: Final = 32  # of all rounds; where text is lost in so many the link is down
LINK_SHARE: Final = 0.8  # of what the link carries, to aim at where neither quality nor CBR was asked for


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a segment could be shown, and of what.

    Attributes:
        number: of the segment.
        ready_s: when it was complete at the transmitter, seconds of the source.
        delay_s: from then until all that there is to show it had arrived, or was given up.
        text: its side information arrived.
        picture: its keyframe arrived; otherwise the receiver generates over it.
    """

    number: int
    ready_s: float
    delay_s: float
    text: bool
    picture: bool

    def resource(self) -> dict[str, Any]:
        """JSON-ready."""
        seconds = {"ready_s": round(self.ready_s, 6), "delay_s": round(self.delay_s, 6)}
        return {"number": self.number, **seconds, "text": self.text, "picture": self.picture}


@dataclass(slots=True)
class Delays:
    """Of all segments so far.

    Attributes:
        deadline_s: None: there is none.
        segments: that were sent.
        kept: of them, that arrived, or were given up to be generated, in time.
        generated: whose keyframe did not arrive.
        total_s, longest_s: of their delays.
    """

    deadline_s: float | None
    segments: int = 0
    kept: int = 0
    generated: int = 0
    total_s: float = 0.0
    longest_s: float = 0.0

    def add(self, arrival: Arrival) -> None:
        """Takes one more segment in."""
        self.segments += 1
        self.generated += not arrival.picture
        self.total_s += arrival.delay_s
        self.longest_s = max(self.longest_s, arrival.delay_s)
        self.kept += arrival.text and (self.deadline_s is None or arrival.delay_s <= self.deadline_s)

    def resource(self) -> dict[str, Any]:
        """JSON-ready; ``kept`` only where there is a deadline."""
        mean_s = self.total_s / self.segments if self.segments else 0.0
        return {
            "deadline_s": self.deadline_s,
            "segments": self.segments,
            **({} if self.deadline_s is None else {"kept": self.kept}),
            "generated": self.generated,
            "mean_s": round(mean_s, 6),
            "longest_s": round(self.longest_s, 6),
        }


class Timing:
    """The link's clock during one transmission.

    Args:
        symbol_rate_hz: channel uses a second.
        frame_rate: of the source, frames a second.
        pause_s: before every burst.
        deadline_s: from a segment being ready until it is there; None: delays are only measured.
    """

    def __init__(
        self, symbol_rate_hz: float, frame_rate: float, pause_s: float = 0.0, deadline_s: float | None = None
    ) -> None:
        self._rate_hz, self._frame_rate, self._pause_s = symbol_rate_hz, frame_rate, pause_s
        self.delays = Delays(deadline_s)
        self._now_s = 0.0
        self._counted = (0, 0)  # symbols and bursts of which the time is taken

    @classmethod
    def of(cls, options: TransmissionOptions, source: SourceInfo) -> "Timing | None":
        """The clock of a transmission; None where nobody said how fast the link is."""
        rate_hz = options.symbols_per_s
        if rate_hz is None:
            return None
        pause_ms = (options.channel.pause_ms if options.channel else None) or 0.0
        return cls(rate_hz, float(source.frame_rate), pause_ms / 1e3, options.deadline_s)

    @property
    def has_deadline(self) -> bool:
        """Whether anything is left out for it."""
        return self.delays.deadline_s is not None

    def begin(
        self, shipment: Shipment, blocks: Sequence[BlockPayload], link: LinkRecord
    ) -> tuple[list[BlockPayload], list[BlockPayload]]:
        """What of a shipment leaves first, and what then for at most `room` symbols.

        Without a deadline all of it leaves first.

        Args:
            blocks: of the shipment.
            link: what was sent before.
        """
        self._advance(link)
        self._now_s = max(self._now_s, self._ready_s(shipment.segments[-1].frames_read))
        if not self.has_deadline:
            return list(blocks), []
        text = [
            BlockPayload(protected=block.protected, renewals=TEXT_RENEWALS)
            for block in blocks
            if block.protected
        ]
        return text, [replace(block, protected=None) for block in blocks if block.bulk]

    def charged(self, shipment: Shipment, symbols: float, link: LinkRecord) -> float:
        """What rate control is told that a shipment takes, of which ``symbols`` are expected.

        As much more than it may take as it takes more than is left until it is late: so what begins a
        sequence is coded coarser, and what follows is left out, as for want of room. Where it is late
        already, coarser pictures would not help.
        """
        if not self.has_deadline or not math.isfinite(shipment.most_symbols):
            return symbols
        self._advance(link)
        start_s = max(self._now_s, self._ready_s(shipment.segments[-1].frames_read))
        left = self._left(shipment, start_s)
        return symbols * max(1.0, shipment.most_symbols / left) if left > 0 else symbols

    def room(self, shipment: Shipment, link: LinkRecord) -> float:
        """Channel uses left until the first segment of ``shipment`` is late; 0 where it is."""
        self._advance(link)
        return self._left(shipment, self._now_s)

    def end(self, shipment: Shipment, delivery: Delivery, link: LinkRecord) -> list[Arrival]:
        """The delays of the segments of a shipment that is done with; what comes again is not to be noted."""
        self._advance(link)
        coded = shipment.coded
        lost = set() if coded is None else coded.pictures_in(delivery.lost)
        there: set[int] = set()
        if coded is not None:
            there = {
                picture.place
                for index, picture in enumerate(coded.group.pictures)
                if coded.packets[index] and index not in lost
            }
        arrivals = []
        for place, segment in enumerate(shipment.segments):
            if segment.keyframe is None and not segment.last:  # the stream header, ahead of everything
                continue
            ready_s = self._ready_s(segment.frames_read)
            shown = place in there or segment.keyframe is None
            arrivals.append(
                Arrival(segment.number, ready_s, self._now_s - ready_s, delivery.protected, shown)
            )
        return arrivals

    def note(self, arrivals: Sequence[Arrival]) -> None:
        """Takes in what `end` gave of a shipment that does not come again."""
        for arrival in arrivals:
            self.delays.add(arrival)

    def _left(self, shipment: Shipment, now_s: float) -> float:
        assert self.delays.deadline_s is not None
        due_s = self._ready_s(shipment.segments[0].frames_read) + self.delays.deadline_s
        return max(0.0, (due_s - now_s - self._pause_s) * self._rate_hz)

    def _ready_s(self, frames_read: int) -> float:
        return frames_read / self._frame_rate

    def _advance(self, link: LinkRecord) -> None:
        """Lets the time of what was sent since the last call go by."""
        symbols, bursts = link.ledger.total_symbols, link.bursts_sent
        before, bursts_before = self._counted
        self._now_s += (symbols - before) / self._rate_hz + (bursts - bursts_before) * self._pause_s
        self._counted = symbols, bursts


def together(text: Delivery, pictures: Delivery) -> Delivery:
    """What arrived of a shipment that left in two parts."""
    return Delivery(text.protected and pictures.protected, (*text.lost, *pictures.lost))


def within_link(options: TransmissionOptions, source: SourceInfo) -> TransmissionOptions:
    """With a deadline and neither quality nor CBR: a target CBR of `LINK_SHARE` of what the link carries.

    Pictures as fine as by default would be late on a slow link, each of them.
    """
    rate_hz, asked = options.symbols_per_s, options.quality is not None or options.target_cbr is not None
    if options.deadline_s is None or rate_hz is None or asked or options.given is not Given.BOTH_ENDS:
        return options
    a_second = cbr(round(LINK_SHARE * rate_hz), 1, source.height, source.width) / float(source.frame_rate)
    return options.model_copy(update={"target_cbr": min(1.0, a_second)})
