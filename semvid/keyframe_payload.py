"""Keyframes <-> bytes: the payload of one bulk transport block.

Every bit here comes on top of the picture code, so the fields are written as densely as they can be read:
Exponential-Golomb codes (ITU-T H.264, clause 9.1) whose order fits the field.

    number | offset | [the group, where the offset is 0] | padding to a byte | packet bytes to the end

A group is: keyframes less one, 6 bits; shot start; refresh; the first frame; the distances of the others in
time order; then of each picture in coding order its place, the slots that it is kept in, and its size.
"""

from itertools import pairwise

from semvid.bits import BitReader, BitWriter, signed, unsigned
from semvid.errors import InvalidInput, MalformedUnits
from semvid.semantics import ALL_SLOTS, GroupPicture, KeyframeGroup, KeyframeSlice
from semvid.semantics.keyframes import MAX_GROUP

_NUMBER_ORDER, _OFFSET_ORDER, _FRAME_ORDER, _GAP_ORDER, _SIZE_ORDER = 5, 0, 8, 2, 7
_COUNT_BITS = (MAX_GROUP - 1).bit_length()


def pack(group: KeyframeGroup | None, part: KeyframeSlice) -> bytes:
    """Serialises a slice, and before the first one its group.

    Raises:
        InvalidInput: a first slice without its group, or a later one with one.
    """
    if (group is None) != (part.offset > 0) or (group is not None and group.number != part.number):
        raise InvalidInput("the first slice of a group travels with its group, the others without")
    bits = BitWriter()
    bits.golomb(part.number, _NUMBER_ORDER)
    bits.golomb(part.offset, _OFFSET_ORDER)
    if group is not None:
        _write_group(bits, group)
    return bits.to_bytes() + part.data


def unpack(payload: bytes) -> list[KeyframeGroup | KeyframeSlice]:
    """Parses what `pack` made: the slice, and the group before it if it is there.

    Raises:
        MalformedUnits: bytes that `pack` does not make.
    """
    bits = BitReader(payload, "keyframes")
    try:
        number, offset = bits.golomb(_NUMBER_ORDER), bits.golomb(_OFFSET_ORDER)
        group = [] if offset else [_read_group(bits, number)]
        return [*group, KeyframeSlice(number, offset, bits.rest())]
    except MalformedUnits:
        raise
    except InvalidInput as error:
        raise MalformedUnits(f"keyframes with impossible fields: {error}") from error


def _write_group(bits: BitWriter, group: KeyframeGroup) -> None:
    count, in_time = len(group.pictures), group.in_time
    bits.fixed(count - 1, _COUNT_BITS)
    bits.fixed(group.shot_start, 1)
    bits.fixed(group.refresh, 1)
    bits.golomb(in_time[0].frame - group.number, _FRAME_ORDER)
    gap = 0
    for earlier, later in pairwise(in_time):
        last, gap = gap, later.frame - earlier.frame
        bits.golomb(gap - 1 if not last else unsigned(gap - last), _GAP_ORDER if not last else 0)
    for index, picture in enumerate(group.pictures):
        bits.fixed(picture.place, (count - 1).bit_length())
        if index or not group.refresh:
            _write_slots(bits, picture.kept_in)
        bits.golomb(picture.size, _SIZE_ORDER)


def _read_group(bits: BitReader, number: int) -> KeyframeGroup:
    count, shot_start, refresh = bits.fixed(_COUNT_BITS) + 1, bits.fixed(1), bits.fixed(1)
    frames = [number + bits.golomb(_FRAME_ORDER)]
    gap = 0
    for _ in range(count - 1):
        gap = gap + signed(bits.golomb(0)) if gap else 1 + bits.golomb(_GAP_ORDER)
        if gap < 1:
            raise MalformedUnits("keyframes of a group go back in time")
        frames.append(frames[-1] + gap)
    pictures = []
    for index in range(count):
        place = bits.fixed((count - 1).bit_length())
        kept_in = _read_slots(bits) if index or not refresh else ALL_SLOTS
        size = bits.golomb(_SIZE_ORDER)
        if place >= count:
            raise MalformedUnits(f"a group of {count} keyframes has none at place {place}")
        pictures.append(GroupPicture(place, frames[place], size, kept_in))
    return KeyframeGroup(number, tuple(pictures), bool(shot_start), bool(refresh))


def _write_slots(bits: BitWriter, slots: int) -> None:
    """None: 0; one: 10 and its number; any others: 11 and the mask."""
    bits.fixed(slots > 0, 1)
    if slots:
        several = slots & (slots - 1) > 0
        bits.fixed(several, 1)
        bits.fixed(slots if several else slots.bit_length() - 1, 8 if several else 3)


def _read_slots(bits: BitReader) -> int:
    if not bits.fixed(1):
        return 0
    if not bits.fixed(1):
        return 1 << bits.fixed(3)
    slots = bits.fixed(8)
    if not slots & (slots - 1):
        raise MalformedUnits(f"the slots {slots:08b} of a keyframe are not several")
    return slots
