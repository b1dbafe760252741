from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.bench.panel import Misaligned, Panel, judged_indices, take, verified
from evaluation.judge import Facts, Weights

CLIP = [np.full((16, 16, 3), 10 * i, np.uint8) for i in range(10)]


@given(st.integers(1, 500), st.integers(1, 60))
def test_judged_frames_lie_inside_and_evenly(frames: int, every: int) -> None:
    indices = judged_indices(frames, every)
    assert indices
    assert 0 <= indices[0] <= indices[-1] < frames
    assert all(b - a == every for a, b in pairwise(indices))
    assert frames - indices[-1] <= every


def test_frames_and_those_after_them_are_taken_from_the_right_places() -> None:
    taken = take(iter(CLIP), CLIP, [3, 9])
    assert [picture[0, 0, 0] for picture in taken.pictures] == [30, 90]
    assert [picture[0, 0, 0] for picture in taken.following] == [40, 90]


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (CLIP[1:], "9 frames are shown for the 10"),
        ([*CLIP, CLIP[0]], "more than 10"),
        ([CLIP[0], CLIP[1][:8], *CLIP[2:]], "frame 1"),
        ([CLIP[0].astype(np.float32), *CLIP[1:]], "float32"),
    ],
)
def test_other_frames_than_the_clip_has_are_refused(shown: list[np.ndarray], told: str) -> None:
    with pytest.raises(Misaligned, match=told):
        take(iter(shown), CLIP, [3])


def test_a_ledger_must_equal_what_crossed() -> None:
    assert verified({"keyframe": 70, "pilot": 30}, 100) == ""
    assert "counts 100 symbols, 101 crossed" in verified({"keyframe": 70, "pilot": 30}, 101)
    assert verified({"keyframe": 130, "pilot": -30}, 100)


def test_what_a_judge_lacks_is_absent_with_the_reason_and_no_number() -> None:
    panel = Panel(["psnr_db", "dists", "action"], Weights())
    source = take(iter(CLIP), CLIP, [3])
    panel.look(source, Facts())
    darker = [np.where(picture > 5, picture - 5, picture).astype(np.uint8) for picture in CLIP]
    metrics, absent = panel.compare(take(iter(darker), CLIP, [3]))
    assert metrics == {"psnr_db": pytest.approx(10 * np.log10(255**2 / 25))}
    assert set(absent) == {"dists", "action"}
    assert "--weights action" in absent["action"]
