"""The slower a preset the longer it takes: which of them fits, and that what it saves is known."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.methods.video_code import AV1, Setting, options_of
from transmitter.rate import presets


@pytest.mark.parametrize(
    ("megapixels_per_s", "preset"),
    [(0.0, 0), (0.06, 0), (0.061, 1), (0.2, 1), (0.21, 2), (0.44, 2), (1.25, 4), (5.7, 8), (50.0, 8)],
)
def test_the_slowest_that_takes_three_quarters_of_a_second(megapixels_per_s: float, preset: int) -> None:
    assert presets.slowest_in_time(megapixels_per_s * 1e6) == preset


def test_who_has_time_gets_slower_ones() -> None:
    asked = [presets.slowest_in_time(0.3e6, coding_time) for coding_time in (0.01, 0.1, 0.3, 0.75, 1.5, 4.0)]
    assert asked == [8, 6, 4, 2, 1, 0]


@given(st.floats(0, 1e7), st.floats(0, 1e7))
def test_more_pixels_are_never_coded_slower_and_lose_no_less(one: float, other: float) -> None:
    few, many = (presets.slowest_in_time(pixels) for pixels in sorted((one, other)))
    assert few <= many
    assert presets.loss_of(few) <= presets.loss_of(many)


@pytest.mark.parametrize(("step", "preset"), [(1, "2"), (30, "1"), (120, "0")])
def test_the_rival_may_be_as_slow_as_we_are(step: int, preset: str) -> None:
    """And is never faster than preset 2, whatever time that takes."""
    picture = np.zeros((320, 576, 3), np.uint8)
    assert options_of(AV1, picture, Fraction(30), Setting(1, step, 60, final=True))["preset"] == preset
    assert options_of(AV1, picture, Fraction(30), Setting(1, step, 60))["preset"] == str(presets.FAST)
