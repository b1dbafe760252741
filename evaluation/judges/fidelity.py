"""A metric of `evaluation.judges` as a judge: means over the judged frames."""

from __future__ import annotations

import numpy as np

from evaluation.judge import Absent, Facts, Frames
from evaluation.judges.metric import Metric


class Fidelity:
    """See `evaluation.judge.Judge`.

    A metric of neighbouring frames sees each judged frame and the one after it; VMAF must see every frame.
    """

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    @property
    def measures(self) -> tuple[str, ...]:
        """The metric itself."""
        return (self._metric.name,)

    def look(self, _source: Frames) -> None:
        """Nothing needs to be kept."""

    def compare(self, _seen: None, source: Frames, shown: Frames, _facts: Facts) -> dict[str, float]:
        """The mean.

        Raises:
            Absent: the metric has no value on any judged frame, or needs frames that are not judged.
        """
        gaps = np.diff(source.indices)
        if self._metric.name == "vmaf" and np.any(gaps != 1):
            raise Absent("VMAF must see every frame; set judged_every = 1")
        if self._metric.consecutive and np.any(gaps != 1):
            values = self._of_neighbours(source, shown)
        else:
            meter = self._metric.start()
            for pair in zip(source.pictures, shown.pictures, strict=True):
                meter.push(*pair)
            values = meter.values().tolist()
        finite = [value for value in values if np.isfinite(value)]
        if not finite:
            raise Absent(f"{self._metric.name} has no value on any judged frame")
        return {self._metric.name: float(np.mean(finite))}

    def _of_neighbours(self, source: Frames, shown: Frames) -> list[float]:
        values = []
        for number in range(len(source.indices)):
            if source.following[number] is source.pictures[number]:
                continue  # the last frame has none after it
            meter = self._metric.start()
            meter.push(source.pictures[number], shown.pictures[number])
            meter.push(source.following[number], shown.following[number])
            values.append(float(meter.values()[1]))
        return values
