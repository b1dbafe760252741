"""Who chooses keyframes: as many as are wanted, and the ones that each rule says."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.psss.choosers import by_bridging, by_psss, uniform, walk
from evaluation.psss.piece import JUDGED, longest_shot, places


def meanings(*values: float) -> np.ndarray:
    """S_rel as the distance of one number from another."""
    found = np.abs(np.subtract.outer(values, values))
    found[np.tril_indices(len(values))] = np.nan
    return found


def test_the_walk_compares_with_the_latest_keyframe() -> None:
    s_rel = meanings(0.0, 0.1, 0.5, 0.6, 0.1, 0.0)
    assert walk(s_rel, 0.35) == [0, 2, 4, 5]
    assert walk(s_rel, 0.9) == [0, 5]


def test_psss_takes_the_highest_threshold_that_gives_the_number() -> None:
    chosen = by_psss(meanings(0.0, 0.1, 0.5, 0.6, 0.1, 0.0), 4)
    assert chosen.keyframes == (0, 2, 4, 5)
    assert chosen.filled == 0
    assert chosen.threshold is not None
    assert walk(meanings(0.0, 0.1, 0.5, 0.6, 0.1, 0.0), chosen.threshold) == list(chosen.keyframes)


def test_where_no_threshold_gives_the_number_the_most_different_of_the_rest_is_taken() -> None:
    s_rel = np.full((5, 5), np.nan)
    s_rel[0, 1:] = s_rel[1, 2:] = s_rel[2, 3:] = s_rel[3, 4:] = 0.5  # all alike: no candidate or each
    chosen = by_psss(s_rel, 3)
    assert chosen.keyframes == (0, 1, 4)
    assert chosen.filled == 1


@given(st.lists(st.floats(0, 1), min_size=4, max_size=20), st.integers(2, 4))
def test_each_rule_gives_as_many_as_are_wanted_with_both_ends(values: list[float], count: int) -> None:
    s_rel = meanings(*values)
    losses = np.where(np.isnan(s_rel), np.inf, s_rel)
    candidates = [5 * number for number in range(len(values))]
    for chosen in (by_psss(s_rel, count), by_bridging(losses, count), uniform(candidates, count)):
        assert len(set(chosen.keyframes)) == count
        assert (chosen.keyframes[0], chosen.keyframes[-1]) == (0, len(values) - 1)
        assert list(chosen.keyframes) == sorted(chosen.keyframes)


@given(st.integers(0, 1000), st.integers(3, 6))
def test_bridging_finds_what_trying_everything_finds(seed: int, count: int) -> None:
    losses = np.full((8, 8), np.inf)
    losses[np.triu_indices(8, 1)] = np.random.default_rng(seed).random(28)

    def loss(path: tuple[int, ...]) -> float:
        return sum(float(losses[a, b]) for a, b in pairwise(path))

    best = min(((0, *inner, 7) for inner in combinations(range(1, 7), count - 2)), key=loss)
    assert loss(by_bridging(losses, count).keyframes) == pytest.approx(loss(best))


def test_uniform_is_as_even_as_the_candidates_allow() -> None:
    assert uniform(range(0, 101, 5), 5).keyframes == (0, 5, 10, 15, 20)
    assert uniform([0, 90, 95, 100], 3).keyframes == (0, 1, 3)


def test_no_rule_gives_more_than_there_are() -> None:
    with pytest.raises(ValueError, match="5 keyframes of 4 candidates"):
        uniform([0, 5, 10, 15], 5)


@given(st.integers(20, 200), st.sampled_from([10.0, 12.5, 24.0, 25.0, 29.97, 30.0]))
def test_no_judged_frame_is_a_candidate(frames: int, rate: float) -> None:
    candidates, judged = places(frames, rate)
    assert not set(candidates) & set(judged)
    assert (candidates[0], candidates[-1]) == (0, frames - 1)
    assert len(judged) == JUDGED
    assert all(0 < frame < frames - 1 for frame in judged)


def test_the_longest_shot_lies_between_cuts() -> None:
    pictures = [np.zeros((8, 8, 3), np.uint8)] * 100
    assert longest_shot(pictures, [30, 80]) == (30, 80)
    assert longest_shot(pictures, [150]) == (0, 100)
    assert longest_shot(pictures, None) == (0, 100)  # nothing changes: the detector finds no cut
