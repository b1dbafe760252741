"""Experiment (b): does S_rel rank what a task loses when one frame stands for another?"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import numpy as np
from scipy import stats

from evaluation.psss.eyes import TASKS, Eyes, flow_length, view
from evaluation.psss.intervals import Interval, interval, paired
from semvid.images.types import Picture
from semvid.mllm import Mllm
from semvid.options import Focus

FRAMES: Final = 6  # of a clip
FOCUS_OF: Final = {"objects": Focus.MAIN_OBJECT, "class": Focus.GENERAL, "depth": Focus.BACKGROUND}
DECISIVE: Final = ("MSE", "LPIPS", "flow")
REPORTED: Final = ("embedding distance", "time")


def predictor_of(focus: Focus) -> str:
    """Its name in records."""
    return f"S_rel {focus.value}"


def measure(clip: str, frames: Sequence[tuple[int, Picture]], mllm: Mllm, eyes: Eyes) -> dict[str, Any]:
    """All pairs of frames of one clip: predictors, and what the tasks lose, in one order.

    Args:
        frames: number and picture, in time order.
    """
    views = [view(eyes, picture) for _, picture in frames]
    asked = {
        focus: [
            mllm.compare(frames[first][1], [picture for _, picture in frames[first + 1 :]], focus)
            for first in range(len(frames) - 1)
        ]
        for focus in Focus
    }
    pairs = list(combinations(range(len(frames)), 2))
    predictors: dict[str, list[float]] = {
        predictor_of(focus): [answers[a][b - a - 1].s_rel for a, b in pairs]
        for focus, answers in asked.items()
    }
    predictors |= {
        "MSE": [_squared_error(frames[a][1], frames[b][1]) for a, b in pairs],
        "LPIPS": [eyes.lpips(frames[a][1], frames[b][1]) for a, b in pairs],
        "flow": [flow_length(eyes.flow(frames[a][1], frames[b][1])) for a, b in pairs],
        "embedding distance": [1 - float(views[a].embedding @ views[b].embedding) for a, b in pairs],
        "time": [float(frames[b][0] - frames[a][0]) for a, b in pairs],
    }
    changes = {name: [change(views[a], views[b]) for a, b in pairs] for name, change in TASKS.items()}
    return {
        "clip": clip,
        "frames": [number for number, _ in frames],
        "predictors": {name: [round(value, 5) for value in values] for name, values in predictors.items()},
        "changes": {name: [round(value, 5) for value in values] for name, values in changes.items()},
    }


def coefficients(records: Sequence[Mapping[str, Any]], task: str, predictor: str) -> dict[str, float]:
    """Spearman's coefficient by clip; clips in which the task's change is the same for all pairs are out.

    A predictor that says the same of all pairs of a clip ranks nothing: 0.
    """
    found = {}
    for record in records:
        change, said = record["changes"][task], record["predictors"][predictor]
        if np.ptp(change) > 0:
            found[record["clip"]] = (
                float(stats.spearmanr(said, change).statistic) if np.ptp(said) > 0 else 0.0
            )
    return found


def means(records: Sequence[Mapping[str, Any]], task: str) -> dict[str, Interval]:
    """By predictor; nothing where the task's output changes in no clip."""
    names = (*map(predictor_of, Focus), *DECISIVE, *REPORTED)
    found = {name: list(coefficients(records, task, name).values()) for name in names}
    return {name: interval(values) for name, values in found.items() if values}


def differences(records: Sequence[Mapping[str, Any]], task: str) -> dict[str, Interval]:
    """S_rel with the focus of the task minus each other predictor, paired by clip; nothing as in `means`."""
    ours = coefficients(records, task, predictor_of(FOCUS_OF[task]))
    if not ours:
        return {}
    return {name: paired(ours, coefficients(records, task, name)) for name in (*DECISIVE, *REPORTED)}


def _squared_error(one: Picture, other: Picture) -> float:
    return float(np.square(one.astype(np.float32) - other).mean())
