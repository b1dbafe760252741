"""Tokens of a keyframe <-> bytes: the payload of one bulk transport block of `PictureCoding.TOKENS`.

Each of the four packets of a keyframe says all that there is to know of it, so that any is of use alone:

    number | frame less number | shot start | bytes of all four, less one | which of them | padding | tokens

The fields are Exponential-Golomb codes as in `semvid.keyframe_payload`, and it is read as the same units: a
group of one keyframe, and a slice of it (`semvid.tokens.grid_bits` says what its bytes mean).
"""

from itertools import accumulate
from typing import Final

from semvid.bits import BitReader, BitWriter
from semvid.errors import InvalidInput, MalformedUnits
from semvid.semantics import GroupPicture, KeyframeGroup, KeyframeSlice
from semvid.semantics.keyframes import MAX_PACKET_BYTES

PACKETS: Final = 4
"""Of a keyframe: each holds the tokens of every second row and column, and one lost costs a quarter. More
would cost a control word, a preamble and a shorter code each (docs/tokens.md)."""

_NUMBER_ORDER, _FRAME_ORDER, _SIZE_ORDER = 5, 8, 9
_WHICH_BITS: Final = (PACKETS - 1).bit_length()


def group_of(number: int, frame: int, shot_start: bool, size: int) -> KeyframeGroup:
    """A keyframe of tokens, ``size`` bytes in all, as a group; it leans on no other."""
    return KeyframeGroup(number, (GroupPicture(0, frame, size, 0),), shot_start)


def cuts(size: int) -> list[range]:
    """The bytes of each packet of a keyframe; none where there are fewer bytes than packets."""
    each, more = divmod(size, PACKETS)
    stops = accumulate(each + (index < more) for index in range(PACKETS))
    return [range(stop - each - (index < more), stop) for index, stop in enumerate(stops)]


def pack(group: KeyframeGroup, part: KeyframeSlice) -> bytes:
    """Serialises one packet.

    Args:
        group: by `group_of`.
        part: one of its `cuts`.

    Raises:
        InvalidInput: anything else.
    """
    places = cuts(group.size)
    stretch = range(part.offset, part.offset + len(part.data))
    frame = group.pictures[0].frame
    if (
        not stretch
        or stretch not in places
        or group != group_of(group.number, frame, group.shot_start, group.size)
    ):
        raise InvalidInput(
            f"no packet of tokens: bytes {stretch.start}..{stretch.stop} of keyframe {group.number}"
        )
    bits = BitWriter()
    bits.golomb(group.number, _NUMBER_ORDER)
    bits.golomb(frame - group.number, _FRAME_ORDER)
    bits.fixed(group.shot_start, 1)
    bits.golomb(group.size - 1, _SIZE_ORDER)
    bits.fixed(places.index(stretch), _WHICH_BITS)
    return bits.to_bytes() + part.data


def unpack(payload: bytes) -> list[KeyframeGroup | KeyframeSlice]:
    """Parses what `pack` made: the group and the slice.

    Raises:
        MalformedUnits: bytes that `pack` does not make.
    """
    bits = BitReader(payload, "tokens")
    number = bits.golomb(_NUMBER_ORDER)
    frame, shot_start = number + bits.golomb(_FRAME_ORDER), bool(bits.fixed(1))
    size, which = bits.golomb(_SIZE_ORDER) + 1, bits.fixed(_WHICH_BITS)
    data = bits.rest()
    if size > MAX_PACKET_BYTES:
        raise MalformedUnits(f"a keyframe of {size} bytes of tokens, at most {MAX_PACKET_BYTES} are allowed")
    stretch = cuts(size)[which]
    if not stretch or len(data) != len(stretch):
        raise MalformedUnits(
            f"packet {which} of {size} bytes of tokens has {len(data)} bytes, not {len(stretch)}"
        )
    try:
        return [group_of(number, frame, shot_start, size), KeyframeSlice(number, stretch.start, data)]
    except InvalidInput as error:
        raise MalformedUnits(f"tokens with impossible fields: {error}") from error
