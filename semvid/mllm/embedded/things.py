"""What became of the things that two pictures show, and of what lies outside them; 0 (same) .. 1 each."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.mllm.embedded.alignment import CHANGED, Alignment
from semvid.mllm.embedded.boxes import Box, Things, box_of, importance, inside, overlap
from semvid.mllm.embedded.measurements import dense_flow, left_by_flow
from semvid.mllm.embedded.traits import TraitDistance
from semvid.mllm.embedded.views import View, histogram_of

_LIMB = 0.2  # share of the main things' parts that tells a pose
_SEEN = 0.03  # share of the picture outside all things from which a background can be spoken of
_CROP, _CELLS, _BINS = 48, 6, 8  # pixels of a thing's copy; cells and directions of its edges


class ThingMeasurements(NamedTuple):
    """After camera motion and lighting; things weigh by size and score (`Placed.importance`)."""

    gone: float  # share of the things that only one picture shows
    place: float  # 1 - intersection over union of the boxes, mean over the main things
    pose: float  # Hellinger distance of their edges by place in the box and direction
    inside: float  # share of the main things' area whose change dense motion cannot explain
    inside_traits: float  # distance of their traits, mean over the parts that differ most
    outside_palette: float  # Hellinger distance of the colour histograms outside all things
    outside_traits: float  # distance of traits there, mean over the parts


def measure_things(
    reference: View, candidate: View, aligned: Alignment, things: Things, traits: TraitDistance
) -> ThingMeasurements:
    """Compares two views of one size of which at least one surely shows a thing."""
    pairs, main = things.certain(), things.main()
    weights = np.array([importance(pair) for pair in pairs])
    lone = np.array([other is None for _, other in pairs])
    places, poses = [], []
    for one, other in main:
        places.append(1.0 if other is None else 1.0 - overlap(one.box, other.box))
        poses.append(
            1.0
            if other is None
            else _pose(reference.luminance, box_of(one.thing), candidate.luminance, box_of(other.thing))
        )
    heavy = np.array([importance(pair) for pair in main])
    boxes = [placed.box for pair in main for placed in pair if placed is not None]
    everything = [placed.box for pair in pairs for placed in pair if placed is not None]
    here = inside(boxes, aligned.common.shape) & aligned.common
    parts = traits.distance[inside(boxes, traits.common.shape) & traits.common]
    limbs = np.sort(parts)[-max(1, int(_LIMB * len(parts))) :]
    return ThingMeasurements(
        float(weights[lone].sum() / weights.sum()),
        float(heavy @ places / heavy.sum()),
        float(heavy @ poses / heavy.sum()),
        _unexplained(reference.lab, aligned, here),
        float(limbs.mean()) if len(limbs) else 1.0,
        *_outside(reference, aligned, everything, traits),
    )


def _outside(
    reference: View, aligned: Alignment, boxes: Sequence[Box], traits: TraitDistance
) -> tuple[float, float]:
    """Palette and traits outside ``boxes``; of the whole where they leave too little."""
    there = aligned.common & ~inside(boxes, aligned.common.shape)
    if there.mean() < _SEEN:
        there = aligned.common if aligned.common.any() else np.ones_like(aligned.common)
    parts = traits.common & ~inside(boxes, traits.common.shape)
    distance = traits.distance[parts] if parts.any() else np.median(traits.distance)
    first, second = (histogram_of(lab, there) for lab in (reference.lab, aligned.carried))
    return (
        float(np.sqrt(max(0.0, 1.0 - float(first @ second)))),
        float(np.mean(distance)),
    )


def _unexplained(lab: NDArray[np.uint8], aligned: Alignment, where: NDArray[np.bool_]) -> float:
    if not where.any():
        return 1.0
    left_over = left_by_flow(lab, aligned.carried, dense_flow(lab, aligned.carried))
    return float((left_over[where] > CHANGED).mean())


def _pose(first: NDArray[np.uint8], box: Box, second: NDArray[np.uint8], other: Box) -> float:
    one, two = _edges(first, box), _edges(second, other)
    return float(np.sqrt(max(0.0, 1.0 - float(one @ two))))


def _edges(luminance: NDArray[np.uint8], box: Box) -> NDArray[np.float32]:
    """Edge energy in a box, brought to one size, by place and direction; square roots of shares."""
    height, width = luminance.shape
    left, top, right, bottom = box * (width, height, width, height)
    across, down = max(right - left, 1.0), max(bottom - top, 1.0)
    matrix = np.array([[across / _CROP, 0, left], [0, down / _CROP, top]])
    crop = cv2.warpAffine(
        luminance,
        matrix,
        (_CROP, _CROP),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    strength, angle = cv2.cartToPolar(cv2.Sobel(crop, cv2.CV_32F, 1, 0), cv2.Sobel(crop, cv2.CV_32F, 0, 1))
    direction = (angle * (_BINS / np.pi)).astype(np.int32) % _BINS
    cells = np.arange(_CROP) * _CELLS // _CROP
    bins = (cells[:, None] * _CELLS + cells[None, :]) * _BINS + direction
    count = _CELLS * _CELLS * _BINS
    energy = np.bincount(bins.ravel(), strength.ravel(), count) + 8.0 * _CROP**2 / count  # as noise has
    return np.asarray(np.sqrt(energy / energy.sum()), np.float32)
