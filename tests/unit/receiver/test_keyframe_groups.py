"""Slices in any order, repeated, missing: what a group gives is what arrived of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.keyframe_groups import KeyframeGroups, ReceivedGroup
from semvid import keyframe_payload
from semvid.errors import InvalidInput
from semvid.images.keyframe_codec import EncodedPicture
from semvid.link.packing import CodedGroup
from semvid.semantics import ALL_SLOTS, KeyframeGroup, KeyframeSlice

PYRAMID = (7, 3, 1, 0, 2, 5, 4, 6)


def coded(number: int, frames: list[int], sizes: list[int], order: tuple[int, ...]) -> CodedGroup:
    """A group whose packets name their picture in every byte; a size of 0 is given up."""
    pictures = [
        EncodedPicture(number + place, bytes([place + 1]) * max(1, size), False, 0, 1)
        for place, size in zip(order, sizes, strict=True)
    ]
    sent = {index for index, size in enumerate(sizes) if size}
    return CodedGroup.of(pictures, number, frames, shot_start=False, sent=sent)


@st.composite
def streams(draw: st.DrawFn) -> list[CodedGroup]:
    groups: list[CodedGroup] = []
    number, frame = 0, 0
    for _ in range(draw(st.integers(1, 4))):
        order = draw(st.sampled_from([PYRAMID, (0,), (0, 2, 1), (0, 1, 2, 3)]))
        count = len(order)
        size = st.one_of(st.just(0), st.integers(1, 50), st.integers(1, 900))
        sizes = draw(st.lists(size, min_size=count, max_size=count))
        gaps = draw(st.lists(st.integers(1, 9), min_size=count, max_size=count))
        frames = [frame + step for step in accumulate([0, *gaps])]
        groups.append(coded(number, frames[:-1], sizes, order))
        number, frame = number + count, frames[-1]
    return groups


def units_of(group: CodedGroup, limit: int) -> list[list[KeyframeGroup | KeyframeSlice]]:
    return [
        keyframe_payload.unpack(block.bulk.data) for block in group.blocks(limit) if block.bulk is not None
    ]


def add(groups: KeyframeGroups, unit: KeyframeGroup | KeyframeSlice) -> bool:
    return groups.add_group(unit) if isinstance(unit, KeyframeGroup) else groups.add_slice(unit)


@given(streams(), st.integers(80, 1200), st.data())
def test_what_arrived_of_each_group_comes_out_in_order(
    stream: list[CodedGroup], limit: int, data: st.DataObject
) -> None:
    """And the sender knows from its lost blocks which pictures that leaves out."""
    groups, expected, arrived_before = KeyframeGroups(), [], 0
    for group in stream:
        blocks = units_of(group, limit)
        lost = data.draw(st.sets(st.integers(0, len(blocks) - 1)))
        kept = [block for index, block in enumerate(blocks) if index not in lost]
        if 0 not in lost:  # the description comes first; what a repetition brings may come at any time
            kept[1:] = data.draw(
                st.permutations(kept[1:] + data.draw(st.lists(st.sampled_from(kept), max_size=3)))
            )
        for block in kept:
            for unit in block:
                add(groups, unit)
        stretches = [block.stretch for block in group.blocks(limit)]
        gone = group.pictures_in([stretches[index] for index in lost])
        if 0 in lost:
            assert gone == {index for index, packet in enumerate(group.packets) if packet}
            continue
        packets = tuple(None if index in gone else packet for index, packet in enumerate(group.packets))
        expected.append(ReceivedGroup(group.group, packets, follows=arrived_before == group.group.number))
        arrived_before = group.group.stop
    groups.close()
    groups.close()
    assert list(groups.settled) == expected
    assert groups.arrived == sum(bool(packet) for one in expected for packet in one.packets)
    assert groups.given_up == sum(packet == b"" for one in expected for packet in one.packets)
    assert groups.stop == groups.begun == arrived_before


@given(streams(), st.integers(80, 1200), st.data())
def test_what_was_there_already_or_comes_too_late_is_not_new(
    stream: list[CodedGroup], limit: int, data: st.DataObject
) -> None:
    groups, seen = KeyframeGroups(), []
    for group in stream:
        for unit in (unit for block in units_of(group, limit) for unit in block):
            whole = bool(groups.settled) and groups.settled[-1].group == group.group
            assert add(groups, unit) is (not whole)  # of a group that is given up its empty slice is late
            seen.append(unit)
            again = data.draw(st.sampled_from(seen))
            before = (groups.arrived, groups.given_up, len(groups.settled), groups.newest)
            assert not add(groups, again)
            assert (groups.arrived, groups.given_up, len(groups.settled), groups.newest) == before
        assert groups.settled[-1].packets == tuple(group.packets)  # whole: settled without being closed


FIRST, SECOND = coded(0, [0, 4, 8], [9, 9, 9], (0, 2, 1)), coded(3, [12, 20], [5, 5], (0, 1))


def test_a_group_is_settled_by_its_last_byte_or_by_the_next_group() -> None:
    groups = KeyframeGroups()
    assert (groups.stop, groups.begun, groups.newest) == (0, 0, None)
    assert groups.add_group(FIRST.group)
    assert (groups.stop, groups.begun, groups.arrived) == (3, 0, 0)
    joined = b"".join(FIRST.packets)
    assert groups.add_slice(KeyframeSlice(0, 10, joined[10:]))
    assert not groups.settled
    assert groups.add_group(SECOND.group)
    assert groups.settled.popleft() == ReceivedGroup(FIRST.group, (None, None, joined[18:]), follows=True)
    assert (groups.stop, groups.begun, groups.arrived) == (5, 3, 1)
    assert not groups.add_slice(KeyframeSlice(0, 0, joined[:10]))  # too late
    assert groups.add_slice(KeyframeSlice(3, 0, b"".join(SECOND.packets)))
    assert (groups.begun, groups.arrived) == (5, 3)
    assert groups.settled.popleft().follows
    groups.close()
    assert not groups.settled


def test_a_group_that_was_passed_over_breaks_the_sequence_of_the_next_only() -> None:
    groups = KeyframeGroups()
    for group in (SECOND, coded(5, [30], [4], (0,))):
        for block in units_of(group, 1000):
            for unit in block:
                add(groups, unit)
    assert [received.follows for received in groups.settled] == [False, True]


def test_slices_of_a_group_that_nobody_described_are_dropped() -> None:
    groups = KeyframeGroups()
    assert not groups.add_slice(KeyframeSlice(0, 0, b"abc"))
    groups.add_group(FIRST.group)
    assert not groups.add_slice(KeyframeSlice(3, 0, b"abc"))
    groups.close()
    assert groups.arrived == 0


def test_a_group_that_begins_a_sequence_and_had_no_room_is_described_anew() -> None:
    opening, *others = FIRST.group.pictures
    begins = replace(FIRST.group, pictures=(replace(opening, kept_in=ALL_SLOTS), *others), refresh=True)
    groups = KeyframeGroups()
    groups.add_group(coded(0, [0], [5], (0,)).group)
    groups.add_slice(KeyframeSlice(0, 0, bytes(5)))
    first = replace(begins, number=1, pictures=tuple(replace(p, frame=p.frame + 20) for p in begins.pictures))
    assert groups.add_group(first)
    assert groups.add_slice(KeyframeSlice(1, 0, bytes(9)))
    coarser = replace(first, pictures=tuple(replace(p, size=p.size // 2) for p in first.pictures))
    assert groups.add_group(coarser)
    assert groups.add_slice(KeyframeSlice(1, 0, b"abcdefghijkl"))
    assert [received.group for received in groups.settled] == [groups.settled[0].group, coarser]
    assert groups.settled[1] == ReceivedGroup(coarser, (b"abcd", b"efgh", b"ijkl"), follows=True)
    assert (groups.arrived, groups.stop) == (4, 4)
    with pytest.raises(InvalidInput, match="contradict"):  # whole: nothing takes its place
        groups.add_group(first)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ([FIRST.group, replace(FIRST.group, shot_start=True)], "contradict an earlier description"),
        ([FIRST.group, replace(SECOND.group, number=2)], "contradict an earlier description"),
        ([FIRST.group, coded(3, [8, 9], [1, 1], (0, 1)).group], "too early after keyframe 2 at frame 8"),
        ([FIRST.group, coded(5, [10], [1], (0,)).group], "too early"),  # two keyframes in one frame
        ([FIRST.group, KeyframeSlice(0, 0, b"abc"), KeyframeSlice(0, 0, b"abd")], "two contents"),
        ([FIRST.group, KeyframeSlice(0, 0, b"abc"), KeyframeSlice(0, 2, b"abc")], "where it cannot"),
        ([FIRST.group, KeyframeSlice(0, 2, b"abc"), KeyframeSlice(0, 0, b"abc")], "where it cannot"),
        ([FIRST.group, KeyframeSlice(0, 2, b"abc"), KeyframeSlice(0, 0, bytes(9))], "where it cannot"),
        ([FIRST.group, KeyframeSlice(0, 20, bytes(8))], "where it cannot"),
    ],
)
def test_what_contradicts_itself_is_refused(units: list[KeyframeGroup | KeyframeSlice], message: str) -> None:
    groups = KeyframeGroups()
    *before, last = units
    assert all(add(groups, unit) for unit in before)
    with pytest.raises(InvalidInput, match=message):
        add(groups, last)
