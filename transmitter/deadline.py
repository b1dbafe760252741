"""When each segment arrives, and what is left out so that it arrives in time (docs/deadlines.md).

After latency-aware generative semantic communication (arXiv 2403.17256): text is repeated until it is right,
pictures get the modulation that the time left allows, and what does not arrive in time is generated.

Time is that of the link: a burst lasts as long as its symbols at the symbol rate, and the pause before it. A
segment is ready when the frame at which analysis closed it was taken; nothing leaves before that, as from a
camera. Reports come back at once. Of a live source the clock on the wall is heeded too: it tells when a frame
was taken, and what coding takes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from semvid.accounting import cbr
from semvid.link.blocks import BlockPayload, Delivery
from semvid.link.record import LinkRecord
from semvid.options import TransmissionOptions
from semvid.profile import Given
from semvid.video.probe import SourceInfo
from transmitter.shipment import Segment, Shipment

TEXT_RENEWALS: Final = 32  # of all rounds; where text is lost in so many the link is down
# Of the bound, that a picture of a live source may take where the machine, not the link, made it late: others
# lean on it, and one that stands alone instead takes longer. What is late before it is coded is left out.
_GRACE: Final = 0.25
_NEWEST: Final = 0.3  # that the newest picture counts in what pictures usually take
LINK_SHARE: Final = 0.8  # of what the link carries, to aim at where neither quality nor CBR was asked for


class Taking(Protocol):
    """When frames are taken."""

    def taken_s(self, index: int) -> float:
        """Seconds from the beginning until frame ``index`` was there."""

    def now_s(self) -> float:
        """Seconds by the clock on the wall; 0 where it does not count."""


@dataclass(frozen=True, slots=True)
class FromFile:
    """Frames of a file, taken as if by a camera: each is there when it is over.

    Attributes:
        frame_rate: frames a second.
    """

    frame_rate: float

    def taken_s(self, index: int) -> float:
        """See `Taking`."""
        return (index + 1) / self.frame_rate

    def now_s(self) -> float:
        """See `Taking`: how long we take to compute is no matter."""
        return 0.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a segment could be shown, and of what.

    Attributes:
        number: of the segment.
        ready_s: when it was complete at the transmitter, seconds of the source.
        delay_s: from then until all that there is to show it had arrived, or was given up.
        latency_s: until then from the first of its frames being taken.
        stop: one past the last frame that it shows.
        text: its side information arrived.
        picture: its keyframe arrived; otherwise the receiver generates over it.
    """

    number: int
    ready_s: float
    delay_s: float
    latency_s: float
    stop: int
    text: bool
    picture: bool

    def resource(self) -> dict[str, Any]:
        """JSON-ready."""
        names = ("ready_s", "delay_s", "latency_s")
        seconds = {name: round(getattr(self, name), 6) for name in names}
        return {"number": self.number, **seconds, "text": self.text, "picture": self.picture}


@dataclass(slots=True)
class Delays:
    """Of all segments so far.

    Attributes:
        deadline_s: None: there is none.
        latency_s: that was asked for; None: none was.
        segments: that were sent.
        kept: of them, that arrived, or were given up to be generated, in time.
        generated: whose keyframe did not arrive.
        total_s, longest_s: of their delays.
        total_latency_s, longest_latency_s: of their latencies.
    """

    deadline_s: float | None
    latency_s: float | None = None
    segments: int = 0
    kept: int = 0
    generated: int = 0
    total_s: float = 0.0
    longest_s: float = 0.0
    total_latency_s: float = 0.0
    longest_latency_s: float = 0.0

    @property
    def bounded(self) -> bool:
        """Whether either is asked for."""
        return self.deadline_s is not None or self.latency_s is not None

    def add(self, arrival: Arrival) -> None:
        """Takes one more segment in."""
        self.segments += 1
        self.generated += not arrival.picture
        self.total_s += arrival.delay_s
        self.longest_s = max(self.longest_s, arrival.delay_s)
        self.total_latency_s += arrival.latency_s
        self.longest_latency_s = max(self.longest_latency_s, arrival.latency_s)
        in_time = self.deadline_s is None or arrival.delay_s <= self.deadline_s
        in_time &= self.latency_s is None or arrival.latency_s <= self.latency_s
        self.kept += arrival.text and in_time

    def resource(self) -> dict[str, Any]:
        """JSON-ready; ``kept`` only where there is a deadline or a latency."""
        count = max(1, self.segments)
        return {
            "deadline_s": self.deadline_s,
            "latency_s": self.latency_s,
            "segments": self.segments,
            **({"kept": self.kept} if self.bounded else {}),
            "generated": self.generated,
            "mean_s": round(self.total_s / count, 6),
            "longest_s": round(self.longest_s, 6),
            "mean_latency_s": round(self.total_latency_s / count, 6),
            "longest_latency_s": round(self.longest_latency_s, 6),
        }


