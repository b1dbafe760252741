from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from semvid.errors import InvalidInput
from semvid.semantics import (
    MAX_CAPTION_CHARS,
    MAX_PACKET_BYTES,
    MAX_SIDE,
    MAX_TIMING_FRAMES,
    Caption,
    Keyframe,
    StreamEnd,
    StreamHeader,
    Timing,
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


def test_nominal_time_stamps_of_a_millisecond_container() -> None:
    # Matroska rounds 30 fps to 0, 33, 67, 100 ms
    stamps = header(time_base=Fraction(1, 1000), frame_rate=Fraction(30))
    assert [stamps.nominal_pts(i) for i in range(4)] == [0, 33, 67, 100]


def test_nominal_time_stamps_round_halves_up() -> None:
    stamps = header(time_base=Fraction(1, 5), frame_rate=Fraction(2))
    assert [stamps.nominal_pts(i) for i in range(4)] == [0, 3, 5, 8]


def test_nominal_time_stamps_follow_the_containers_phase() -> None:
    # a Matroska file that begins at its second frame: 33, 67, 100 ms
    stamps = header(
        time_base=Fraction(1, 1000), frame_rate=Fraction(30), first_pts=33, phase=Fraction(215, 256)
    )
    assert [stamps.nominal_pts(i) for i in range(3)] == [33, 67, 100]


def test_nominal_time_stamps_do_not_drift() -> None:
    stamps = header(time_base=Fraction(1, 90_000), frame_rate=Fraction(30_000, 1001), first_pts=7)
    assert stamps.nominal_pts(30_000) == 7 + 1001 * 90_000


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
        {"first_pts": 2**63},
        {"phase": Fraction(1)},
        {"phase": Fraction(1, 3)},
    ],
)
def test_impossible_headers(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        header(**changes)


def test_limits_are_inclusive() -> None:
    header(width=MAX_SIDE, seed=2**32 - 1)
    Keyframe(0, 0, bytes(MAX_PACKET_BYTES))
    Keyframe(0, 0, b"")  # only marks where a segment begins
    Caption(0, 0, "x" * MAX_CAPTION_CHARS)
    Timing(0, (0,) * MAX_TIMING_FRAMES)
    Caption(0, 0, "", 255)
    StreamEnd(5, 5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Keyframe(0, 0, b"", parts=2),
        lambda: Keyframe(0, 0, b"", refresh=True),
        lambda: Keyframe(0, 0, bytes(MAX_PACKET_BYTES + 1)),
        lambda: Keyframe(3, 2, b"x"),
        lambda: Keyframe(0, 0, b"x", part=1, parts=1),
        lambda: Keyframe(0, 0, b"x", parts=0),
        lambda: Caption(1, 0, ""),
        lambda: Caption(0, 0, "x" * (MAX_CAPTION_CHARS + 1)),
        lambda: Caption(0, 0, "", 256),
        lambda: Caption(0, 0, "", -1),
        lambda: Timing(0, ()),
        lambda: Timing(0, (0,) * (MAX_TIMING_FRAMES + 1)),
        lambda: StreamEnd(0, 1),
        lambda: StreamEnd(3, 4),
    ],
)
def test_impossible_units(make: Any) -> None:
    with pytest.raises(InvalidInput):
        make()
