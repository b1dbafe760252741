"""Keyframes <-> bytes: the payload of one bulk transport block.

Every bit here comes on top of the picture code, so the fields are written as densely as they can be read:
Exponential-Golomb codes (ITU-T H.264, clause 9.1) whose order fits the field.

    number | offset | [the group, where the offset is 0] | padding to a byte | packet bytes to the end

A group is: keyframes less one, 6 bits; shot start; refresh; the first frame; the distances of the others in
time order; then of each picture in coding order its place, the slots that it is kept in, and its size.
"""

from itertools import pairwise

from semvid.errors import InvalidInput, MalformedUnits
from semvid.semantics import ALL_SLOTS, MAX_GROUP, GroupPicture, KeyframeGroup, KeyframeSlice

_NUMBER_ORDER, _OFFSET_ORDER, _FRAME_ORDER, _GAP_ORDER, _SIZE_ORDER = 5, 0, 8, 2, 7
_COUNT_BITS = (MAX_GROUP - 1).bit_length()
_LONGEST_PREFIX = 40  # zeros of a code; no field needs more


def pack(group: KeyframeGroup | None, part: KeyframeSlice) -> bytes:
    """Serialises a slice, and before the first one its group.

    Raises:
        InvalidInput: a first slice without its group, or a later one with one.
    """
    if (group is None) != (part.offset > 0) or (group is not None and group.number != part.number):
        raise InvalidInput("the first slice of a group travels with its group, the others without")
    bits = _Writer()
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
    bits = _Reader(payload)
    try:
        number, offset = bits.golomb(_NUMBER_ORDER), bits.golomb(_OFFSET_ORDER)
        group = [] if offset else [_read_group(bits, number)]
        return [*group, KeyframeSlice(number, offset, bits.rest())]
    except MalformedUnits:
        raise
    except InvalidInput as error:
        raise MalformedUnits(f"keyframes with impossible fields: {error}") from error


def _write_group(bits: "_Writer", group: KeyframeGroup) -> None:
    count, in_time = len(group.pictures), group.in_time
    bits.fixed(count - 1, _COUNT_BITS)
    bits.fixed(group.shot_start, 1)
    bits.fixed(group.refresh, 1)
    bits.golomb(in_time[0].frame - group.number, _FRAME_ORDER)
    gap = 0
    for earlier, later in pairwise(in_time):
        last, gap = gap, later.frame - earlier.frame
        bits.golomb(gap - 1 if not last else _unsigned(gap - last), _GAP_ORDER if not last else 0)
    for index, picture in enumerate(group.pictures):
        bits.fixed(picture.place, (count - 1).bit_length())
        if index or not group.refresh:
            _write_slots(bits, picture.kept_in)
        bits.golomb(picture.size, _SIZE_ORDER)


def _read_group(bits: "_Reader", number: int) -> KeyframeGroup:
    count, shot_start, refresh = bits.fixed(_COUNT_BITS) + 1, bits.fixed(1), bits.fixed(1)
    frames = [number + bits.golomb(_FRAME_ORDER)]
    gap = 0
    for _ in range(count - 1):
        gap = gap + _signed(bits.golomb(0)) if gap else 1 + bits.golomb(_GAP_ORDER)
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


def _write_slots(bits: "_Writer", slots: int) -> None:
    """None: 0; one: 10 and its number; any others: 11 and the mask."""
    bits.fixed(slots > 0, 1)
    if slots:
        several = slots & (slots - 1) > 0
        bits.fixed(several, 1)
        bits.fixed(slots if several else slots.bit_length() - 1, 8 if several else 3)


def _read_slots(bits: "_Reader") -> int:
    if not bits.fixed(1):
        return 0
    if not bits.fixed(1):
        return 1 << bits.fixed(3)
    slots = bits.fixed(8)
    if not slots & (slots - 1):
        raise MalformedUnits(f"the slots {slots:08b} of a keyframe are not several")
    return slots


def _unsigned(value: int) -> int:
    """0, -1, 1, -2, 2 ... as 0, 1, 2, 3, 4 ..."""
    return 2 * value if value >= 0 else -2 * value - 1


def _signed(value: int) -> int:
    return -(value + 1) // 2 if value % 2 else value // 2


class _Writer:
    def __init__(self) -> None:
        self._bits = ""

    def fixed(self, value: int, count: int) -> None:
        self._bits += f"{value:0{count}b}" if count else ""

    def golomb(self, value: int, order: int) -> None:
        """Exponential-Golomb code of a value >= 0."""
        shifted = value + (1 << order)
        self._bits += "0" * (shifted.bit_length() - 1 - order) + f"{shifted:b}"

    def to_bytes(self) -> bytes:
        padded = self._bits + "0" * (-len(self._bits) % 8)
        return bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8))


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def fixed(self, count: int) -> int:
        if self._at + count > 8 * len(self._data):
            raise MalformedUnits("keyframes end before their last field")
        first, last = self._at // 8, (self._at + count + 7) // 8
        value = int.from_bytes(self._data[first:last], "big") >> (8 * last - self._at - count)
        self._at += count
        return value & (1 << count) - 1

    def golomb(self, order: int) -> int:
        zeros = 0
        while not self.fixed(1):
            zeros += 1
            if zeros > _LONGEST_PREFIX:
                raise MalformedUnits("a code of a keyframe field does not end")
        return (1 << zeros + order | self.fixed(zeros + order)) - (1 << order)

    def rest(self) -> bytes:
        """The whole bytes after the padding."""
        if self.fixed(-self._at % 8):
            raise MalformedUnits("keyframe fields are not padded with zeros")
        return self._data[self._at // 8 :]
