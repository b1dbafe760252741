"""Keyframes in bulk payloads: every bit of a payload says something, and nothing else is accepted."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semvid.errors import InvalidInput, MalformedUnits
from semvid.keyframe_payload import pack, unpack
from semvid.semantics import ALL_SLOTS, GroupPicture, KeyframeGroup, KeyframeSlice
from semvid.semantics.bounds import MAX_FRAMES, MAX_KEYFRAMES
from semvid.semantics.keyframes import MAX_GROUP, MAX_GROUP_BYTES, MAX_PACKET_BYTES

sizes = st.one_of(st.just(0), st.integers(0, 3000), st.integers(0, MAX_GROUP_BYTES // MAX_GROUP))
slots = st.one_of(st.just(0), st.integers(0, 7).map(lambda slot: 1 << slot), st.integers(0, ALL_SLOTS))


@st.composite
def groups(draw: st.DrawFn) -> KeyframeGroup:
    count = draw(st.one_of(st.integers(1, 9), st.integers(1, MAX_GROUP)))
    number = draw(st.one_of(st.integers(0, 300), st.integers(0, MAX_KEYFRAMES - MAX_GROUP)))
    ahead = draw(st.one_of(st.integers(0, 3000), st.integers(0, MAX_FRAMES - MAX_KEYFRAMES - 10**6)))
    near = st.lists(st.integers(1, 40), min_size=count - 1, max_size=count - 1)
    far = st.lists(st.integers(1, 10**4), min_size=count - 1, max_size=count - 1)
    frames = list(accumulate([number + ahead, *draw(near | far)]))
    refresh = draw(st.booleans())
    pictures = [
        GroupPicture(place, frames[place], draw(sizes), draw(slots))
        for place in draw(st.permutations(range(count)))
    ]
    if refresh:
        first = pictures[0]
        pictures[0] = GroupPicture(first.place, first.frame, first.size, ALL_SLOTS)
    return KeyframeGroup(number, tuple(pictures), draw(st.booleans()), refresh)


later_slices = st.builds(
    KeyframeSlice,
    st.integers(0, MAX_KEYFRAMES),
    st.one_of(st.integers(1, 3000), st.integers(1, MAX_GROUP_BYTES - 300)),
    st.binary(min_size=1, max_size=300),
)


@given(groups(), st.binary(max_size=300))
def test_a_group_comes_back_with_its_first_slice(group: KeyframeGroup, data: bytes) -> None:
    part = KeyframeSlice(group.number, 0, data)
    assert unpack(pack(group, part)) == [group, part]


@given(later_slices)
def test_a_later_slice_comes_back_alone(part: KeyframeSlice) -> None:
    assert unpack(pack(None, part)) == [part]


def test_the_largest_values_come_back() -> None:
    largest = GroupPicture(1, MAX_FRAMES, MAX_PACKET_BYTES, ALL_SLOTS)
    group = KeyframeGroup(MAX_KEYFRAMES - 1, (largest, GroupPicture(0, MAX_KEYFRAMES, 0, 0)))
    assert unpack(pack(group, KeyframeSlice(group.number, 0, b""))) == [
        group,
        KeyframeSlice(group.number, 0, b""),
    ]
    last = KeyframeSlice(MAX_KEYFRAMES, MAX_GROUP_BYTES - 1, b"x")
    assert unpack(pack(None, last)) == [last]


@settings(max_examples=400)
@given(st.binary(max_size=80))
@example(b"")
@example(bytes(8191))  # a code that does not end
@example(b"\xff" * 8191)
def test_any_bytes_are_keyframes_or_refused(payload: bytes) -> None:
    _are_keyframes_or_refused(payload)


def _are_keyframes_or_refused(payload: bytes) -> bool:
    """What is accepted is exactly what `pack` makes of it: no bit goes unlooked-at."""
    try:
        units = unpack(payload)
    except MalformedUnits:
        return False
    *described, part = units
    assert isinstance(part, KeyframeSlice)
    group = described[0] if described else None
    assert not isinstance(group, KeyframeSlice)
    assert pack(group, part) == payload
    return True


SAMPLE = KeyframeGroup(
    40,
    (
        GroupPicture(4, 160, 900, 0b1),
        GroupPicture(2, 140, 90, 0b1000),
        GroupPicture(1, 130, 20, 0b110000),
        GroupPicture(0, 120, 0, 0),
        GroupPicture(3, 148, 30, 0),
    ),
    shot_start=True,
)


@pytest.mark.parametrize("refresh", [False, True])
def test_every_flipped_byte_and_bit_gives_keyframes_or_is_refused(refresh: bool) -> None:
    first = GroupPicture(4, 160, 900, ALL_SLOTS if refresh else 0b1)
    group = KeyframeGroup(40, (first, *SAMPLE.pictures[1:]), True, refresh)
    payload = pack(group, KeyframeSlice(40, 0, b"\x12\x34"))
    outcomes = set()
    for position in range(len(payload)):
        for flipped in (255, *(1 << bit for bit in range(8))):
            damaged = bytearray(payload)
            damaged[position] ^= flipped
            outcomes.add(_are_keyframes_or_refused(bytes(damaged)))
    assert outcomes == {True, False}


def test_a_payload_cut_short_is_refused_or_lacks_packet_bytes_only() -> None:
    whole = pack(SAMPLE, KeyframeSlice(40, 0, bytes(50)))
    fields = len(whole) - 50
    for length in range(fields):
        with pytest.raises(MalformedUnits, match="end before their last field"):
            unpack(whole[:length])
    assert unpack(whole[:fields]) == [SAMPLE, KeyframeSlice(40, 0, b"")]
    part = pack(None, KeyframeSlice(40, 700, bytes(50)))
    for length in range(len(part) - 49):
        with pytest.raises(MalformedUnits):
            unpack(part[:length])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("1 00000" + "0" * 60, "does not end"),  # an offset of more than 2^40
        ("1 00000 1 000001 00 1 00000000 1 00  0 0 1 0000000  0 0 1 0000000", "each once"),
        ("1 00000 1 000010 00 1 00000000 1 00 010  0 0", "back in time"),  # 1 frame on, 1 frame back
        ("1 00000 1 000010 00 1 00000000 1 00 1  11 0 1 0000000", "none at place 3"),
        ("1 00000 1 000000 00 1 00000000  11 00000100 1 0000000", "not several"),
        ("1 00000 1 000000 00 1 00000000  0 1 0000000 111", "padded with zeros"),
        ("1 00000 1 000000 00 1 00000000  0 " + "0" * 18 + "1" + "0" * 25, "impossible fields"),  # 2^25 bytes
        ("1 00000 010", "impossible fields"),  # a later slice without a byte
    ],
)
def test_what_pack_does_not_make_is_refused(fields: str, reason: str) -> None:
    bits = fields.replace(" ", "")
    bits += "0" * (-len(bits) % 8)
    with pytest.raises(MalformedUnits, match=reason):
        unpack(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)))


def test_a_group_travels_with_its_first_slice() -> None:
    for group, part in (
        (None, KeyframeSlice(40, 0, b"x")),
        (SAMPLE, KeyframeSlice(40, 7, b"x")),
        (SAMPLE, KeyframeSlice(41, 0, b"x")),
    ):
        with pytest.raises(InvalidInput, match="travels with its group"):
            pack(group, part)


def test_usual_keyframes_cost_few_bytes() -> None:
    pictures = [
        GroupPicture(place, 250 + 4 * place, 40 if place < 7 else 300, kept_in)
        for place, kept_in in zip((7, 3, 1, 0, 2, 5, 4, 6), (1, 8, 32, 0, 0, 32, 0, 0), strict=True)
    ]
    group = KeyframeGroup(60, tuple(pictures))
    assert len(pack(group, KeyframeSlice(60, 0, b""))) <= 20  # eight keyframes
    assert len(pack(None, KeyframeSlice(60, 700, b"x"))) <= 4 + 1
