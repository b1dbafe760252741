"""A small network that draws the pictures between two keyframes better than their flow alone.

It looks at both keyframes where the bridge has moved them to, and says of every place how much further either
is to be moved, which of the two counts, and what is to be added: luma at full size, all else at half the
sides. What it says is carried out here, so that the pixels still come from the keyframes. `training` makes
such networks (docs/training.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.between import grid, sample
from semvid.images.interpolation import Bridge, Draft, blended
from semvid.images.onnx_model import OnnxModel
from semvid.images.types import Picture

STEP: Final = 8
"""Sides of what the network looks at are multiples of this, pixels."""
INPUTS: Final = ("luma", "colour", "motion", "share", "time")
"""Float32. Of the start and the end, moved: luma [1, 2, 2 h, 2 w], 0..1, and RGB [1, 6, h, w], 0..1. Motion
from start to end [1, 2, h, w], places of the half-sized grid; how much the end counts [1, 1, h, w], 0..1;
where between them [1, 1], 0..1."""
OUTPUTS: Final = ("shift", "share_of_end", "colour_added", "luma_added")
"""Float32. How much further the start's pixel lies, then the end's [1, 4, h, w], places; how much the end
counts [1, 1, h, w], 0..1; what is to be added, of RGB in 0..1, [1, 3, h, w], and to all three
[1, 1, 2 h, 2 w]."""
COMMAND: Final = "semvid train synthesiser VIDEOS --out DIR"

_LEVELS: Final = np.float32(255)

Planes = NDArray[np.float32]


class Synthesiser:
    """The network, loaded once; bridges over it may be used in several threads.

    Args:
        path: of an ONNX model as ``semvid train synthesiser`` writes it.
        threads: of the CPU, for each call.

    Attributes:
        name: of the file.
        digest: of the file, see `semvid.images.onnx_model.digest_of`.

    Raises:
        MissingComponent, InvalidInput: see `OnnxModel`.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._model = OnnxModel(path, "synthesiser", COMMAND, INPUTS, OUTPUTS, threads)
        self.name, self.digest = self._model.name, self._model.digest

    def look(self, draft: Draft, t: float) -> list[Planes]:
        """What `OUTPUTS` says of a draft at ``t``: float32 [h, w, planes] each, without their first axis."""
        h, w = draft.share_of_end.shape
        luma = np.stack([_luma(one, (w, h)) for one in (draft.start, draft.end)])
        colour = np.concatenate([_colour(one, (w, h)) for one in (draft.start, draft.end)], axis=2)
        feeds = {
            "luma": luma[None],
            "colour": _planes(colour),
            "motion": _planes(draft.motion),
            "share": _planes(draft.share_of_end),
            "time": np.array([[t]], np.float32),
        }
        *halves, luma_added = (one[0].transpose(1, 2, 0) for one in self._model.run(feeds))
        return [*(one[:h, :w] for one in halves), luma_added[: 2 * h, : 2 * w]]


class SynthesisedBridge:
    """The gap between two keyframes, in the form of `Bridge`, corrected by a network.

    Args:
        synthesiser: says how.
        start, end: uint8 RGB [height, width, 3], equal shapes.

    Raises:
        InvalidInput: pictures of different shapes or not uint8 RGB.
    """

    def __init__(self, synthesiser: Synthesiser, start: Picture, end: Picture) -> None:
        self._synthesiser, self._bridge = synthesiser, Bridge(start, end)
        self._start, self._end = start, end
        self._size = (start.shape[1], start.shape[0])

    def frame(self, t: float) -> Picture:
        """The picture at ``t``, 0 (start) .. 1 (end), uint8 RGB [height, width, 3]."""
        if t in (0, 1) or min(self._size) < 2:
            return self._bridge.frame(t)
        draft = self._bridge.draft(t)
        shift, share, colour, luma = self._synthesiser.look(draft, t)
        start = sample(self._start, self._places(shift[..., :2] - t * draft.motion))
        end = sample(self._end, self._places(shift[..., 2:] + (1 - t) * draft.motion))
        picture = blended(start, end, cv2.resize(share, self._size), t)
        detail = cv2.cvtColor(cv2.resize(_LEVELS * luma, self._size), cv2.COLOR_GRAY2RGB)
        added = cv2.add(cv2.resize(_LEVELS * colour, self._size), detail)
        return np.asarray(cv2.add(picture, added, dtype=cv2.CV_8U), np.uint8)

    def _places(self, away: Planes) -> cv2.typing.MatLike:
        """Where the pixels lie that a keyframe gives, from how many places of the half-sized grid away."""
        scale = [self._size[axis] / away.shape[1 - axis] for axis in (0, 1)]
        return cv2.add(grid(self._size), cv2.resize(away * np.array(scale, np.float32), self._size))


def _luma(picture: Picture, half: tuple[int, int]) -> Planes:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[: 2 * half[1], : 2 * half[0]]
    return _padded(np.asarray(grey, np.float32) / _LEVELS, STEP)


def _colour(picture: Picture, half: tuple[int, int]) -> Planes:
    small = cv2.resize(picture, half, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / _LEVELS


def _planes(planes: Planes) -> Planes:
    """Float32 [h, w, n] as the network takes it."""
    return np.ascontiguousarray(np.atleast_3d(_padded(planes, STEP // 2)).transpose(2, 0, 1)[None])


def _padded(planes: Planes, step: int) -> Planes:
    """Repeated at the right and below up to multiples of ``step``."""
    height, width = planes.shape[:2]
    padded = cv2.copyMakeBorder(planes, 0, -height % step, 0, -width % step, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.float32)
