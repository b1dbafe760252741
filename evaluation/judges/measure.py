"""One pass over a clip with all metrics: per frame, per segment, mean and interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.judges.alignment import aligned
from evaluation.judges.metric import Absent, Meter, Metric
from semvid.images.types import Picture

Values = NDArray[np.float64]

CONFIDENCE: Final = 0.95
_RESAMPLES: Final = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One metric on one clip.

    Attributes:
        frames: indices of the frames that were measured.
        values: of those frames, NaN where the metric has none.
    """

    frames: list[int]
    values: Values

    @property
    def mean(self) -> float:
        """Over the frames that have a value; NaN if none has."""
        present = self.values[~np.isnan(self.values)]
        return float(present.mean()) if present.size else float("nan")

    def interval(self, seed: int, block: int = 12) -> tuple[float, float]:
        """95 % interval of the mean over frames, by a moving block bootstrap.

        Neighbouring frames resemble each other, so whole stretches are drawn; an interval from single frames
        would be far too narrow. It says how much the clip varies, nothing about other clips: for those take
        the interval over the means of many clips.

        Args:
            seed: of the draws.
            block: frames in a stretch; half a second by default.
        """
        present = self.values[~np.isnan(self.values)]
        if present.size < 2:
            return self.mean, self.mean
        block = min(block, present.size)
        rng = np.random.default_rng(seed)
        starts = rng.integers(0, present.size - block + 1, (_RESAMPLES, -(-present.size // block)))
        drawn = present[(starts[..., None] + np.arange(block)).reshape(_RESAMPLES, -1)[:, : present.size]]
        low, high = np.quantile(drawn.mean(axis=1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return float(low), float(high)

    def by_segment(self, keyframes: Sequence[int]) -> list[float]:
        """Mean of each segment, from one keyframe up to, not including, the next; NaN for one without values.

        Args:
            keyframes: their frames, in order; the last one closes the last segment and belongs to it.
        """
        frames = np.array(self.frames)
        means = []
        for number, (first, stop) in enumerate(pairwise(keyframes)):
            last = number == len(keyframes) - 2
            inside = (frames >= first) & ((frames <= stop) if last else (frames < stop))
            present = self.values[inside & ~np.isnan(self.values)]
            means.append(float(present.mean()) if present.size else float("nan"))
        return means


def measure(
    reference: Iterable[Picture],
    shown: Iterable[Picture],
    metrics: Mapping[str, Metric | Absent],
    every: int = 1,
) -> dict[str, Measured | Absent]:
    """Measures what is shown against its source.

    Args:
        reference, shown: uint8 RGB [height, width, 3], exactly as many and of one size.
        metrics: by name; absent ones stay absent.
        every: only every so many-th frame goes to metrics that look at single frames.

    Raises:
        Misaligned: the two have other frames than each other (`evaluation.judges.alignment`).
    """
    present = {name: metric for name, metric in metrics.items() if isinstance(metric, Metric)}
    meters: dict[str, Meter] = {name: metric.start() for name, metric in present.items()}
    frames: dict[str, list[int]] = {name: [] for name in present}
    for index, (frame, picture) in enumerate(aligned(reference, shown)):
        for name, metric in present.items():
            if metric.consecutive or index % every == every // 2:
                meters[name].push(frame, picture)
                frames[name].append(index)
    measured = {name: Measured(frames[name], meter.values()) for name, meter in meters.items()}
    absent = {name: metric for name, metric in metrics.items() if isinstance(metric, Absent)}
    return {name: measured.get(name) or absent[name] for name in metrics}
