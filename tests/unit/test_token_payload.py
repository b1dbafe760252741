"""Packets of tokens in bulk payloads: each says all that there is to know, and nothing else is accepted."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semvid.errors import InvalidInput, MalformedUnits
from semvid.semantics import KeyframeGroup, KeyframeSlice
from semvid.semantics.bounds import MAX_KEYFRAMES
from semvid.sound_payload import is_sound
from semvid.token_payload import PACKETS, cuts, group_of, pack, unpack

groups = st.builds(
    lambda number, ahead, shot_start, size: group_of(number, number + ahead, shot_start, size),
    st.one_of(st.integers(0, 300), st.integers(0, MAX_KEYFRAMES)),
    st.integers(0, 10**6),
    st.booleans(),
    st.integers(1, 30_000),
)


def packets(group: KeyframeGroup) -> list[KeyframeSlice]:
    return [KeyframeSlice(group.number, one.start, bytes(len(one))) for one in cuts(group.size) if one]


@given(groups)
def test_every_packet_comes_back_with_its_keyframe(group: KeyframeGroup) -> None:
    parts = packets(group)
    assert sum(len(part.data) for part in parts) == group.size
    for part in parts:
        payload = pack(group, part)
        assert unpack(payload) == [group, part]
        assert not is_sound(payload)


@settings(max_examples=400)
@given(st.binary(max_size=80))
@example(b"")
def test_arbitrary_bytes_are_a_packet_or_refused(payload: bytes) -> None:
    try:
        group, part = unpack(payload)
    except MalformedUnits:
        return
    assert isinstance(group, KeyframeGroup)
    assert isinstance(part, KeyframeSlice)
    assert pack(group, part) == payload


@given(groups, st.integers(0, PACKETS - 1), st.integers(1, 9))
def test_a_packet_that_is_cut_short_or_goes_on_is_refused(group: KeyframeGroup, which: int, by: int) -> None:
    payload = pack(group, packets(group)[which % len(packets(group))])
    for wrong in (payload[:-by], payload + bytes(by)):
        with pytest.raises(MalformedUnits):
            unpack(wrong)


def test_what_is_no_packet_is_not_written() -> None:
    group = group_of(3, 40, False, 400)
    for part in (KeyframeSlice(3, 0, bytes(400)), KeyframeSlice(3, 50, bytes(100)), KeyframeSlice(3, 0, b"")):
        with pytest.raises(InvalidInput, match="no packet of tokens"):
            pack(group, part)
