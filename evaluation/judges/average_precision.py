"""Mean average precision of boxes, as COCO defines it (101 recall points, greedy matching by score)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

THRESHOLDS: Final = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))  # IoU, COCO's primary metric
_RECALLS: Final = np.linspace(0, 1, 101)
_MOST: Final = 100  # detections a frame that COCO counts


@dataclass(frozen=True, slots=True)
class Box:
    """One detected object.

    Attributes:
        label: its class.
        score: confidence, 0..1.
        corners: left, top, right, bottom, pixels.
    """

    label: str
    score: float
    corners: tuple[float, float, float, float]


def mean_average_precision(
    truths: Sequence[Sequence[Box]], detections: Sequence[Sequence[Box]], iou: float
) -> float:
    """Mean over the classes of the truths of the average precision at one IoU threshold, 0..1.

    Args:
        truths: boxes that are there, by frame; their scores are not looked at.
        detections: boxes that were found, by frame.

    Raises:
        ValueError: different numbers of frames, or no truth at all.
    """
    if len(truths) != len(detections):
        raise ValueError(f"{len(truths)} frames of truths and {len(detections)} of detections")
    labels = sorted({box.label for frame in truths for box in frame})
    if not labels:
        raise ValueError("there is no object to be found")
    return float(np.mean([_average_precision(truths, detections, label, iou) for label in labels]))


def _average_precision(
    truths: Sequence[Sequence[Box]], detections: Sequence[Sequence[Box]], label: str, iou: float
) -> float:
    scores: list[float] = []
    hits: list[bool] = []
    there = 0
    for frame_truths, frame_detections in zip(truths, detections, strict=True):
        wanted = [box for box in frame_truths if box.label == label]
        found = sorted((box for box in frame_detections if box.label == label), key=lambda box: -box.score)
        there += len(wanted)
        scores += [box.score for box in found[:_MOST]]
        hits += _matches(wanted, found[:_MOST], iou)
    hit = np.array(hits, bool)[np.argsort(-np.array(scores), kind="stable")]
    true, false = np.cumsum(hit), np.cumsum(~hit)
    recall, precision = true / there, true / np.maximum(1, true + false)
    # precision at a recall is the best that any recall from there on reaches
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, _RECALLS, side="left")
    return float(np.sum(envelope[at[at < len(envelope)]]) / len(_RECALLS))


def _matches(wanted: Sequence[Box], found: Sequence[Box], iou: float) -> list[bool]:
    free = list(wanted)
    hits = []
    for box in found:
        overlaps = [overlap(box.corners, truth.corners) for truth in free]
        best = int(np.argmax(overlaps)) if overlaps else -1
        hit = best >= 0 and overlaps[best] >= iou
        hits.append(hit)
        if hit:
            del free[best]
    return hits


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes given by left, top, right, bottom."""
    corners: NDArray[np.float64] = np.array([a, b], np.float64)
    sides = np.minimum(corners[0, 2:], corners[1, 2:]) - np.maximum(corners[0, :2], corners[1, :2])
    common = float(np.prod(np.maximum(sides, 0)))
    areas = np.prod(np.maximum(corners[:, 2:] - corners[:, :2], 0), axis=1)
    union = float(areas.sum()) - common
    return common / union if union > 0 else 0.0
