"""Semantic units and groups of coded keyframes, dealt into the payloads of blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from semvid import bitstream, keyframe_payload, sound_payload
from semvid.accounting import SymbolClass
from semvid.answers import TaskAnswer, TaskHeader
from semvid.faces.units import FaceMotion, FaceShape
from semvid.images.keyframe_codec import EncodedPicture
from semvid.link.blocks import BlockPayload, Payload
from semvid.phy.analogue import AnalogueBlock
from semvid.semantics import (
    AnalogueKeyframe,
    Caption,
    GroupPicture,
    KeyframeGroup,
    KeyframeSlice,
    SideUnit,
    SoundHeader,
    SoundPackets,
)

_PROTECTED_BYTES: Final = 400  # of units in one protected transport block
_SMALLEST_BULK_BYTES: Final = 700  # a block of its own costs as much as 30 bytes, and short codes lose more


@dataclass(frozen=True, slots=True)
class CodedGroup:
    """A group of keyframes, coded.

    Attributes:
        group: describes it.
        packets: of its pictures, in coding order; empty where one is not sent.
    """

    group: KeyframeGroup
    packets: Sequence[bytes]

    @classmethod
    def of(
        cls,
        pictures: Sequence[EncodedPicture],
        number: int,
        frames: Sequence[int],
        shot_start: bool,
        sent: Container[int] | None = None,
    ) -> CodedGroup:
        """A group from the picture code.

        Args:
            pictures: in coding order.
            number: of its first keyframe in time order.
            frames: of the source, in time order.
            shot_start: a hard cut lies just before the first of them.
            sent: indices of the pictures that are not given up; None: all.
        """
        first = min(picture.number for picture in pictures)
        packets = [p.packet if sent is None or index in sent else b"" for index, p in enumerate(pictures)]
        described = tuple(
            GroupPicture(p.number - first, frames[p.number - first], len(packet), p.kept_in)
            for p, packet in zip(pictures, packets, strict=True)
        )
        return cls(KeyframeGroup(number, described, shot_start, pictures[0].refresh), packets)

    def stretches(self, most_bytes: int, probe_bytes: int | None = None) -> list[range]:
        """The bytes of each block, as ranges of the joined packets.

        A new block begins where a layer does, unless one of the two would be small, and where one is full.

        Args:
            most_bytes: of a block.
            probe_bytes: of the first block, where it would otherwise be longer by more than a small one.
        """
        layers = self.group.layers()
        order = self.group.by_importance()
        ends = list(accumulate(len(self.packets[index]) for index in order))
        starts, total = [0], ends[-1]
        for index, following, end in zip(order, order[1:], ends, strict=False):
            layer_ends = layers[index] < layers[following]
            if layer_ends and end - starts[-1] >= _SMALLEST_BULK_BYTES <= total - end:
                starts.append(end)
        if probe_bytes is not None and probe_bytes + _SMALLEST_BULK_BYTES <= [*starts, total][1]:
            starts.insert(1, probe_bytes)
        return [
            range(first, min(first + most_bytes, stop))
            for start, stop in zip(starts, [*starts[1:], total], strict=True)
            for first in range(start, max(stop, 1), most_bytes)
        ]

    def blocks(self, limit_bytes: int, probe_bytes: int | None = None) -> Iterator[BlockPayload]:
        """Blocks with at most ``limit_bytes`` each, most important pictures first.

        A block that was given up is sent anew once where others lean on a picture in it: it costs less than
        what would hang in the air without it.

        Args:
            limit_bytes: of a bulk payload.
            probe_bytes: of the first, see `stretches`.
        """
        group = self.group
        joined = b"".join(self.packets[index] for index in group.by_importance())
        framing = len(keyframe_payload.pack(group, KeyframeSlice(group.number, 0, b"")))
        layers, first = group.layers(), group.by_importance()[0]
        for stretch in self.stretches(limit_bytes - framing, probe_bytes):
            part = KeyframeSlice(group.number, stretch.start, joined[stretch.start : stretch.stop])
            data = keyframe_payload.pack(None if stretch.start else group, part)
            payload = Payload(data, {SymbolClass.KEYFRAME: 8 * len(data)})
            leaned_on = any(group.pictures[index].kept_in for index in self.pictures_in([stretch]))
            carried = self._pictures_of(stretch)
            yield BlockPayload(
                bulk=payload,
                stretch=stretch,
                anchor=any(layers[index] == 0 for index in carried),
                vital=group.refresh and (first in carried or not stretch.start),
                renewals=int(leaned_on),
            )

    def pictures_in(self, stretches: Sequence[range]) -> set[int]:
        """Indices of the pictures that are sent in vain where the blocks of ``stretches`` are lost.

        Those of which some byte lies in them; and where the first of all is lost, which describes the group,
        every one.
        """
        headless = any(not stretch.start for stretch in stretches)
        if headless:
            return {index for index, span in enumerate(self.group.spans()) if span}
        return set().union(*map(self._pictures_of, stretches))

    def _pictures_of(self, stretch: range) -> set[int]:
        """Indices of the pictures of which some byte lies in ``stretch``."""
        return {
            index
            for index, span in enumerate(self.group.spans())
            if span and stretch.start < span.stop and span.start < stretch.stop
        }


def block_payloads(
    units: Sequence[SideUnit],
    coded: CodedGroup | None,
    bulk_limit_bytes: int,
    probe_bytes: int | None = None,
) -> list[BlockPayload]:
    """The blocks in which ``units`` and keyframes travel.

    Units that do not fit beside the first keyframes go before them: the receiver shows a segment as soon as
    the keyframe at its end is there, and needs its time stamps by then.

    Args:
        bulk_limit_bytes: largest bulk payload at the present modulation and coding.
        probe_bytes: of the first bulk payload, where little is known of the link.
    """
    blocks = [BlockPayload(protected=_payload(group)) for group in _groups(units)]
    if coded is None:
        return blocks
    first, *others = coded.blocks(bulk_limit_bytes, probe_bytes)
    if blocks:
        first = replace(first, protected=blocks.pop().protected)
    return [*blocks, first, *others]


def analogue_blocks(
    units: Sequence[SideUnit], keyframe: AnalogueKeyframe, symbols: AnalogueBlock | None
) -> list[BlockPayload]:
    """The blocks in which ``units`` and a keyframe without bits travel.

    Args:
        units: go before it, or beside it where they fit.
        keyframe: says what the symbols are.
        symbols: of the keyframe; None where it was given up.
    """
    *before, last = [BlockPayload(protected=_payload(group)) for group in _groups([*units, keyframe])]
    return [*before, replace(last, analogue=symbols)]


def sound_blocks(unit: SoundPackets, limit_bytes: int) -> list[BlockPayload]:
    """The blocks in which sound packets travel: one, or more where it would pass ``limit_bytes``."""
    data = sound_payload.pack(unit)
    half = len(unit.packets) // 2
    if len(data) > limit_bytes and half:
        parts = (
            SoundPackets(unit.first, unit.packets[:half]),
            SoundPackets(unit.first + half, unit.packets[half:]),
        )
        return [block for part in parts for block in sound_blocks(part, limit_bytes)]
    return [BlockPayload(bulk=Payload(data, {SymbolClass.SOUND: 8 * len(data)}))]


def _payload(units: Sequence[SideUnit]) -> Payload:
    bits: Counter[SymbolClass] = Counter()
    for unit in units:
        bits[_class_of(unit)] += bitstream.bits_of(unit)
    return Payload(bitstream.pack(units), bits)


def _class_of(unit: SideUnit) -> SymbolClass:
    match unit:
        case Caption():
            return SymbolClass.CAPTION
        case SoundHeader():
            return SymbolClass.SOUND
        case TaskHeader() | TaskAnswer():
            return SymbolClass.ANSWER
        case AnalogueKeyframe():
            return SymbolClass.KEYFRAME
        case FaceShape() | FaceMotion():
            return SymbolClass.FACE
        case _:
            return SymbolClass.HEADER


def _groups(units: Sequence[SideUnit]) -> list[list[SideUnit]]:
    """Units dealt into groups that each fit one protected transport block."""
    groups: list[list[SideUnit]] = []
    for unit in units:
        if groups and len(bitstream.pack([*groups[-1], unit])) <= _PROTECTED_BYTES:
            groups[-1].append(unit)
        else:
            groups.append([unit])
    return groups
