"""Paired differences over clips and what they allow to say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

DRAWS: Final = 10_000
SEED: Final = 0
_PERCENTILES: Final = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over clips with its 95 % bootstrap interval.

    Attributes:
        mean: of the values.
        low, high: percentiles of the means of clips drawn again.
        clips: values.
    """

    mean: float
    low: float
    high: float
    clips: int

    @property
    def sign(self) -> int:
        """1 where the interval lies above zero, -1 below, else 0."""
        return int(self.low > 0) - int(self.high < 0)

    def resource(self) -> dict[str, Any]:
        """JSON-ready."""
        values = {"mean": self.mean, "low": self.low, "high": self.high}
        return {name: round(value, 5) for name, value in values.items()} | {"clips": self.clips}


def interval(values: Sequence[float]) -> Interval:
    """Mean of independent values and its interval.

    Raises:
        ValueError: there are none.
    """
    if not values:
        raise ValueError("an interval needs values of at least one clip")
    array = np.asarray(values, np.float64)
    drawn = np.random.default_rng(SEED).integers(len(array), size=(DRAWS, len(array)))
    low, high = np.percentile(array[drawn].mean(axis=1), _PERCENTILES)
    return Interval(float(array.mean()), float(low), float(high), len(array))


def paired(ours: Mapping[str, float], rival: Mapping[str, float]) -> Interval:
    """Ours minus the rival's, clip by clip, over the clips that both have."""
    return interval([ours[clip] - rival[clip] for clip in ours if clip in rival])


def keyframe_verdict(signs: Mapping[str, Mapping[str, int]]) -> str:
    """The verdict of docs/psss.md (a): yes, partly or no.

    Args:
        signs: of psss minus a rival, by rival (uniform and random) and measure; higher is better.
    """
    measures = list(next(iter(signs.values())))
    by_measure = {measure: [rival[measure] for rival in signs.values()] for measure in measures}
    better_than_all = sum(min(found) == 1 for found in by_measure.values())
    better = sum(max(found) == 1 for found in by_measure.values())
    worse = sum(min(found) == -1 for found in by_measure.values())
    if better_than_all >= 2 and not worse:
        return "yes"
    return "partly" if better > worse else "no"


def prediction_verdict(signs: Mapping[str, Mapping[str, int]]) -> str:
    """The verdict of docs/psss.md (b): yes, partly or no.

    Args:
        signs: of S_rel's coefficient minus a predictor's, by task and predictor (MSE, LPIPS and flow).
    """
    beats_all = sum(min(found.values()) == 1 for found in signs.values())
    beats_one = sum(max(found.values()) == 1 and min(found.values()) > -1 for found in signs.values())
    if beats_all >= 2:
        return "yes"
    return "partly" if beats_one >= 2 else "no"