class Timing:
    """The link's clock during one transmission.

    Args:
        symbol_rate_hz: channel uses a second; infinite: the link takes what it takes by the wall clock.
        taking: when frames are taken.
        pause_s: before every burst.
        deadline_s: from a segment being ready until it is there; None: there is none.
        latency_s: from the first of its frames being taken until it is there; None: there is none.
    """

    def __init__(
        self,
        symbol_rate_hz: float,
        taking: Taking,
        pause_s: float = 0.0,
        deadline_s: float | None = None,
        latency_s: float | None = None,
    ) -> None:
        self._rate_hz, self._taking, self._pause_s = symbol_rate_hz, taking, pause_s
        self.delays = Delays(deadline_s, latency_s)
        self._now_s = 0.0
        self._next_frame = self._unshown = 0  # the first that is not sent yet; that cannot be shown yet
        self._asked_s: float | None = None  # when `late` was asked last
        self._usual_s = 0.0  # from then until a picture was there, mean of the newest
        self._counted = (0, 0)  # symbols and bursts of which the time is taken

    @classmethod
    def of(
        cls, options: TransmissionOptions, source: SourceInfo, live: Taking | None = None
    ) -> "Timing | None":
        """The clock of a transmission; None where nobody said how fast the link is, unless ``live``."""
        rate_hz = options.symbols_per_s
        if rate_hz is None and live is None:
            return None
        pause_ms = (options.channel.pause_ms if options.channel else None) or 0.0
        taking = live or FromFile(float(source.frame_rate))
        bounds = options.deadline_s, options.latency_s
        return cls(math.inf if rate_hz is None else rate_hz, taking, pause_ms / 1e3, *bounds)

    @property
    def has_deadline(self) -> bool:
        """Whether anything is left out for being late."""
        return self.delays.bounded

    @property
    def ahead_s(self) -> float:
        """How long a live link, which is as slow as its symbol rate, still sends by the clock on the wall."""
        wall_s = self._taking.now_s()
        return self._now_s - wall_s if wall_s else 0.0

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
        self._now_s = max(self._now_s, self._ready_s(shipment.segments[-1]))
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
        start_s = max(self._now_s, self._ready_s(shipment.segments[-1]))
        left = self._left(shipment, start_s)
        return symbols * max(1.0, shipment.most_symbols / left) if left > 0 else symbols

    def late(self, segment: Segment, link: LinkRecord) -> bool:
        """Whether the picture that ends ``segment`` of a live source would be late before it is coded.

        Judged by what the ones before it took, so that a machine or a link that is behind drops pictures, and
        not one after the other comes late.
        """
        self._advance(link)
        self._asked_s = self._taking.now_s()
        if not self.has_deadline or not self._asked_s:
            return False
        if self._now_s + self._usual_s <= self._due_s(segment):
            return False
        self._usual_s *= 1 - _NEWEST  # one that was slow must not be the last that is tried
        return True

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
        arrivals, first = [], self._unshown
        for place, segment in enumerate(shipment.segments):
            if segment.keyframe is None and segment.stop <= first:  # the header, or the end, alone
                continue
            ready_s = self._ready_s(segment)
            shown = place in there or segment.keyframe is None
            latency_s = self._now_s - self._taking.taken_s(first)
            times = ready_s, self._now_s - ready_s, latency_s
            arrivals.append(Arrival(segment.number, *times, segment.stop, delivery.protected, shown))
            first = segment.stop if shown else first
        return arrivals

    def note(self, arrivals: Sequence[Arrival]) -> None:
        """Takes in what `end` gave of a shipment that does not come again."""
        for arrival in arrivals:
            self.delays.add(arrival)
            self._next_frame = arrival.stop
            if arrival.picture:
                self._unshown = arrival.stop
                if self._asked_s is not None:
                    taken_s = self._now_s - self._asked_s
                    self._usual_s += _NEWEST * (taken_s - self._usual_s)
                self._asked_s = None

    def _left(self, shipment: Shipment, now_s: float) -> float:
        left_s = self._due_s(shipment.segments[0]) - now_s - self._pause_s
        if self._taking.now_s():
            left_s = max(left_s, _GRACE * self._bound_s)
        return max(0.0, left_s * self._rate_hz)

    def _due_s(self, segment: Segment) -> float:
        """When the next segment is late."""
        by_frame = self.delays.latency_s is not None
        since_s = self._taking.taken_s(self._next_frame) if by_frame else self._ready_s(segment)
        return since_s + self._bound_s

    @property
    def _bound_s(self) -> float:
        bound_s = self.delays.deadline_s if self.delays.latency_s is None else self.delays.latency_s
        assert bound_s is not None
        return bound_s

    def _ready_s(self, segment: Segment) -> float:
        return self._taking.taken_s(segment.frames_read - 1) if segment.frames_read else 0.0

    def _advance(self, link: LinkRecord) -> None:
        """Lets the time of what was sent since the last call go by."""
        symbols, bursts = link.ledger.total_symbols, link.bursts_sent
        before, bursts_before = self._counted
        sent_s = (symbols - before) / self._rate_hz + (bursts - bursts_before) * self._pause_s
        self._now_s = max(self._now_s + sent_s, self._taking.now_s())
        self._counted = symbols, bursts


def together(text: Delivery, pictures: Delivery) -> Delivery:
    """What arrived of a shipment that left in two parts."""
    return Delivery(text.protected and pictures.protected, (*text.lost, *pictures.lost))


def within_link(options: TransmissionOptions, source: SourceInfo) -> TransmissionOptions:
    """Where late pictures are left out, and neither quality nor CBR is asked for: a target CBR of
    `LINK_SHARE` of what the link carries.

    Pictures as fine as by default would be late on a slow link, each of them.
    """
    rate_hz, asked = options.symbols_per_s, options.quality is not None or options.target_cbr is not None
    if not options.is_timed or rate_hz is None or asked or options.given is not Given.BOTH_ENDS:
        return options
    a_second = cbr(round(LINK_SHARE * rate_hz), 1, source.height, source.width) / float(source.frame_rate)
    return options.model_copy(update={"target_cbr": min(1.0, a_second)})
