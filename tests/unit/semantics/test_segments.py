"""Captions and time stamps: what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from semvid.errors import InvalidInput
from semvid.semantics import Caption, Timing
from semvid.semantics.segments import MAX_CAPTION_CHARS, MAX_TIMING_FRAMES


def test_limits_are_inclusive() -> None:
    Caption(0, 0, "x" * MAX_CAPTION_CHARS)
    Timing(0, (0,) * MAX_TIMING_FRAMES)
    Caption(0, 0, "", 255)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Caption(1, 0, ""),
        lambda: Caption(0, 0, "x" * (MAX_CAPTION_CHARS + 1)),
        lambda: Caption(0, 0, "", 256),
        lambda: Caption(0, 0, "", -1),
        lambda: Timing(0, ()),
        lambda: Timing(0, (0,) * (MAX_TIMING_FRAMES + 1)),
    ],
)
def test_impossible_units(make: Any) -> None:
    with pytest.raises(InvalidInput):
        make()
