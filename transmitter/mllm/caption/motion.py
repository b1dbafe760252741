"""What moves in a segment: the camera, and the main moving region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from transmitter.mllm.caption.colours import place
from transmitter.mllm.measurements import tolerant_difference
from transmitter.mllm.registration import STILL, Registration, register
from transmitter.mllm.views import View

_SUPPORT = 0.45  # share of the corners that must agree before the camera is spoken of
_REST = 0.006  # displacement from frame to frame that counts as none, of the width
_PAN = 0.035  # displacement over the segment that counts as a pan, of the width
_ZOOM = 0.07  # |log2| of the magnification over the segment
_CHANGED = 18  # colour difference, 8-bit Lab levels
_QUIET = 0.004  # share of changed pixels below which hardly anything moves
_EVERYWHERE = 0.5
_DIRECTION = 0.012  # displacement of the region from frame to frame, of the width


@dataclass(frozen=True, slots=True)
class Motion:
    """What was found; empty words where nothing can be said."""

    camera: str
    region: str


def motion(views: Sequence[View]) -> Motion:
    """Measures successive views of one segment."""
    if len(views) < 2:
        return Motion("", "")
    pairs = list(zip(views, views[1:], strict=False))
    registrations = [_registered(first, second) for first, second in pairs]
    return Motion(_camera(registrations, views[0].luminance.shape), _region(pairs, registrations))


def _registered(first: View, second: View) -> Registration:
    difference = tolerant_difference(first.lab, second.lab)
    return STILL if float((difference > _CHANGED).mean()) < _QUIET else register(first, second)


def _camera(registrations: Sequence[Registration], shape: tuple[int, ...]) -> str:
    if any(one.support < _SUPPORT for one in registrations):
        return ""
    height, width = shape[:2]
    centre = np.array([width / 2, height / 2, 1.0])
    moves = np.array([one.matrix @ centre - centre[:2] for one in registrations]) / width
    scale = float(sum(np.log2(one.scale) for one in registrations))
    total = moves.sum(axis=0)
    lengths = np.hypot(moves[:, 0], moves[:, 1])
    said = []
    if abs(total[0]) > _PAN and abs(total[0]) > 0.6 * np.abs(moves[:, 0]).sum():
        said.append("left" if total[0] > 0 else "right")
    if abs(total[1]) > _PAN and abs(total[1]) > 0.6 * np.abs(moves[:, 1]).sum():
        said.append("up" if total[1] > 0 else "down")
    words = []
    if said:
        words.append(f"the camera moves {' and '.join(said)}")
    if abs(scale) > _ZOOM:
        words.append("the view closes in" if scale > 0 else "the view widens")
    if words:
        return ", ".join(words)
    if float(lengths.max()) < _REST and abs(scale) < _ZOOM / 3:
        return "the camera is still"
    if float(np.mean(lengths)) > 2 * _REST:
        return "the camera shakes"
    return "the camera hardly moves"


def _region(pairs: Sequence[tuple[View, View]], registrations: Sequence[Registration]) -> str:
    """The largest region that moves by itself: its size, place and, when clear, direction."""
    if any(one.support == 0.0 for one in registrations):
        return ""
    masks, flows = [], []
    for (first, second), registration in zip(pairs, registrations, strict=True):
        carried = _carried(second, registration)
        masks.append(tolerant_difference(first.lab, carried) > _CHANGED)
        flows.append(_flow(first, carried))
    activity = np.mean(masks, axis=0)
    everywhere = float((activity > 0).mean())
    if everywhere < _QUIET:
        return "hardly anything moves"
    if everywhere > _EVERYWHERE:
        return "most of the picture changes"
    active = cv2.dilate((activity > 0).astype(np.uint8), np.ones((5, 5), np.uint8))
    count, labels, _, _ = cv2.connectedComponentsWithStats(active, connectivity=8)
    weights = np.bincount(labels.ravel(), weights=activity.ravel(), minlength=count)
    weights[0] = 0.0
    region = labels == int(weights.argmax())
    rows, columns = np.nonzero(region)
    height, width = region.shape
    share = float(region.mean())
    size = "small" if share < 0.05 else "large" if share > 0.2 else "medium-sized"
    where = place(float(np.mean(columns)) / width, float(np.mean(rows)) / height)
    direction = _direction(flows, masks, region)
    return f"a {size} region {where} moves{direction}"


def _carried(view: View, registration: Registration) -> NDArray[np.uint8]:
    height, width = view.lab.shape[:2]
    matrix = registration.matrix.copy()
    matrix[0, 2] *= width / view.luminance.shape[1]
    matrix[1, 2] *= height / view.luminance.shape[0]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    carried: NDArray[np.uint8] = cv2.warpAffine(
        view.lab, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return carried


_FLOW = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
_FLOW.setFinestScale(1)


def _flow(first: View, carried: NDArray[np.uint8]) -> NDArray[np.float32]:
    flow: NDArray[np.float32] = _FLOW.calc(
        cv2.extractChannel(first.lab, 0), cv2.extractChannel(carried, 0), None
    )
    return flow


def _direction(
    flows: Sequence[NDArray[np.float32]], masks: Sequence[NDArray[np.bool_]], region: NDArray[np.bool_]
) -> str:
    """`` to the left`` and so on when nearly all frames agree, else nothing."""
    width = region.shape[1]
    steps = np.array([
        np.median(flow[mask & region], axis=0) / width
        for flow, mask in zip(flows, masks, strict=True)
        if (mask & region).any()
    ])  # fmt: skip
    if len(steps) < 2 or len(steps) < 0.6 * len(flows):
        return ""
    mean = steps.mean(axis=0)
    axis = int(np.abs(mean).argmax())
    agree = float(np.mean(np.sign(steps[:, axis]) == np.sign(mean[axis])))
    clear = abs(mean[axis]) > _DIRECTION and abs(mean[axis]) > 1.5 * abs(mean[1 - axis])
    if agree < 0.8 or not clear:
        return ""
    return ((" left", " right"), (" up", " down"))[axis][int(mean[axis] > 0)]
