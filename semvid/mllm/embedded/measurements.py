"""What the embedded model measures about two pictures; every figure lies in 0 (same) .. 1.

The camera's motion and the change of lighting are found first and taken out, so that "the camera moved",
"something in the picture moved", "it became dark" and "this is another place" are different measurements.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.mllm.embedded.alignment import CHANGED, Alignment, align, tolerant_difference
from semvid.mllm.embedded.views import View, gradients_of, histogram_of, layout_of

_BACKGROUND_SCALE = 32.0  # mean change of the calmer half of the picture that counts as 1, 8-bit Lab levels
_FLOW_SCALE = 10.0  # a mean motion of a tenth of the diagonal counts as 1
_LIGHT_SCALE = 64.0  # difference of mean colours that counts as 1, 8-bit Lab levels
_CELLS = (8, 6)  # columns, rows in which the background's change is taken
_MOST_CHANGED = 3  # cells of sixteen
_JOINED = np.ones((5, 5), np.uint8)


class Measurements(NamedTuple):
    """The inputs of the embedded model, in the order of its coefficients.

    All but ``camera``, ``unregistered`` and ``lighting`` are taken after camera motion and lighting.
    """

    camera: float  # share of the reference that the camera motion carried out of the picture, and zoom
    unregistered: float  # 1 - share of the corners that agree on one camera motion
    foreground: float  # share of the common view that changed
    largest: float  # square root of the share of the largest changed region in one piece
    unexplained: float  # share whose change dense motion cannot explain: content that came or went
    flow: float  # motion left over after the camera's
    background: float  # change of the calmer half of the picture
    spread: float  # share of the cells that changed for the most part
    lighting: float  # change of overall brightness and tint
    palette: float  # Hellinger distance of the colour histograms
    layout: float  # 1 - correlation of the coarse colour grids
    edges: float  # Hellinger distance of edge energy by place and direction
    local: float  # the same within a cell, mean of the three cells of sixteen that changed most


def measure(reference: View, candidate: View, aligned: Alignment | None = None) -> Measurements:
    """Compares two views of one size; ``aligned`` is their alignment where it is known."""
    aligned = aligned or align(reference, candidate)
    registration, overlap = aligned.registration, aligned.overlap
    changed = (aligned.change > CHANGED).astype(np.uint8)
    background, spread = _cells(aligned, changed)
    flow, unexplained = _dense(reference.lab, aligned)
    lost = 1.0 - overlap + abs(float(np.log2(registration.scale)))
    seen = np.where(aligned.common[..., None], aligned.carried, reference.lab)
    gradients = gradients_of(seen)
    return Measurements(
        camera=min(1.0, lost) if registration.support > 0.0 else 1.0,
        unregistered=1.0 - registration.support,
        foreground=min(1.0, float(changed.mean()) / overlap),
        largest=float(np.sqrt(_largest_region(changed))),
        unexplained=min(1.0, unexplained / overlap),
        flow=min(1.0, flow / overlap),
        background=background,
        spread=spread,
        lighting=min(1.0, float(np.abs(reference.mean - candidate.mean).sum()) / _LIGHT_SCALE),
        palette=float(np.sqrt(max(0.0, 1.0 - float(reference.histogram @ histogram_of(seen))))),
        layout=_decorrelation(reference.layout, layout_of(seen)),
        edges=float(np.sqrt(max(0.0, 1.0 - float(np.sum(reference.gradients * gradients))))),
        local=_local(reference.gradients, gradients),
    )


def _cells(aligned: Alignment, changed: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean change of the calmer half of the cells, and share of cells that changed for the most part."""
    weight = cv2.resize(aligned.common.astype(np.float32), _CELLS, interpolation=cv2.INTER_AREA)
    visible = weight > 0.5
    if not visible.any():
        return 1.0, 1.0
    mean = cv2.resize(aligned.change.astype(np.float32), _CELLS, interpolation=cv2.INTER_AREA)[visible]
    share = cv2.resize(changed.astype(np.float32), _CELLS, interpolation=cv2.INTER_AREA)[visible]
    calm = np.sort(mean / weight[visible])
    return (
        min(1.0, float(calm[: max(1, len(calm) // 2)].mean()) / _BACKGROUND_SCALE),
        float((share / weight[visible] > 0.5).mean()),
    )


def _largest_region(changed: NDArray[np.uint8]) -> float:
    joined = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, _JOINED)
    count, _, statistics, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    if count < 2:
        return 0.0
    return float(statistics[1:, cv2.CC_STAT_AREA].max()) / changed.size


def _dense(lab: NDArray[np.uint8], aligned: Alignment) -> tuple[float, float]:
    """Remaining motion, and the share of the picture whose change it does not explain."""
    flow = dense_flow(lab, aligned.carried)
    height, width = aligned.common.shape
    left_over = left_by_flow(lab, aligned.carried, flow) > CHANGED
    length = cv2.magnitude(flow[..., 0], flow[..., 1])
    return (
        _FLOW_SCALE * float(length[aligned.common].sum()) / length.size / float(np.hypot(height, width)),
        float((left_over & aligned.common).mean()),
    )


def dense_flow(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Motion from one Lab picture to another, float32 [h, w, 2], pixels: by lightness only."""
    method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    method.setFinestScale(1)
    flow: NDArray[np.float32] = method.calc(cv2.extractChannel(first, 0), cv2.extractChannel(second, 0), None)
    return flow


def left_by_flow(
    lab: NDArray[np.uint8], carried: NDArray[np.uint8], flow: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Colour difference, uint8 [h, w], that remains when ``flow`` takes ``carried`` to ``lab``."""
    height, width = lab.shape[:2]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(carried, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR)
    return tolerant_difference(lab, moved)


def _local(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Cells count by their own edge energy: what is flat has no say."""
    energy = np.maximum(np.sum(first * first, axis=1), np.sum(second * second, axis=1))
    apart = 0.5 * np.sum((first - second) ** 2, axis=1) / (energy + 0.5 / len(first))
    return float(np.sqrt(np.sort(apart)[-_MOST_CHANGED:].mean()))


def _decorrelation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    one, two = first - first.mean(), second - second.mean()
    floor = 16.0 * first.size  # two flat pictures agree
    energy = float(np.sqrt(float(one @ one) * float(two @ two))) + floor
    return float(np.clip(1.0 - (float(one @ two) + floor) / energy, 0.0, 1.0))
