"""Flicker, warping error and alignment on videos whose motion is known."""

from __future__ import annotations

import re

import numpy as np
import pytest

from evaluation.judges.temporal import flicker, warping_error
from tests.unit.evaluation.alignment import Misaligned, Shift, aligned
from tests.unit.evaluation.synthetic import pan

FRAMES = 16


@pytest.fixture(scope="module")
def source():
    return pan(FRAMES, pixels=2)


def test_no_flicker_where_what_is_shown_changes_as_the_source_does(source):
    darker = [np.clip(p.astype(int) - 30, 0, 255).astype(np.uint8) for p in source]
    assert flicker(source[3], source[4], source[3], source[4]) == 0
    assert flicker(source[3], source[4], darker[3], darker[4]) < 0.01


def test_flicker_is_the_part_of_white_that_comes_and_goes():
    still = np.full((36, 64, 3), 100, np.uint8)
    assert flicker(still, still, still, still + 51) == pytest.approx(51 / 255)
    assert flicker(still, still, still + 51, still) == pytest.approx(51 / 255)


def test_a_frozen_picture_flickers_less_than_nothing_and_is_still_wrong(source):
    assert flicker(source[3], source[4], source[3], source[3]) > 0.02


def test_warping_error_is_small_where_motion_is_right_and_large_where_it_is_not(source):
    right = warping_error(source[5], source[6], source[5], source[6])
    frozen = warping_error(source[5], source[6], source[5], source[5])
    backwards = warping_error(source[5], source[6], source[6], source[5])
    assert right < 0.02
    assert frozen > 3 * right
    assert backwards > frozen


def test_warping_error_does_not_ask_for_the_right_colours(source):
    lighter = [np.clip(p.astype(int) + 20, 0, 255).astype(np.uint8) for p in source]
    assert warping_error(source[5], source[6], lighter[5], lighter[6]) < 0.02


def test_warping_error_sees_unsteady_noise(source):
    rng = np.random.default_rng(0)
    noisy = [np.clip(p + rng.normal(0, 20, p.shape), 0, 255).astype(np.uint8) for p in source[5:7]]
    assert warping_error(source[5], source[6], *noisy) > 0.05


def test_pairs_come_in_order(source):
    pairs = list(aligned(source, [p.copy() for p in source]))
    assert len(pairs) == FRAMES
    assert all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("count", [FRAMES - 1, FRAMES + 1])
def test_another_number_of_frames_is_refused(source, count):
    shown = (source + source)[:count]
    with pytest.raises(Misaligned, match="there is no frame"):
        list(aligned(source, shown))


def test_another_size_is_refused(source):
    with pytest.raises(Misaligned, match="frame 2 is"):
        list(aligned(source, [*source[:2], *(p[:-2] for p in source[2:])]))


@pytest.mark.parametrize("offset", [-2, -1, 1, 2])
def test_a_shift_by_whole_frames_is_found_with_its_sign(source, offset):
    last = FRAMES - 1
    rng = np.random.default_rng(0)
    shown = [
        np.clip(source[min(max(i + offset, 0), last)] + rng.normal(0, 8, source[0].shape), 0, 255)
        for i in range(FRAMES)
    ]
    with pytest.raises(Misaligned, match=re.escape(f"{offset:+d}")):
        list(aligned(source, [p.astype(np.uint8) for p in shown]))


@pytest.mark.parametrize("held", [2, 3, 6])
def test_pictures_that_are_held_are_no_shift(source, held):
    list(aligned(source, [source[i - i % held] for i in range(FRAMES)]))


def test_a_video_without_motion_has_no_shift(source):
    shift = Shift()
    for _ in range(FRAMES):
        shift.push(source[0], source[1])
    assert shift.frames == 0
