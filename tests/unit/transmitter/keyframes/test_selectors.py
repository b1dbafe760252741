from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semvid.errors import InvalidInput
from semvid.options import Focus, Rule, TransmissionOptions
from semvid.profile import Profile
from semvid.psss import Answer
from semvid.video.reader import Frame
from tests.unit.transmitter.clips import HEIGHT, WIDTH, flicker, pan, source, still
from transmitter.keyframes import make_selector
from transmitter.keyframes.gaps import GapTree
from transmitter.keyframes.selection import Comparison, KeyframeSelector, Reason, Selected, Told
from transmitter.keyframes.skem import Skem, SkemRules
from transmitter.keyframes.skim import Skim

PRICE = 1.0  # of a keyframe


class Oracle:
    """Answers by the frames' mean brightness: different when it changed by more than ten levels."""

    name = "oracle"

    def compare(
        self, reference: NDArray[np.uint8], candidates: Sequence[NDArray[np.uint8]], focus: Focus
    ) -> list[Answer]:
        differ = [abs(float(c.mean()) - float(reference.mean())) > 10 for c in candidates]
        return [Answer(0.1, 0.9) if d else Answer(0.9, 0.1) for d in differ]

    def caption(self, frames: Sequence[NDArray[np.uint8]]) -> str:
        return "A picture."


def skem(
    max_gap: int = 1000,
    spacing: int = 5,
    bridging: bool = False,
    min_gap: int = 1,
    tell: Told = lambda _: None,
) -> Skem:
    rules = SkemRules(Focus.GENERAL, Rule.RELATIVE, 0.35, spacing, min_gap, max_gap)
    return Skem(Oracle(), rules, GapTree(lambda: PRICE, 2, max_gap) if bridging else None, tell)


def walk(selector: KeyframeSelector, frames: Iterable[Frame]) -> list[Selected]:
    selected = [one for frame in frames for one in selector.push(frame)]
    return selected + selector.finish()


def indices(selected: Sequence[Selected]) -> list[int]:
    return [one.frame.index for one in selected]


def brightening(frames: int, every: int) -> Iterable[Frame]:
    for index in range(frames):
        yield Frame(index, index, np.full((HEIGHT, WIDTH, 3), 20 + 15 * (index // every), np.uint8))


@pytest.mark.parametrize(("target_cbr", "longest"), [(None, 1.2), (1.6e-4, 1.2), (6.5e-5, 2.2)])
def test_gaps_that_are_tried_are_long_only_where_symbols_are_few(
    target_cbr: float | None, longest: float
) -> None:
    options, info = TransmissionOptions(target_cbr=target_cbr), source(200)
    profile = Profile("embedded", longest_gap_s=2.2, closed_loop=True)
    chosen = indices(walk(make_selector(options, info, profile, None, lambda: math.inf), still(200)))
    gaps = [later - earlier for earlier, later in pairwise(chosen)]
    assert 0.7 * longest < max(gaps) / info.frame_rate <= longest


def test_first_and_last_frame_are_keyframes() -> None:
    selected = walk(skem(), still(30))
    assert [(one.frame.index, one.reason) for one in selected] == [(0, Reason.FIRST), (29, Reason.LAST)]


def test_one_frame_is_one_keyframe() -> None:
    assert indices(walk(skem(), still(1))) == [0]


def test_candidates_are_compared_with_the_latest_semantic_keyframe() -> None:
    told: list[Comparison] = []
    selector = skem(spacing=5, tell=told.append)
    selected = walk(selector, brightening(40, every=12))
    assert [one.frame.index for one in selected if one.reason is Reason.SEMANTIC] == [15, 25]
    assert [comparison.reference_frame for comparison in told] == [0, 0, 0, 15, 15, 25, 25]


def test_meanings_keep_their_distance() -> None:
    close = walk(skem(spacing=1), brightening(40, every=3))
    apart = walk(skem(spacing=1, min_gap=9), brightening(40, every=3))
    gaps = np.diff([one.frame.index for one in apart if one.reason.opens_caption])
    assert gaps.min() >= 9
    assert len(close) > len(apart)


def test_no_gap_is_longer_than_allowed() -> None:
    assert indices(walk(skem(max_gap=7), still(30))) == [0, 7, 14, 21, 28, 29]


def test_both_sides_of_a_cut_are_keyframes_and_nothing_bridges_it() -> None:
    for selector in (skem(), Skim(40, 2)):
        selected = walk(selector, [*still(20), *still(20, seed=9, first=20)])
        assert {19, 20} <= set(indices(selected))
        assert [one.frame.index for one in selected if one.shot_start] == [20]


def test_where_bridging_can_be_tried_the_last_frame_of_a_shot_is_a_keyframe_only_if_it_pays() -> None:
    calm = walk(skem(bridging=True), [*still(20), *still(20, seed=9, first=20)])
    assert [(one.frame.index, one.shot_start) for one in calm] == [(0, False), (20, True)]
    busy = walk(skem(bridging=True), [*pan(20, 1.0), *pan(20, 1.0, seed=9, first=20)])
    ends = [(one.frame.index, one.reason) for one in busy if one.frame.index in (19, 39)]
    assert ends == [(19, Reason.CUT), (39, Reason.LAST)]


def test_bridging_spends_keyframes_where_the_decoder_needs_them() -> None:
    calm = walk(skem(bridging=True), still(48))
    busy = walk(skem(bridging=True), flicker(48))
    assert indices(calm) == [0, 32]  # where the window that the tree halves ends
    assert len([one for one in busy if one.reason is Reason.BRIDGE]) >= 2


def test_a_steady_pan_is_bridged_in_long_gaps() -> None:
    selected = walk(skem(bridging=True), pan(48, pixels=0.5))
    assert len(selected) <= 5


@settings(max_examples=12)
@given(st.lists(st.sampled_from(["still", "pan", "flicker"]), min_size=1, max_size=4), st.integers(3, 30))
def test_keyframes_are_in_order_and_never_twice(parts: list[str], max_gap: int) -> None:
    frames: list[Frame] = []
    for seed, part in enumerate(parts):
        first = len(frames)
        if part == "still":
            frames += still(9, seed, first)
        elif part == "pan":
            frames += pan(9, 2.0, seed, first)
        else:
            frames += flicker(9, first)
    chosen = indices(walk(skem(max_gap=max_gap, bridging=True), frames))
    assert chosen == sorted(set(chosen))
    assert chosen[0] == 0
    assert max(np.diff([*chosen, len(frames) - 1])) <= max_gap


def test_bridging_holds_few_frames_however_long_the_video() -> None:
    selector = skem(max_gap=48, bridging=True)
    for frame in still(300):
        selector.push(frame)
        assert selector._tree is not None
        assert len(selector._tree._grid) <= 16
        assert len(selector._tree._copies) <= 33


@settings(max_examples=20)
@given(st.integers(2, 60), st.integers(2, 9))
def test_skim_is_equidistant(frames: int, count: int) -> None:
    chosen = indices(walk(Skim(frames, count), still(frames)))
    assert chosen[0] == 0
    assert chosen[-1] == frames - 1
    assert len(chosen) == min(count, frames)
    assert max(np.diff(chosen)) - min(np.diff(chosen)) <= 1


def test_skim_ends_with_the_last_frame_even_if_the_container_lied() -> None:
    assert indices(walk(Skim(50, 3), still(30))) == [0, 24, 29]


def test_skim_needs_two_keyframes() -> None:
    with pytest.raises(InvalidInput, match="at least 2"):
        Skim(10, 1)
