from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semvid.options import Focus, Rule
from semvid.psss import Answer
from semvid.video.reader import Frame
from tests.unit.transmitter.clips import HEIGHT, WIDTH, flicker, pan, still
from transmitter.keyframes import gallop
from transmitter.keyframes.gallop import LOOKAHEAD, Gallop
from transmitter.keyframes.gaps import GapTree
from transmitter.keyframes.selection import Comparison, KeyframeSelector, Reason, Selected, Told
from transmitter.keyframes.skem import Skem, SkemRules

SPACING = 5
PRICE = 1.0  # of a keyframe


class Brightness:
    """Answers by mean brightness, softly: even at a difference of 40 levels."""

    name = "brightness"

    def __init__(self, at_once: int = 1) -> None:
        self.asked = self.calls = 0
        self.at_once = at_once

    def compare(
        self, reference: NDArray[np.uint8], candidates: Sequence[NDArray[np.uint8]], focus: Focus
    ) -> list[Answer]:
        self.calls += 1
        self.asked += len(candidates)
        apart = [abs(float(c.mean()) - float(reference.mean())) for c in candidates]
        p_no = [1 / (1 + np.exp(-(a - 40.0) / 6.0)) for a in apart]
        return [Answer(1.0 - p, p) for p in p_no]

    def caption(self, frames: Sequence[NDArray[np.uint8]]) -> str:
        return "A picture."


def pair(
    max_gap: int = 1000, bridging: bool = False, rule: Rule = Rule.RELATIVE, tell: Told = lambda _: None
) -> tuple[Skem, Gallop]:
    """The exhaustive walk and the gallop with the same rules."""
    rules = SkemRules(Focus.GENERAL, rule, 0.35, SPACING, 2, max_gap)

    def walk() -> GapTree | None:
        return GapTree(lambda: PRICE, 2, max_gap) if bridging else None

    return Skem(Brightness(), rules, walk()), Gallop(Brightness(), rules, Skem(None, rules, walk()), tell)


def run(selector: KeyframeSelector, frames: Iterable[Frame]) -> list[Selected]:
    return [one for frame in frames for one in selector.push(frame)] + selector.finish()


def shown(selected: Sequence[Selected]) -> list[tuple[int, Reason, bool]]:
    return [(one.frame.index, one.reason, one.shot_start) for one in selected]


def brightening(frames: int, levels_a_frame: float) -> list[Frame]:
    shades = np.linspace(0.4, 1.0, WIDTH)[None, :, None] * np.ones((HEIGHT, 1, 3))
    return [
        Frame(i, i, (shades * min(255.0, 60 + levels_a_frame * i)).astype(np.uint8)) for i in range(frames)
    ]


@pytest.mark.parametrize("rule", Rule)
def test_it_finds_the_keyframes_of_the_exhaustive_walk_with_few_questions(rule: Rule) -> None:
    walk, quick = pair(rule=rule)
    frames = brightening(600, 0.25)
    expected = [one for one in run(walk, frames) if one.reason is Reason.SEMANTIC]
    found = [one for one in run(quick, frames) if one.reason is Reason.SEMANTIC]
    assert len(expected) >= 2
    assert len(found) == len(expected)
    # each may be one candidate late, and the next is counted from there
    for number, (one, other) in enumerate(zip(expected, found, strict=True), 1):
        assert 0 <= other.frame.index - one.frame.index <= number * SPACING
    assert 6 * quick._mllm.asked < walk._mllm.asked  # type: ignore[attr-defined, union-attr]


def test_where_no_meaning_changes_everything_is_as_in_the_exhaustive_walk() -> None:
    frames = [
        *still(40),
        *still(33, seed=9, first=40),
        *pan(60, 1.0, seed=9, first=73),
        *flicker(30, first=133),
    ]
    for bridging in (False, True):
        walk, quick = pair(max_gap=24, bridging=bridging)
        assert shown(run(quick, frames)) == shown(run(walk, frames))


def test_comparisons_are_told_in_order_and_only_those_that_were_asked() -> None:
    told: list[Comparison] = []
    _, quick = pair(tell=told.append)
    run(quick, brightening(390, 0.5))
    assert len(told) == quick._mllm.asked  # type: ignore[attr-defined]
    for reference in {one.reference_frame for one in told}:
        about = [one.frame.index for one in told if one.reference_frame == reference]
        assert min(about) > reference
    assert all(one.frame.index % SPACING == 0 for one in told)
    assert sum(one.decision for one in told) >= 2


def test_what_is_held_is_bounded_in_frames_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    for held_bytes, most in ((10**9, LOOKAHEAD * SPACING), (20 * WIDTH * HEIGHT * 3, 20), (1, SPACING)):
        monkeypatch.setattr(gallop, "HELD_BYTES", held_bytes)
        _, quick = pair()
        longest = 0
        for frame in still(400):
            quick.push(frame)
            longest = max(longest, len(quick._held))
        assert longest == most - 1


@settings(max_examples=12)
@given(
    st.lists(st.sampled_from(["still", "pan", "flicker", "bright"]), min_size=1, max_size=4),
    st.integers(3, 30),
)
def test_keyframes_are_in_order_and_never_twice(parts: list[str], max_gap: int) -> None:
    frames: list[Frame] = []
    for seed, part in enumerate(parts):
        first = len(frames)
        if part == "still":
            frames += still(9, seed, first)
        elif part == "pan":
            frames += pan(9, 2.0, seed, first)
        elif part == "flicker":
            frames += flicker(9, first)
        else:
            frames += [Frame(first + f.index, first + f.index, f.picture) for f in brightening(20, 6.0)]
    chosen = [one.frame.index for one in run(pair(max_gap, bridging=True)[1], frames)]
    assert chosen == sorted(set(chosen))
    assert chosen[0] == 0
    assert max(np.diff([*chosen, len(frames) - 1])) <= max_gap
