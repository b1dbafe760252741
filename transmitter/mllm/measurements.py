"""What the embedded model measures about two pictures; every figure lies in 0 (same) .. 1.

The camera's motion is found first and taken out, so that "the camera moved", "something in the picture moved"
and "this is another place" become different measurements.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput
from transmitter.mllm.registration import STILL, Registration, register
from transmitter.mllm.views import View

_CHANGED = 14.0  # colour difference that is no noise, 8-bit Lab levels, after local tolerance
_STILL = 0.03  # share of changed pixels up to which the camera is taken to stand still
_BACKGROUND_SCALE = 32.0  # levels that count as a change of everything
_FLOW_SCALE = 10.0  # a tenth of the diagonal counts as 1
_CELLS = (8, 6)  # columns, rows in which the background's change is taken
_NO_OVERLAP = 0.05
_SAME_LIGHT = 2.0  # difference of mean colours that is left alone, 8-bit Lab levels
_GAINS = (0.5, 2.0)  # of lightness
_NEIGHBOURS = np.ones((3, 3), np.uint8)


class Measurements(NamedTuple):
    """The inputs of the embedded model, in the order of its coefficients."""

    camera: float  # share of the reference that the camera motion carried out of the picture, and zoom
    unregistered: float  # 1 - share of the corners that agree on one camera motion
    foreground: float  # share of the common view that changed after the camera motion is taken out
    largest: float  # area of the largest changed region in one piece, square root of its share
    unexplained: float  # change that dense motion cannot explain: content that came or went
    flow: float  # motion left over after the camera's, in tenths of the diagonal
    background: float  # change of the calmer half of the picture, camera motion taken out
    spread: float  # share of the cells that changed for the most part
    lighting: float  # change of overall brightness and tint
    palette: float  # Hellinger distance of the colour histograms
    layout: float  # 1 - correlation of the coarse colour grids
    edges: float  # 1 - similarity of edge energy by place and direction


def measure(reference: View, candidate: View) -> Measurements:
    """Compares two views of one size.

    Raises:
        InvalidInput: the pictures differ in size.
    """
    if reference.luminance.shape != candidate.luminance.shape:
        raise InvalidInput("pictures that are compared must have one size")
    carried = _relit(candidate.lab, reference.lab, None)
    change = tolerant_difference(reference.lab, carried)
    common = np.ones(change.shape, np.bool_)
    registration = STILL
    if float((change > _CHANGED).mean()) > _STILL:
        registration = register(reference, candidate)
        if registration.support > 0.0:
            carried, common = _carry(candidate.lab, registration, reference)
            carried = _relit(carried, reference.lab, common)
            change = cv2.bitwise_and(tolerant_difference(reference.lab, carried), common.view(np.uint8) * 255)
    overlap = max(float(common.mean()), _NO_OVERLAP)
    changed = (change > _CHANGED).astype(np.uint8)
    background, spread = _cells(change, changed, common)
    flow, unexplained = _dense(reference.lab, carried, common)
    lost = 1.0 - overlap + abs(float(np.log2(registration.scale)))
    return Measurements(
        camera=min(1.0, lost) if registration.support > 0.0 else 1.0,
        unregistered=1.0 - registration.support,
        foreground=min(1.0, float(changed.mean()) / overlap),
        largest=float(np.sqrt(_largest_region(changed))),
        unexplained=min(1.0, unexplained / overlap),
        flow=min(1.0, flow / overlap),
        background=background,
        spread=spread,
        lighting=min(1.0, float(np.abs(reference.mean - candidate.mean).sum()) / 64.0),
        palette=float(np.sqrt(max(0.0, 1.0 - float(reference.histogram @ candidate.histogram)))),
        layout=_decorrelation(reference.layout, candidate.layout),
        edges=float(np.sqrt(max(0.0, 1.0 - _affinity(reference.gradients, candidate.gradients)))),
    )


def _cells(
    change: NDArray[np.uint8], changed: NDArray[np.uint8], common: NDArray[np.bool_]
) -> tuple[float, float]:
    """Mean change of the calmer half of the cells, and share of cells that changed for the most part."""
    weight = cv2.resize(common.astype(np.float32), _CELLS, interpolation=cv2.INTER_AREA)
    visible = weight > 0.5
    if not visible.any():
        return 1.0, 1.0
    mean = cv2.resize(change.astype(np.float32), _CELLS, interpolation=cv2.INTER_AREA)[visible]
    share = cv2.resize(changed.astype(np.float32), _CELLS, interpolation=cv2.INTER_AREA)[visible]
    calm = np.sort(mean / weight[visible])
    return (
        min(1.0, float(calm[: max(1, len(calm) // 2)].mean()) / _BACKGROUND_SCALE),
        float((share / weight[visible] > 0.5).mean()),
    )


def _carry(
    lab: NDArray[np.uint8], registration: Registration, reference: View
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The candidate's colours seen from the reference's place, and where the two views overlap."""
    height, width = lab.shape[:2]
    full_height, full_width = reference.luminance.shape
    matrix = registration.matrix.copy()
    matrix[0, 2] *= width / full_width
    matrix[1, 2] *= height / full_height
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    carried = cv2.warpAffine(lab, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.full((height, width), 255, np.uint8), matrix, (width, height), flags=flags)
    return carried, inside > 250


