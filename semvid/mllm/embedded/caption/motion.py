"""What moves in a segment: the camera, and the main moving region."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.mllm.embedded.alignment import Alignment, align
from semvid.mllm.embedded.caption.colours import place
from semvid.mllm.embedded.measurements import dense_flow, left_by_flow
from semvid.mllm.embedded.registration import Registration
from semvid.mllm.embedded.views import View

_SUPPORT = 0.45  # share of the corners that must agree before the camera is spoken of
_REST = 0.006  # displacement from frame to frame that counts as none, of the width
_PAN = 0.035  # displacement over the segment that counts as a pan, of the width
_ZOOM = 0.07  # |log2| of the magnification over the segment
_CHANGED = 18  # colour difference, 8-bit Lab levels
_QUIET = 0.004  # share of changed pixels below which hardly anything moves
_EVERYWHERE = 0.5
_UNDERSTOOD = 0.6  # share of the moving pixels whose change the flow explains
_DIRECTION = 0.012  # displacement of the region from frame to frame, of the width


@dataclass(frozen=True, slots=True)
class Region:
    """The largest part of the picture that moves by itself.

    Attributes:
        x, y: of its centre, 0..1.
        size: in words.
        direction: `` left`` and so on, empty where it is not clear.
    """

    x: float
    y: float
    size: str
    direction: str

    @property
    def words(self) -> str:
        """For those who do not know what it is."""
        return f"a {self.size} region {place(self.x, self.y)} moves{self.direction}"


@dataclass(frozen=True, slots=True)
class Motion:
    """What was found; empty words where nothing can be said.

    Attributes:
        camera: what it does.
        rest: what is said of the rest where there is no ``region``.
        region: that moves.
    """

    camera: str
    rest: str
    region: Region | None = None


def motion(views: Sequence[View]) -> Motion:
    """Measures successive views of one segment."""
    if len(views) < 2:
        return Motion("", "")
    alignments = [align(first, second) for first, second in pairwise(views)]
    camera = _camera([one.registration for one in alignments], views[0].luminance.shape)
    moving = _region(views, alignments)
    return Motion(camera, moving) if isinstance(moving, str) else Motion(camera, "", moving)


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


def _region(views: Sequence[View], alignments: Sequence[Alignment]) -> str | Region:
    """The largest region that moves by itself, or what is to be said instead."""
    if any(one.registration.support < _SUPPORT for one in alignments):
        return ""  # the camera's own motion could pass for the region's
    masks = [one.change > _CHANGED for one in alignments]
    flows = [dense_flow(view.lab, one.carried) for view, one in zip(views, alignments, strict=False)]
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
    x, y = float(np.mean(columns)) / width, float(np.mean(rows)) / height
    explained = [  # where the flow really carries one picture into the other
        left_by_flow(view.lab, one.carried, flow) <= _CHANGED
        for view, one, flow in zip(views, alignments, flows, strict=False)
    ]
    direction = _direction(flows, masks, explained, region)
    return Region(x, y, size, direction)


def _direction(
    flows: Sequence[NDArray[np.float32]],
    masks: Sequence[NDArray[np.bool_]],
    explained: Sequence[NDArray[np.bool_]],
    region: NDArray[np.bool_],
) -> str:
    """`` left``, `` up`` and so on when the motion is understood and all frames agree, else nothing."""
    width = region.shape[1]
    steps = []
    for flow, mask, known in zip(flows, masks, explained, strict=True):
        moving = mask & region
        if not moving.any() or float(known[moving].mean()) < _UNDERSTOOD:
            return ""
        steps.append(np.median(flow[moving], axis=0) / width)
    if len(steps) < 3:
        return ""
    mean = np.mean(steps, axis=0)
    axis = int(np.abs(mean).argmax())
    agree = all(np.sign(step[axis]) == np.sign(mean[axis]) for step in steps)
    clear = abs(mean[axis]) > _DIRECTION and abs(mean[axis]) > 1.5 * abs(mean[1 - axis])
    if not (agree and clear):
        return ""
    return ((" left", " right"), (" up", " down"))[axis][int(mean[axis] > 0)]
