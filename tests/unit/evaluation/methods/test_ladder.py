"""The search over sizes and frame rates, on a code whose every size and quality is known."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.clips import Clip
from evaluation.methods import ladder as ladder_module
from evaluation.methods.cache import EncodeCache
from evaluation.methods.ladder import SCALES, STEPS, Ladder
from evaluation.methods.quality import Judge
from evaluation.methods.showing import AS_DECODED
from evaluation.methods.video_code import AV1, Setting, Stream

CRFS = AV1.crfs
PLACES = st.tuples(st.floats(0, len(SCALES) - 1), st.floats(0, len(STEPS) - 1))


class MadeUp(Ladder):
    """Sizes fall with CRF, scale and step; quality with the size and with the distance from one best rung.

    The slow preset takes a tenth fewer bytes.
    """

    def __init__(
        self, best: tuple[float, float], frames: int = 90, width: int = 576, height: int = 320
    ) -> None:
        source = SimpleNamespace(width=width, height=height, frame_rate=Fraction(24))
        clip = Clip(Path("none"), source, [np.zeros((1, 1, 3), np.uint8)] * frames)  # type: ignore[arg-type]
        judge, cache = Judge("none", lambda *_: 0.0), cast("EncodeCache", None)
        super().__init__(AV1, clip, judge, cache, AS_DECODED)
        self._best = best
        self.tried: list[Setting] = []

    def _stream(self, setting: Setting) -> Stream:
        self.tried.append(setting)
        size = 4e6 * setting.scale**-1.4 * setting.step**-0.6 * math.exp(-0.1 * setting.crf)
        return Stream([bytes(max(1, round(size * (0.9 if setting.final else 1))))], [0], 0, 0, setting.step)

    def quality(self, setting: Setting) -> float:
        place = SCALES.index(setting.scale), STEPS.index(setting.step)
        return math.log(self.stream(setting).size) - math.dist(place, self._best) ** 2


@settings(max_examples=25)  # each tries every setting that there is
@given(PLACES, st.integers(2_000, 30_000))
def test_the_walk_finds_the_best_of_all_sizes_and_frame_rates(best: tuple[float, float], budget: int) -> None:
    ladder = MadeUp(best)
    chosen = ladder.best(budget)
    assert chosen is not None
    rungs = [
        (scale, step)
        for scale, step in product(SCALES, STEPS)
        if ladder.stream(Setting(scale, step, CRFS[0])).size <= budget
    ]
    crfs = [crf / 4 for crf in range(4 * CRFS[-1], 4 * CRFS[0] + 1)]
    finals = [Setting(*rung, crf, final=True) for rung, crf in product(rungs, crfs)]
    fitting = [setting for setting in finals if ladder.stream(setting).size <= budget]
    assert chosen in fitting
    # a final stream may leave 1.5 % of the budget and the nearest quarter step 2.5 %
    assert ladder.quality(chosen) >= max(map(ladder.quality, fitting)) - 0.03


@given(PLACES, st.integers(2_000, 30_000))
def test_the_final_point_spends_the_budget_in_quarter_steps(best: tuple[float, float], budget: int) -> None:
    ladder = MadeUp(best)
    chosen = ladder.best(budget)
    assert chosen is not None
    assert chosen.final
    assert (4 * chosen.crf).is_integer()
    size = ladder.stream(chosen).size
    assert size <= budget
    if CRFS[-1] < chosen.crf:
        assert size > 0.97 * budget
    finals = [setting for setting in ladder.tried if setting.final]
    assert len({(setting.scale, setting.step) for setting in finals}) <= 2
    assert len(finals) <= 8


def test_rates_share_what_was_encoded_and_the_grid_is_not_exhausted() -> None:
    ladder = MadeUp((1.4, 2.3))
    assert ladder.best(9_000) is not None
    first = len(ladder.tried)
    rungs = {(setting.scale, setting.step) for setting in ladder.tried}
    assert len(rungs) <= 16 < len(SCALES) * len(STEPS)
    ladder.best(9_500)
    fast = [setting for setting in ladder.tried[first:] if not setting.final]
    assert len(fast) <= 3


def test_it_walks_from_where_nothing_fits_to_where_something_does() -> None:
    ladder = MadeUp((0, 0))
    tiny = min(ladder.stream(Setting(scale, step, CRFS[0])).size for scale, step in product(SCALES, STEPS))
    chosen = ladder.best(tiny)
    assert chosen is not None
    assert (chosen.scale, chosen.step) == (SCALES[-1], STEPS[-1])
    assert ladder.best(tiny // 2) is None
    assert ladder.best(0) is None


def test_small_and_short_clips_have_a_shorter_ladder() -> None:
    ladder = MadeUp((4, 7), frames=5, width=160, height=128)
    chosen = ladder.best(10**6)
    assert chosen is not None
    assert chosen.scale == 2  # a third of 128 is less than the smallest side
    assert chosen.step == 4


def test_where_the_slow_preset_takes_more_the_fast_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    ladder = MadeUp((2, 3))
    coarsest = Setting(SCALES[-1], STEPS[-1], CRFS[0])
    budget = ladder.stream(coarsest).size

    def dearer(setting: Setting) -> Any:
        size = MadeUp._stream(ladder, setting).size
        return Stream([bytes(2 * size if setting.final else size)], [0], 0, 0, 1)

    monkeypatch.setattr(ladder, "stream", dearer)
    assert ladder.best(budget) == coarsest
    assert ladder_module.finest_crf([3, 2, 1], 10, lambda _: 11) is None


def test_a_close_size_ends_the_search_for_a_crf() -> None:
    tried: list[float] = []

    def size(crf: float) -> float:
        tried.append(crf)
        return 1000 * math.exp(-0.1 * crf)

    steps = [crf / 4 for crf in range(4 * 60, 4 * 30, -1)]
    found = ladder_module.finest_crf(steps, 10.05, size, first=steps.index(48.0), close=0.03, per_crf=0.1)
    assert found == pytest.approx(46.25)
    assert len(tried) == 2
    assert ladder_module.finest_crf(steps, 10.05, size, close=0.03) == pytest.approx(46.25)