def _relit(
    lab: NDArray[np.uint8], target: NDArray[np.uint8], common: NDArray[np.bool_] | None
) -> NDArray[np.uint8]:
    """``lab`` with the exposure and tint of ``target``, as far as one gain and offset can bring it there.

    Quartiles are matched, not means: what came or went in less than a quarter of the picture does not count.
    """
    if float(np.abs(np.array(cv2.mean(lab)) - np.array(cv2.mean(target))).sum()) < _SAME_LIGHT:
        return lab
    where = np.ones(lab.shape[:2], np.bool_) if common is None or common.mean() < _NO_OVERLAP else common
    table = np.empty((1, 256, 3), np.uint8)
    levels = np.arange(256, dtype=np.float64)
    for channel in range(3):
        own = np.percentile(lab[..., channel][where], (25, 50, 75))
        other = np.percentile(target[..., channel][where], (25, 50, 75))
        gain = np.clip((other[2] - other[0] + 4.0) / (own[2] - own[0] + 4.0), *_GAINS) if channel == 0 else 1.0
        table[0, :, channel] = np.clip((levels - own[1]) * gain + other[1], 0, 255)
    relit: NDArray[np.uint8] = cv2.LUT(lab, table)
    return relit


def tolerant_difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colour difference summed over channels, saturating, forgiving one pixel of misplacement."""
    return cv2.max(_outside(first, second), _outside(second, first))


def _outside(reference: NDArray[np.uint8], picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How far ``picture`` leaves the range that ``reference`` has within one pixel, summed over channels."""
    over = cv2.subtract(picture, cv2.dilate(reference, _NEIGHBOURS))
    under = cv2.subtract(cv2.erode(reference, _NEIGHBOURS), picture)
    lightness, green_red, blue_yellow = cv2.split(cv2.max(over, under))
    total: NDArray[np.uint8] = cv2.add(cv2.add(lightness, green_red), blue_yellow)
    return total


def _largest_region(changed: NDArray[np.uint8]) -> float:
    joined = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, _, statistics, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    if count < 2:
        return 0.0
    return float(statistics[1:, cv2.CC_STAT_AREA].max()) / changed.size


_FLOW = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
_FLOW.setFinestScale(1)


def _dense(
    lab: NDArray[np.uint8], carried: NDArray[np.uint8], common: NDArray[np.bool_]
) -> tuple[float, float]:
    """Remaining motion, and the share of the picture whose change it does not explain."""
    flow = _FLOW.calc(cv2.extractChannel(lab, 0), cv2.extractChannel(carried, 0), None)
    height, width = common.shape
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(carried, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR)
    left_over = tolerant_difference(lab, moved) > _CHANGED
    length = cv2.magnitude(flow[..., 0], flow[..., 1])
    return (
        _FLOW_SCALE * float(length[common].sum()) / length.size / float(np.hypot(height, width)),
        float((left_over & common).mean()),
    )


def _decorrelation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    one, two = first - first.mean(), second - second.mean()
    floor = 16.0 * first.size  # two flat pictures agree
    energy = float(np.sqrt(float(one @ one) * float(two @ two))) + floor
    return float(np.clip(1.0 - (float(one @ two) + floor) / energy, 0.0, 1.0))


def _affinity(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    return float(np.sum(first * second) / (0.5 * (np.sum(first * first) + np.sum(second * second)) + 1e-6))
