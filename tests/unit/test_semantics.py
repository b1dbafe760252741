from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from semvid.errors import InvalidInput
from semvid.semantics import (
    MAX_CAPTION_CHARS,
    MAX_FRAMES,
    MAX_GROUP,
    MAX_GROUP_BYTES,
    MAX_KEYFRAMES,
    MAX_PACKET_BYTES,
    MAX_SIDE,
    MAX_TIMING_FRAMES,
    Caption,
    GroupPicture,
    KeyframeGroup,
    KeyframeSlice,
    Opening,
    PictureCoding,
    StreamEnd,
    StreamHeader,
    Timing,
    layers_of,
)


def header(**changes: Any) -> StreamHeader:
    fields: dict[str, Any] = {
        "width": 576,
        "height": 320,
        "coded_width": 576,
        "coded_height": 320,
        "time_base": Fraction(1, 12_288),
        "frame_rate": Fraction(24),
    }
    return StreamHeader(**(fields | changes))


def group(*pictures: tuple[int, int, int], number: int = 0, **more: Any) -> KeyframeGroup:
    """A group of (place, frame, bytes) in coding order."""
    return KeyframeGroup(number, tuple(GroupPicture(*picture, kept_in=0) for picture in pictures), **more)


def test_nominal_time_stamps_of_a_millisecond_container() -> None:
    # Matroska rounds 30 fps to 0, 33, 67, 100 ms
    stamps = header(time_base=Fraction(1, 1000), frame_rate=Fraction(30))
    assert [stamps.nominal_pts(i) for i in range(4)] == [0, 33, 67, 100]


def test_nominal_time_stamps_round_halves_up() -> None:
    stamps = header(time_base=Fraction(1, 5), frame_rate=Fraction(2))
    assert [stamps.nominal_pts(i) for i in range(4)] == [0, 3, 5, 8]


def test_nominal_time_stamps_follow_the_containers_phase() -> None:
    # a Matroska file that begins at its second frame: 33, 67, 100 ms
    stamps = header(time_base=Fraction(1, 1000), frame_rate=Fraction(30), phase=Fraction(215, 256))
    assert [stamps.nominal_pts(i) for i in range(3)] == [0, 34, 67]


def test_nominal_time_stamps_do_not_drift() -> None:
    stamps = header(time_base=Fraction(1, 90_000), frame_rate=Fraction(30_000, 1001))
    assert stamps.nominal_pts(30_000) == 1001 * 90_000


@pytest.mark.parametrize(
    "changes",
    [
        {"width": 0},
        {"height": MAX_SIDE + 1},
        {"coded_width": 0},
        {"time_base": Fraction(0)},
        {"frame_rate": Fraction(-1)},
        {"frame_rate": Fraction(2**31)},
        {"seed": -1},
        {"seed": 2**32},
        {"phase": Fraction(1)},
        {"phase": Fraction(1, 3)},
        {"detail": -1},
        {"detail": 8},
        {"restoration": 8},
        {"detail": 1, "restoration": 1},
        {"pixel_aspect": Fraction(0)},
        {"pixel_aspect": Fraction(-4, 3)},
        {"pixel_aspect": Fraction(4097, 4096)},
        {"pixel_aspect": Fraction(1, 4097)},
    ],
)
def test_impossible_headers(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        header(**changes)


def test_limits_are_inclusive() -> None:
    header(width=MAX_SIDE, seed=2**32 - 1, detail=7)
    header(restoration=7)
    Opening(MAX_KEYFRAMES, MAX_FRAMES)
    group((0, 1, MAX_PACKET_BYTES), (1, 2, 0))
    group(*((place, place, 1) for place in range(MAX_GROUP)))
    KeyframeSlice(MAX_KEYFRAMES, MAX_GROUP_BYTES - 1, b"x")
    KeyframeSlice(0, 0, b"")
    Caption(0, 0, "x" * MAX_CAPTION_CHARS)
    Timing(0, (0,) * MAX_TIMING_FRAMES)
    Caption(0, 0, "", 255)
    StreamEnd(5, 5)


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
        lambda: Caption(1, 0, ""),
        lambda: Caption(0, 0, "x" * (MAX_CAPTION_CHARS + 1)),
        lambda: Caption(0, 0, "", 256),
        lambda: Caption(0, 0, "", -1),
        lambda: Timing(0, ()),
        lambda: Timing(0, (0,) * (MAX_TIMING_FRAMES + 1)),
        lambda: StreamEnd(0, 1),
        lambda: StreamEnd(3, 4),
        lambda: StreamEnd(3, 3, 0),
        lambda: StreamEnd(3, 3, 2**31),
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


def test_a_keyframe_without_bits_is_small_enough_for_its_network() -> None:
    sides = {"width": 4096, "height": 2304, "time_base": Fraction(1, 24), "frame_rate": Fraction(24)}
    StreamHeader(coded_width=1024, coded_height=1024, coding=PictureCoding.JSCC, **sides)
    with pytest.raises(InvalidInput, match="at most 1048576 pixels, got 1024x1025; scale the video down"):
        StreamHeader(coded_width=1024, coded_height=1025, coding=PictureCoding.JSCC, **sides)
    StreamHeader(coded_width=4096, coded_height=2304, **sides)
