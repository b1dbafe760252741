"""Sound packets <-> bytes: the payload of a bulk transport block of its own kind.

    20 zeros, 1 | first | packets less one | silence? | base size | order | packets | padding | their bytes

`semvid.keyframe_payload` begins with the number of a keyframe, of which no code has more than 19 zeros in
front: the two kinds tell themselves apart, and keyframes pay nothing for it. Of each packet: whether it is
silent (only where one is), what its size differs from the base by, as a signed Exponential-Golomb code of the
order stated, and whether it begins with the same byte as the one before (in Opus: coding mode and channels),
which is then left out.
"""

from collections.abc import Sequence
from statistics import median_low

from semvid.bits import BitReader, BitWriter, signed, unsigned
from semvid.errors import InvalidInput, MalformedUnits
from semvid.semantics import SoundPackets
from semvid.semantics.sound import MAX_SOUND_PACKETS

_MARK_BITS = 21
_FIRST_ORDER, _BASE_ORDER, _ORDER_BITS = 8, 5, 3
_COUNT_BITS = (MAX_SOUND_PACKETS - 1).bit_length()


def is_sound(payload: bytes) -> bool:
    """Whether a bulk payload carries sound; otherwise keyframes."""
    return int.from_bytes(payload[:3].ljust(3, b"\0"), "big") >> 24 - _MARK_BITS == 1


def pack(unit: SoundPackets) -> bytes:
    """Serialises sound packets; the same ones always give the same bytes."""
    loud = [packet for packet in unit.packets if packet]
    sizes = [len(packet) for packet in loud]
    base = median_low(sizes) if sizes else 0
    order = _best_order([unsigned(size - base) for size in sizes])
    bits = BitWriter()
    bits.fixed(1, _MARK_BITS)
    bits.golomb(unit.first, _FIRST_ORDER)
    bits.fixed(len(unit.packets) - 1, _COUNT_BITS)
    bits.fixed(len(loud) < len(unit.packets), 1)
    bits.golomb(base, _BASE_ORDER)
    bits.fixed(order, _ORDER_BITS)
    data, head = [], b""
    for packet in unit.packets:
        if len(loud) < len(unit.packets):
            bits.fixed(not packet, 1)
        if not packet:
            continue
        bits.golomb(unsigned(len(packet) - base), order)
        same = packet[:1] == head
        bits.fixed(same, 1)
        data.append(packet[same:])
        head = packet[:1]
    return bits.to_bytes() + b"".join(data)


def unpack(payload: bytes) -> list[SoundPackets]:
    """Parses what `pack` made.

    Raises:
        MalformedUnits: bytes that `pack` does not make.
    """
    bits = BitReader(payload, "sound packets")
    if bits.fixed(_MARK_BITS) != 1:
        raise MalformedUnits("a payload that does not begin as sound packets do")
    first, count, some_silent = bits.golomb(_FIRST_ORDER), bits.fixed(_COUNT_BITS) + 1, bits.fixed(1)
    base, order = bits.golomb(_BASE_ORDER), bits.fixed(_ORDER_BITS)
    described: list[tuple[int, bool]] = []
    for _ in range(count):
        if some_silent and bits.fixed(1):
            described.append((0, False))
            continue
        size = base + signed(bits.golomb(order))
        if size < 1:
            raise MalformedUnits(f"a sound packet of {size} bytes")
        described.append((size, bool(bits.fixed(1))))
    try:
        unit = SoundPackets(first, _cut(bits.rest(), described))
    except MalformedUnits:
        raise
    except InvalidInput as error:
        raise MalformedUnits(f"sound packets with impossible fields: {error}") from error
    if pack(unit) != payload:
        raise MalformedUnits("sound packets that could be written shorter")
    return [unit]


def _cut(data: bytes, described: Sequence[tuple[int, bool]]) -> tuple[bytes, ...]:
    packets, head, at = [], b"", 0
    for size, same in described:
        if same and not head:
            raise MalformedUnits("a sound packet that begins as one before it, of which there is none")
        stop = at + size - same
        packet = (head if same else b"") + data[at:stop]
        if len(packet) != size:
            raise MalformedUnits("sound packets end before their last byte")
        packets.append(packet)
        head, at = packet[:1] or head, stop
    if at != len(data):
        raise MalformedUnits(f"{len(data) - at} bytes follow the last sound packet")
    return tuple(packets)


def _best_order(values: Sequence[int]) -> int:
    """Order of the Exponential-Golomb code that is shortest for ``values``."""

    def bits(order: int) -> int:
        return sum(2 * (value + (1 << order)).bit_length() - 1 - order for value in values)

    return min(range(1 << _ORDER_BITS), key=bits)
