"""AV1 open bitstream units: framing that a counted channel need not carry.

The air carries one packet per picture and knows its length, so the temporal delimiter in front and the size
field of the last unit say nothing new. `strip` takes them away (4 bytes of a packet of about 300), `restore`
puts them back. Source: AV1 bitstream specification, sections 5.3 and 5.6.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from semvid.errors import MalformedUnits

_SEQUENCE_HEADER = 1
_TEMPORAL_DELIMITER = 2
_HAS_SIZE = 0x02
_HAS_EXTENSION = 0x04
_RESERVED = 0x81  # forbidden bit and reserved bit
_MAX_SIZE_FIELD = 8  # bytes of leb128


@dataclass(frozen=True, slots=True)
class _Obu:
    kind: int
    header: bytes  # one or two bytes, without the size field
    payload: bytes


def strip(packet: bytes) -> bytes:
    """One temporal unit without its delimiter and without the size of its last unit.

    Raises:
        MalformedUnits: ``packet`` is not a sequence of AV1 units.
    """
    units = [unit for unit in _units(packet) if unit.kind != _TEMPORAL_DELIMITER]
    if not units:
        raise MalformedUnits(f"keyframe packet of {len(packet)} bytes holds no AV1 unit besides delimiters")
    return b"".join(map(_with_size, units[:-1])) + _without_size(units[-1])


def restore(packet: bytes) -> bytes:
    """A full temporal unit for any decoder, from what `strip` left.

    Raises:
        MalformedUnits: ``packet`` is not a sequence of AV1 units.
    """
    units = list(_units(packet))
    if not units:
        raise MalformedUnits("keyframe packet is empty")
    return bytes([_TEMPORAL_DELIMITER << 3 | _HAS_SIZE, 0]) + b"".join(map(_with_size, units))


def starts_sequence(packet: bytes) -> bool:
    """Whether a stripped packet opens with a sequence header: it decodes without any earlier packet."""
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
