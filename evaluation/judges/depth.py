"""Monocular depth: how far the depth map of what is shown is from that of the source.

The map of the *source* is the reference d*, the map of what is shown the estimate d. Depth networks give
relative maps, so the 1st to the 99th percentile of the reference is brought to 1..255, and the estimate
follows by the scale and shift that fit it to the reference in the least squares sense, frame by frame
(Ranftl et al., 2020). Then, over the pixels whose reference lies in that range::

    D_n    share of pixels with max(d/d*, d*/d) < 1.25^n     (Eigen et al., 2014)
    AbsRel mean of |d - d*| / d*                              divided by the reference, never by the estimate
    RMSE   root of the mean of (d - d*)^2, in 255ths

The rank correlation (Spearman) needs no alignment at all.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.judge import Absent, Facts, Frames
from evaluation.judges import small
from semvid.images.types import Picture

LOWEST: Final = 1.0
HIGHEST: Final = 255.0
_RATIO: Final = 1.25
_RANGE: Final = (1, 99)  # percentiles; a few far pixels would squeeze all others together
_RANKED: Final = (64, 48)  # ranking every pixel would cost more than the network

Map = NDArray[np.float64]
Estimator = Callable[[Picture], Map]


class Depth:
    """See `evaluation.judge.Judge`."""

    measures = ("depth_rank", "depth_d1", "depth_d2", "depth_d3", "depth_abs_rel", "depth_rmse")

    def __init__(self, estimator: Estimator) -> None:
        self._estimate = estimator

    def look(self, source: Frames) -> list[Map]:
        """A map for every judged frame."""
        return [self._estimate(picture) for picture in source.pictures]

    def compare(self, seen: list[Map], _source: Frames, shown: Frames, _facts: Facts) -> dict[str, float]:
        """Means over the frames.

        Raises:
            Absent: the source is equally far everywhere.
        """
        frames = []
        for reference, picture in zip(seen, shown.pictures, strict=True):
            low, high = np.percentile(reference, _RANGE)
            if not high > low:
                raise Absent("the depth network sees no depth in the source")
            estimate = self._estimate(picture)
            frames.append(
                {"depth_rank": rank_correlation(reference, estimate), **errors(reference, estimate)}
            )
        return {name: float(np.mean([frame[name] for frame in frames])) for name in self.measures}


def errors(reference: Map, estimate: Map) -> dict[str, float]:
    """D1, D2, D3, AbsRel and RMSE of ``estimate`` after the alignment described above."""
    low, high = np.percentile(reference, _RANGE)
    counted = (reference >= low) & (reference <= high)
    truth = LOWEST + (HIGHEST - LOWEST) * (reference[counted] - low) / (high - low)
    d = np.clip(aligned(truth, estimate[counted]), LOWEST, HIGHEST)
    ratio = np.maximum(d / truth, truth / d)
    return {
        **{f"depth_d{n}": float(np.mean(ratio < _RATIO**n)) for n in (1, 2, 3)},
        "depth_abs_rel": float(np.mean(np.abs(d - truth) / truth)),
        "depth_rmse": float(np.sqrt(np.mean((d - truth) ** 2))),
    }


def aligned(reference: Map, estimate: Map) -> Map:
    """``scale * estimate + shift``, closest to ``reference`` in the least squares sense; scale at least 0."""
    centred = estimate - estimate.mean()
    power = float(np.sum(centred**2))
    scale = max(0.0, float(np.sum(centred * reference)) / power) if power > 0 else 0.0
    return np.asarray(scale * centred + reference.mean())


def rank_correlation(reference: Map, estimate: Map) -> float:
    """Spearman's coefficient, -1..1, over a grid of 64x48 points; 0 where one map is flat."""
    points = [
        cv2.resize(depth, _RANKED, interpolation=cv2.INTER_AREA).ravel() for depth in (reference, estimate)
    ]
    if min(map(np.ptp, points)) == 0:
        return 0.0
    from scipy import stats  # half a second to import

    return float(stats.spearmanr(*points).statistic)


def small_estimator(folder: Path) -> Estimator:
    """PyD-Net of a ``--judges`` folder; larger is farther."""
    judges = small.load(folder)
    return lambda picture: np.asarray(judges.depth(picture), np.float64)


def hub_estimator(model: str) -> Estimator:
    """Any depth model of transformers (`AutoModelForDepthEstimation`), by path or hub id.

    The paper's is Depth Anything V2, whose maps are larger where it is nearer.

    Raises:
        MissingComponent: transformers is not installed, or the model cannot be loaded.
    """
    from evaluation.judges.hub import load_model

    network, processor = load_model("AutoModelForDepthEstimation", "AutoImageProcessor", model)

    def estimate(picture: Picture) -> Map:
        import torch

        with torch.inference_mode():
            outputs: Any = network(**processor(images=picture, return_tensors="pt"))
        return np.asarray(outputs.predicted_depth[0].float().numpy(), np.float64)

    return estimate
