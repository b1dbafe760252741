"""The header: time stamps of the regular grid, and what it refuses; the end."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from semvid.errors import InvalidInput
from semvid.semantics import HdrColour, HdrTransfer, PictureCoding, StreamEnd, StreamHeader
from semvid.semantics.stream import MAX_SIDE


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
    StreamEnd(5, 5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: StreamEnd(0, 1),
        lambda: StreamEnd(3, 4),
        lambda: StreamEnd(3, 3, 0),
        lambda: StreamEnd(3, 3, 2**31),
    ],
)
def test_impossible_ends(make: Any) -> None:
    with pytest.raises(InvalidInput):
        make()


def test_a_keyframe_without_bits_is_small_enough_for_its_network() -> None:
    sides = {"width": 4096, "height": 2304, "time_base": Fraction(1, 24), "frame_rate": Fraction(24)}
    StreamHeader(coded_width=1024, coded_height=1024, coding=PictureCoding.JSCC, **sides)
    with pytest.raises(InvalidInput, match="at most 1048576 pixels, got 1024x1025; scale the video down"):
        StreamHeader(coded_width=1024, coded_height=1025, coding=PictureCoding.JSCC, **sides)
    StreamHeader(coded_width=4096, coded_height=2304, **sides)


def test_primaries_of_hdr_are_known_ones() -> None:
    assert HdrColour(HdrTransfer.HLG).primaries == 9
    with pytest.raises(InvalidInput, match=r"primaries of HDR must be one of .* got 3"):
        HdrColour(HdrTransfer.PQ, 3)
