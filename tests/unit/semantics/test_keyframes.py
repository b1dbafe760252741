"""Keyframes in groups: what is refused, layers, and the order in which packets travel."""

from __future__ import annotations

from typing import Any

import pytest

from semvid.errors import InvalidInput
from semvid.semantics import GroupPicture, KeyframeGroup, KeyframeSlice, Opening, layers_of
from semvid.semantics.bounds import MAX_FRAMES, MAX_KEYFRAMES
from semvid.semantics.keyframes import MAX_GROUP, MAX_GROUP_BYTES, MAX_PACKET_BYTES


def group(*pictures: tuple[int, int, int], number: int = 0, **more: Any) -> KeyframeGroup:
    """A group of (place, frame, bytes) in coding order."""
    return KeyframeGroup(number, tuple(GroupPicture(*picture, kept_in=0) for picture in pictures), **more)


def test_limits_are_inclusive() -> None:
    Opening(MAX_KEYFRAMES, MAX_FRAMES)
    group((0, 1, MAX_PACKET_BYTES), (1, 2, 0))
    group(*((place, place, 1) for place in range(MAX_GROUP)))
    KeyframeSlice(MAX_KEYFRAMES, MAX_GROUP_BYTES - 1, b"x")
    KeyframeSlice(0, 0, b"")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Opening(3, 2),
        lambda: Opening(-1, 0),
        lambda: GroupPicture(0, 0, MAX_PACKET_BYTES + 1, 0),
        lambda: GroupPicture(MAX_GROUP, 100, 1, 0),
        lambda: GroupPicture(0, 0, 1, 256),
        lambda: group(),
        lambda: group((0, 0, 1), (0, 1, 1)),  # two at one place
        lambda: group((0, 0, 1), (2, 1, 1)),  # none at place 1
        lambda: group((0, 5, 1), (1, 5, 1)),  # two at one frame
        lambda: group((1, 3, 1), (0, 5, 1)),  # backwards
        lambda: group((0, 2, 1), number=3),
        lambda: group((0, MAX_KEYFRAMES, 1), (1, MAX_FRAMES, 1), number=MAX_KEYFRAMES),
        lambda: group(*((place, place, MAX_PACKET_BYTES) for place in range(5))),
        lambda: group((0, 0, 1), refresh=True),  # and keeps slots that are not its own
        lambda: KeyframeSlice(0, MAX_GROUP_BYTES, b"x"),
        lambda: KeyframeSlice(0, 5, b""),
    ],
)
def test_impossible_units(make: Any) -> None:
    with pytest.raises(InvalidInput):
        make()


@pytest.mark.parametrize(
    ("coded", "expected"),
    [
        ([0], [0]),
        ([0, 1, 2], [0, 0, 0]),  # each leans on earlier ones at most
        ([0, 8, 4, 2, 1, 3, 6, 5, 7], [0, 0, 1, 2, 3, 3, 2, 3, 3]),
        ([7, 3, 1, 0, 2, 5, 4, 6], [0, 1, 2, 3, 3, 2, 3, 3]),  # the next one hangs on the group before
        ([3, 1, 0, 2], [0, 1, 2, 2]),
    ],
)
def test_a_layer_is_one_more_than_that_of_the_higher_neighbour(coded: list[int], expected: list[int]) -> None:
    assert layers_of(coded) == expected


def test_packets_travel_by_importance() -> None:
    whole = group((0, 10, 100), (4, 50, 30), (2, 30, 20), (1, 20, 5), (3, 40, 7), number=9)
    assert (whole.stop, whole.size) == (14, 162)
    assert [picture.frame for picture in whole.in_time] == [10, 20, 30, 40, 50]
    assert whole.layers() == [0, 0, 1, 2, 2]
    assert whole.by_importance() == [0, 1, 2, 3, 4]
    deep = group((0, 1, 1), (3, 4, 2), (2, 3, 4), (1, 2, 8), (4, 9, 16))  # the last one coded is an anchor
    assert deep.layers() == [0, 0, 1, 2, 0]
    assert deep.by_importance() == [0, 1, 4, 2, 3]
    assert deep.spans() == [range(0, 1), range(1, 3), range(19, 23), range(23, 31), range(3, 19)]
