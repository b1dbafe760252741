"""Settings are never chosen by the frames on which they will be judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.bench.measuring import measure
from evaluation.bench.panel import Panel, judged_indices
from evaluation.clips import Clip
from evaluation.judge import Facts, Frames, Weights
from evaluation.method import Conditions, Outcome
from evaluation.methods.cache import EncodeCache
from evaluation.methods.quality import TUNED_EVERY, Judge, tuned_on_judged, tuning_frames
from tests.unit.evaluation.synthetic import moving_bar


def clip_of(frames: int, judged: Any = ()) -> Clip:
    return Clip(Path("none"), None, [np.zeros((1, 1, 3), np.uint8)] * frames, frozenset(judged))  # type: ignore[arg-type]


@given(st.integers(1, 400), st.integers(1, 60))
def test_no_frame_is_tuned_on_and_judged_whatever_the_set_judges(frames: int, every: int) -> None:
    judged = judged_indices(frames, every)
    tuned = tuning_frames(clip_of(frames, judged))
    assert tuned
    assert tuned == sorted(set(tuned))
    assert 0 <= tuned[0] <= tuned[-1] < frames
    if len(judged) == frames:
        assert tuned_on_judged(clip_of(frames, judged))
    else:
        assert not set(tuned) & set(judged)


@given(st.integers(30, 400), st.integers(2, 60))
def test_they_stay_as_many_and_as_evenly_spread(frames: int, every: int) -> None:
    tuned = tuning_frames(clip_of(frames, judged_indices(frames, every)))
    assert abs(len(tuned) - frames / TUNED_EVERY) <= 1
    assert all(abs(index - (3 + TUNED_EVERY * number)) <= 1 for number, index in enumerate(tuned))


def test_a_method_is_told_what_will_be_judged_before_it_runs() -> None:
    """In the bench itself, so that no method has to be trusted to ask."""
    told: list[list[int]] = []

    class Curious:
        name = "curious"

        def run(self, clip: Clip, *_: object) -> Outcome:
            told.append([sorted(clip.judged), tuning_frames(clip)])
            return Outcome(lambda: iter(clip.pictures))

    pictures = [np.full((16, 16, 3), i, np.uint8) for i in range(40)]
    source = type("Source", (), {"width": 16, "height": 16, "duration_s": 1.0})()
    clip = Clip(Path("none"), source, pictures)
    panel = Panel(["psnr_db"], Weights())
    panel.look(Frames([3], pictures[:1], pictures[:1]), Facts())
    for every in (7, 11):
        _, shown = measure(Curious(), clip, Conditions(), None, panel, every, Path("none"))
        assert shown is not None
        assert told[-1][0] == list(shown.indices)
    assert [tuned for _, tuned in told] == [[4, 11, 18, 25, 32, 39], [3, 10, 17, 24, 31, 39]]


def test_a_score_is_kept_for_the_frames_that_it_is_of(tmp_path: Path) -> None:
    clip = moving_bar(tmp_path / "bar.mp4", 8)
    looked: list[int] = []
    judge = Judge("first", lambda reference, _: float(reference[0, 0, 0]))
    for judged in ((), (3,), (3,)):
        cache = EncodeCache(tmp_path / "cache", replace(clip, judged=frozenset(judged)), "code")
        if cache.value("quality") is None:
            looked += tuning_frames(replace(clip, judged=frozenset(judged)))
            cache.store_value(judge.mean(clip, lambda index: clip.pictures[index]), "quality")
    assert looked == [3, 4]


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_clips_have_a_frame_to_look_at(frames: int) -> None:
    assert tuning_frames(clip_of(frames)) == [frames - 1]
