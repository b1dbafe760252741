"""What leaves the transmitter's core, and what became of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from semvid.link.blocks import BlockPayload
from semvid.link.packing import CodedGroup, analogue_blocks, block_payloads
from semvid.phy.analogue import AnalogueBlock
from semvid.semantics import AnalogueKeyframe, Caption, SideUnit, StreamHeader
from transmitter.keyframes.selection import Selected


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """What analysis ends together: a segment's side information, and the keyframe that ends it.

    Attributes:
        units: for the protected transport block.
        keyframe: that ends it; None where only side information is left to send.
        number: of the keyframe, or how many there were.
        frames_read: frames of the source looked at so far.
        last: no other segment follows.
    """

    units: list[SideUnit]
    keyframe: Selected | None
    number: int
    frames_read: int
    last: bool

    @property
    def stop(self) -> int:
        """One past the last frame that can be shown with it; 0 of the stream header alone."""
        if self.last:
            return self.frames_read
        return 0 if self.keyframe is None else self.keyframe.frame.index + 1

    def joined(self, end: Segment) -> Segment:
        """With what follows it up to the end of the video, which has no keyframe: this one's is held."""
        return replace(self, units=[*self.units, *end.units], frames_read=end.frames_read, last=True)


@dataclass(frozen=True, slots=True, eq=False)
class AnaloguePicture:
    """A keyframe as symbols without bits.

    Attributes:
        keyframe: what the receiver must know exactly.
        symbols: as many as are sent; None where the keyframe was given up.
    """

    keyframe: AnalogueKeyframe
    symbols: AnalogueBlock | None

    @property
    def count(self) -> int:
        """Symbols that are sent."""
        return 0 if self.symbols is None else len(self.symbols.symbols)


@dataclass(frozen=True, slots=True, eq=False)
class Shipment:
    """What leaves together: some segments, and the group of the keyframes that end them.

    Attributes:
        segments: in the order of time.
        units: theirs, the stream header before the first, the openings of segments without picture after.
        coded: the group; None where no picture is sent.
        crf: of its pictures; None where they are not AV1.
        most_symbols: that it may take, repetitions included.
        analogue: a keyframe as symbols, in the place of ``coded``.
    """

    segments: tuple[Segment, ...]
    units: list[SideUnit]
    coded: CodedGroup | None = None
    crf: float | None = None
    most_symbols: float = math.inf
    analogue: AnaloguePicture | None = None

    @property
    def carries_header(self) -> bool:
        """Whether nothing can be shown without it."""
        return any(isinstance(unit, StreamHeader) for unit in self.units)

    @property
    def places(self) -> dict[str, int]:
        """Which segments it carries, for spans."""
        return {"first_segment": self.segments[0].number, "segments": len(self.segments)}

    @property
    def captions_given_up(self) -> int:
        """Captions of its segments for which it has no room."""
        wanted = sum(isinstance(unit, Caption) for segment in self.segments for unit in segment.units)
        return wanted - sum(isinstance(unit, Caption) for unit in self.units)

    def blocks(self, bulk_limit_bytes: int, probe_bytes: int | None = None) -> list[BlockPayload]:
        """As payloads for `semvid.link.harq.HarqSender.ship`; see `semvid.link.packing.block_payloads`."""
        if self.analogue is not None:
            return analogue_blocks(self.units, self.analogue.keyframe, self.analogue.symbols)
        return block_payloads(self.units, self.coded, bulk_limit_bytes, probe_bytes)


class Quote(Protocol):
    """What the link will take; in services and laboratory `semvid.link.harq.HarqSender.symbols_of`."""

    def __call__(self, shipment: Shipment, repeated: bool) -> float:
        """Channel uses of ``shipment`` over the link as it is now.

        Args:
            shipment: as it would leave.
            repeated: with what is to be put aside for repetitions.
        """
        ...


@dataclass(slots=True)
class LayerRecord:
    """What became of the keyframes of one layer so far.

    Attributes:
        sent: that left, and how many ``bytes`` they took.
        given_up: that had no room or leaned on a missing one.
        lost: that left and did not arrive.
    """

    sent: int = 0
    bytes: int = 0
    given_up: int = 0
    lost: int = 0


def keyframe_facts(layers: Mapping[int, LayerRecord], captions_given_up: int) -> dict[str, Any]:
    """For a job's facts, JSON-ready: what became of its keyframes by layer, and captions without room."""
    by_layer = {str(number): asdict(layer) for number, layer in sorted(layers.items())}
    return {"layers": by_layer, "captions_given_up": captions_given_up}
