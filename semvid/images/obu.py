"""AV1 open bitstream units: one packet per picture, without framing that a counted channel need not carry.

An encoder gives temporal units: what is shown at one time, and in front of it pictures that are coded now and
shown later, each of which a unit of 5 bytes calls up when its time has come. `pictures` takes such a unit
apart. The air carries a packet for each picture and knows its length, so delimiters, the size of the last
unit and the calls say nothing new; `restore` and `call` put them back at the receiver.
Source: AV1 bitstream specification, sections 5.3, 5.6 and 7.21 (a frame shown again).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from semvid.errors import MalformedUnits
from semvid.images.frame_header import FrameHeader, SequenceHeader

_SEQUENCE_HEADER = 1
_TEMPORAL_DELIMITER = 2
_FRAME_HEADER = 3
_FRAME = 6
_HAS_SIZE = 0x02
_HAS_EXTENSION = 0x04
_RESERVED = 0x81  # forbidden bit and reserved bit
_MAX_SIZE_FIELD = 8  # bytes of leb128
_DELIMITER = bytes([_TEMPORAL_DELIMITER << 3 | _HAS_SIZE, 0])


class ReferenceLost(MalformedUnits):
    """A keyframe leans on one that is missing."""


@dataclass(frozen=True, slots=True)
class _Obu:
    kind: int
    header: bytes  # one or two bytes, without the size field
    payload: bytes


def pictures(temporal_unit: bytes) -> list[bytes]:
    """The packets of the pictures coded in one temporal unit, in coding order; none if it only shows one.

    A packet is a frame, behind the sequence header where it begins a sequence; no delimiter, and no size of
    its last unit.

    Raises:
        MalformedUnits: ``temporal_unit`` is not a sequence of AV1 units, or holds some that no picture needs.
    """
    packets: list[bytes] = []
    before: list[_Obu] = []
    for unit in _units(temporal_unit):
        if unit.kind == _SEQUENCE_HEADER:
            before.append(unit)
        elif unit.kind == _FRAME:
            packets.append(b"".join(map(_with_size, before)) + _without_size(unit))
            before.clear()
        elif unit.kind not in (_TEMPORAL_DELIMITER, _FRAME_HEADER):
            raise MalformedUnits(f"an AV1 unit of kind {unit.kind} in a temporal unit of pictures")
    return packets


def heads(packet: bytes, sequence: SequenceHeader | None) -> tuple[SequenceHeader, FrameHeader]:
    """The sequence header in force for a packet, its own or the one before, and its frame header.

    Raises:
        ReferenceLost: none has begun a sequence.
        MalformedUnits: the packet is not one of `pictures`.
    """
    *before, last = _units(packet) if packet else [_Obu(0, b"", b"")]
    if before and before[0].kind == _SEQUENCE_HEADER:
        sequence = SequenceHeader.parse(before[0].payload)
    if last.kind != _FRAME or len(before) > 1 or (before and before[0].kind != _SEQUENCE_HEADER):
        raise MalformedUnits(f"keyframe packet of {len(packet)} bytes is not one AV1 frame")
    if sequence is None:
        raise ReferenceLost("keyframe packet belongs to a sequence whose beginning is missing")
    frame = FrameHeader.parse(last.payload, sequence)
    if frame is None:
        raise MalformedUnits("keyframe packet holds no picture, only a call for another one")
    return sequence, frame


def call(slot: int) -> bytes:
    """A temporal unit that makes a decoder show the picture that it keeps in ``slot``."""
    head = 1 << 7 | slot << 4 | 1 << 3  # show an existing frame; its slot; trailing bit
    return bytes([*_DELIMITER, _FRAME_HEADER << 3 | _HAS_SIZE, 1, head])


def restore(packet: bytes) -> bytes:
    """A full temporal unit for any decoder, from a packet of `pictures`.

    Raises:
        MalformedUnits: ``packet`` is not a sequence of AV1 units.
    """
    units = list(_units(packet))
    if not units:
        raise MalformedUnits("keyframe packet is empty")
    return _DELIMITER + b"".join(map(_with_size, units))


def starts_sequence(packet: bytes) -> bool:
    """Whether a packet opens with a sequence header: it decodes without any earlier packet."""
    return len(packet) > 0 and (packet[0] >> 3) & 15 == _SEQUENCE_HEADER


def _units(packet: bytes) -> Iterator[_Obu]:
    at = 0
    while at < len(packet):
        flags = packet[at]
        if flags & _RESERVED:
            raise MalformedUnits(f"AV1 unit header {flags:#04x} at byte {at} has reserved bits set")
        header = packet[at : at + (2 if flags & _HAS_EXTENSION else 1)]
        at += len(header)
        if flags & _HAS_SIZE:
            size, at = _read_size(packet, at)
        else:
            size = len(packet) - at
        if at + size > len(packet):
            raise MalformedUnits(f"AV1 unit of {size} bytes at byte {at} passes the end at {len(packet)}")
        yield _Obu((flags >> 3) & 15, header, packet[at : at + size])
        at += size


def _read_size(packet: bytes, at: int) -> tuple[int, int]:
    size = 0
    for position, byte in enumerate(packet[at : at + _MAX_SIZE_FIELD]):
        size |= (byte & 0x7F) << (7 * position)
        if not byte & 0x80:
            return size, at + position + 1
    raise MalformedUnits(f"AV1 unit size at byte {at} does not end")


def _with_size(unit: _Obu) -> bytes:
    size = bytearray()
    left = len(unit.payload)
    while left > 0x7F:
        size.append(left & 0x7F | 0x80)
        left >>= 7
    size.append(left)
    return bytes([unit.header[0] | _HAS_SIZE]) + unit.header[1:] + bytes(size) + unit.payload


def _without_size(unit: _Obu) -> bytes:
    return bytes([unit.header[0] & ~_HAS_SIZE]) + unit.header[1:] + unit.payload
