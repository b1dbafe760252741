"""What of a group of keyframes may leave, from all of it to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from semvid.images.keyframe_codec import Group
from semvid.link.packing import CodedGroup
from semvid.semantics import ALL_SLOTS, Caption, SideUnit, layers_of
from transmitter.shipment import Segment, Shipment


@dataclass(frozen=True, slots=True)
class Missing:
    """Slots of the receiver's picture decoder that lack what is meant for them.

    Attributes:
        slots: a bit for each; at first nothing is in any.
    """

    slots: int = ALL_SLOTS

    def after(self, group: Group, there: set[int]) -> tuple[set[int], Missing]:
        """What becomes of ``group`` where only ``there``, indices of it, arrive.

        Returns:
            Those of ``there`` that lean on nothing missing, and what is missing after the group.
        """
        slots, decodable = self.slots, set()
        for index, picture in enumerate(group):
            if index in there and not picture.leans_on & slots:
                decodable.add(index)
                slots &= ~picture.kept_in
            else:
                slots |= picture.kept_in
        return decodable, Missing(slots)


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """One way to send a group.

    Attributes:
        shipment: what leaves.
        repeated: repetitions are to have room.
        missing: at the receiver once it has arrived.
    """

    shipment: Shipment
    repeated: bool
    missing: Missing


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """The ways to send a group, and what each leaves at the receiver.

    Attributes:
        group: of keyframes.
        segments: that they end.
        units: of the segments, the stream header before the first.
        crf: of the pictures.
        most_symbols: that a shipment may take.
        missing: at the receiver before.
    """

    group: Group
    segments: Sequence[Segment]
    units: list[SideUnit]
    crf: float
    most_symbols: float
    missing: Missing

    def __iter__(self) -> Iterator[Offer]:
        """From all of the group to nothing: upper pictures go first, then captions, then anchors.

        The last picture is offered without room for repetitions, if need be.
        """
        for count in range(len(self.group), self._anchors - 1, -1):
            yield self._offer(self.units, count, repeated=True)
        for count in range(self._anchors, 0, -1):
            yield self._offer(self._silent, count, repeated=True)
        yield self._offer(self._silent, 1, repeated=False)
        yield self._offer(self._silent, 0, repeated=False)

    @property
    def everything(self) -> Offer:
        """All of the group, and all captions."""
        return self._offer(self.units, len(self.group), repeated=True)

    @property
    def anchors(self) -> Offer:
        """The lowest layer, without captions."""
        return self._offer(self._silent, self._anchors, repeated=True)

    @property
    def _layers(self) -> list[int]:
        return layers_of([picture.number for picture in self.group])

    @property
    def _anchors(self) -> int:
        return self._layers.count(0)

    @property
    def _silent(self) -> list[SideUnit]:
        return [unit for unit in self.units if not isinstance(unit, Caption)]

    def _offer(self, units: list[SideUnit], count: int, repeated: bool) -> Offer:
        """The ``count`` most important pictures, less those that could not be decoded."""
        order = sorted(range(len(self.group)), key=self._layers.__getitem__)
        sent, missing = self.missing.after(self.group, set(order[:count]))
        keyframes = [segment.keyframe for segment in self.segments if segment.keyframe is not None]
        frames = [keyframe.frame.index for keyframe in keyframes]
        coded = CodedGroup.of(self.group, self.segments[0].number, frames, keyframes[0].shot_start, sent)
        shipment = Shipment(tuple(self.segments), units, coded, self.crf, self.most_symbols)
        return Offer(shipment, repeated, missing)
