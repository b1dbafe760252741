"""Semantic units and coded keyframes, dealt into the payloads of blocks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from semvid import bitstream
from semvid.accounting import SymbolClass
from semvid.link.harq import BlockPayload, Payload
from semvid.semantics import MAX_PACKET_BYTES, Caption, Keyframe, Unit

_FRAMING_BYTES: Final = 32  # of a keyframe unit around its packet, at most
_PROTECTED_BYTES: Final = 400  # of units in one protected transport block
_CLASS_OF: Final = {
    Caption: SymbolClass.CAPTION,
    Keyframe: SymbolClass.KEYFRAME,
}


@dataclass(frozen=True, slots=True)
class KeyframePacket:
    """One coded keyframe, whole.

    Attributes:
        number, frame, packet, shot_start, refresh: see `semvid.semantics.Keyframe`.
    """

    number: int
    frame: int
    packet: bytes
    shot_start: bool
    refresh: bool

    def parts(self, most_bytes: int) -> list[Keyframe]:
        """As units with at most ``most_bytes`` of the packet each."""
        packet = self.packet
        pieces = [packet[start : start + most_bytes] for start in range(0, len(packet), most_bytes)]
        return [
            Keyframe(self.number, self.frame, piece, self.shot_start, self.refresh, part, len(pieces))
            for part, piece in enumerate(pieces)
        ]


def block_payloads(
    units: Sequence[Unit], keyframe: KeyframePacket | None, bulk_limit_bytes: int
) -> list[BlockPayload]:
    """The blocks in which ``units`` and a keyframe travel; there must be units or a keyframe.

    Units that do not fit beside the keyframe go before it: the receiver shows a segment as soon as the
    keyframe at its end is there, and needs its time stamps by then.

    Args:
        units: header, caption, timing and end units, keyframes without picture.
        bulk_limit_bytes: largest bulk payload at the present modulation and coding.
    """
    blocks = [BlockPayload(protected=_payload(group)) for group in _groups(units)]
    if keyframe is None:
        return blocks
    most_bytes = min(MAX_PACKET_BYTES, bulk_limit_bytes - _FRAMING_BYTES)
    first, *others = [_payload([part]) for part in keyframe.parts(most_bytes)]
    beside = blocks.pop().protected if blocks else None
    return [*blocks, BlockPayload(beside, first), *(BlockPayload(bulk=part) for part in others)]


def _payload(units: Sequence[Unit]) -> Payload:
    bits: Counter[SymbolClass] = Counter()
    for unit in units:
        bits[_class_of(unit)] += 8 * len(bitstream.pack([unit]))
    return Payload(bitstream.pack(units), bits)


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
