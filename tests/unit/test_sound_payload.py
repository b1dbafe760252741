"""Sound in bulk payloads: every bit of a payload says something, and nothing else is accepted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semvid import keyframe_payload, sound_payload
from semvid.errors import InvalidInput, MalformedUnits
from semvid.semantics import GroupPicture, KeyframeGroup, KeyframeSlice, SoundPackets
from semvid.semantics.bounds import MAX_KEYFRAMES
from semvid.semantics.keyframes import MAX_GROUP_BYTES
from semvid.semantics.sound import MAX_SOUND_NUMBER, MAX_SOUND_PACKET_BYTES, MAX_SOUND_PACKETS
from semvid.sound_payload import is_sound, pack, unpack

packets = st.one_of(st.just(b""), st.binary(min_size=1, max_size=70), st.just(b"\x48" * 41))
units = st.builds(
    SoundPackets,
    st.one_of(st.integers(0, 5000), st.integers(0, MAX_SOUND_NUMBER - MAX_SOUND_PACKETS)),
    st.lists(packets, min_size=1, max_size=60).map(tuple),
)


@given(units)
def test_sound_comes_back(unit: SoundPackets) -> None:
    payload = pack(unit)
    assert is_sound(payload)
    assert unpack(payload) == [unit]


def test_the_largest_values_come_back() -> None:
    for unit in (
        SoundPackets(MAX_SOUND_NUMBER - MAX_SOUND_PACKETS, (b"",) * MAX_SOUND_PACKETS),
        SoundPackets(MAX_SOUND_NUMBER - 2, (b"x", b"y" * MAX_SOUND_PACKET_BYTES)),
    ):
        assert unpack(pack(unit)) == [unit]


@pytest.mark.parametrize("number", [0, 1, 31, 32, 2**16, MAX_KEYFRAMES])
def test_keyframes_are_not_taken_for_sound_nor_sound_for_keyframes(number: int) -> None:
    group = KeyframeGroup(number, (GroupPicture(0, max(number, 2**30), 9, 0),))
    assert not is_sound(keyframe_payload.pack(group, KeyframeSlice(number, 0, b"123456789")))
    assert not is_sound(keyframe_payload.pack(None, KeyframeSlice(number, MAX_GROUP_BYTES - 1, b"1")))
    with pytest.raises(MalformedUnits):
        keyframe_payload.unpack(pack(SoundPackets(number // 2, (b"abc",) * 9)))


@settings(max_examples=400)
@given(st.binary(max_size=80))
@example(b"")
@example(bytes(8191))
@example(b"\0\0\x08" + bytes(60))
@example(b"\0\0\x0f" + b"\xff" * 60)
def test_any_bytes_are_sound_or_refused(payload: bytes) -> None:
    _is_sound_or_refused(payload)


@settings(max_examples=400)
@given(st.binary(max_size=80), st.integers(8, 15))
def test_any_bytes_that_begin_as_sound_are_sound_or_refused(payload: bytes, last: int) -> None:
    _is_sound_or_refused(bytes([0, 0, last]) + payload)


def _is_sound_or_refused(payload: bytes) -> bool:
    """What is accepted is exactly what `pack` makes of it: no bit goes unlooked-at."""
    try:
        (unit,) = unpack(payload)
    except MalformedUnits:
        return False
    assert pack(unit) == payload
    return True


SAMPLE = SoundPackets(70, (b"\x48abc", b"", b"\x48abcdef", b"\x50xyz", b"\x50", b"\x48ab"))


def test_every_flipped_bit_gives_sound_or_is_refused() -> None:
    payload = pack(SAMPLE)
    outcomes = set()
    for position in range(8 * len(payload)):
        damaged = bytearray(payload)
        damaged[position // 8] ^= 1 << position % 8
        outcomes.add(_is_sound_or_refused(bytes(damaged)))
    assert outcomes == {True, False}


def test_a_payload_cut_short_or_with_more_behind_is_refused() -> None:
    payload = pack(SAMPLE)
    for length in range(len(payload)):
        with pytest.raises(MalformedUnits):
            unpack(payload[:length])
    with pytest.raises(MalformedUnits, match="1 bytes follow the last sound packet"):
        unpack(payload + b"\0")


def test_impossible_units_are_refused() -> None:
    for first, made in (
        (0, ()),
        (-1, (b"x",)),
        (MAX_SOUND_NUMBER, (b"x",)),
        (0, (b"x" * (MAX_SOUND_PACKET_BYTES + 1),)),
        (0, (b"x",) * (MAX_SOUND_PACKETS + 1)),
    ):
        with pytest.raises(InvalidInput):
            SoundPackets(first, made)


def test_usual_sound_costs_few_bytes_more_and_silence_next_to_none() -> None:
    rng = np.random.default_rng(3)
    for sizes in (rng.normal(40, 6, 50), rng.normal(90, 12, 17)):  # 16 and 12 kbit/s, one second
        sound = tuple(b"\x78" + bytes(rng.bytes(max(1, round(size)) - 1)) for size in sizes)
        assert len(pack(SoundPackets(3000, sound))) < 1.01 * sum(map(len, sound))
    assert len(pack(SoundPackets(3000, (b"",) * 50))) <= 16
    assert sound_payload.is_sound(pack(SoundPackets(3000, (b"",) * 50)))
