from __future__ import annotations

import math

import numpy as np
import pytest

from tests.unit.transmitter.clips import HEIGHT, WIDTH, pan, still
from transmitter.motion import MotionMeter, motion_score


def measured(frames: object) -> list[float]:
    meter = MotionMeter()
    values = [meter.push(frame.picture, frame.index) for frame in frames]  # type: ignore[attr-defined]
    assert values[0] is None
    return [value for value in values if value is not None]


def test_a_still_picture_does_not_move() -> None:
    assert max(measured(still(4))) < 1e-3


@pytest.mark.parametrize("pixels", [1.0, 2.0])
def test_a_pan_moves_by_what_it_moves(pixels: float) -> None:
    expected = pixels / math.hypot(WIDTH, HEIGHT)
    assert np.median(measured(pan(8, pixels))) == pytest.approx(expected, rel=0.25)


def test_frames_left_out_are_accounted_for() -> None:
    every, second = measured(pan(9, 1.0)), measured(list(pan(9, 1.0))[::2])
    assert np.median(second) == pytest.approx(float(np.median(every)), rel=0.25)


def test_scores_saturate() -> None:
    assert [motion_score(x) for x in (0.0, 0.001, 1.0)] == [0, 8, 255]
