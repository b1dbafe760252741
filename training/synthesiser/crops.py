"""Crops of gaps for one step of training, drawn by seed and step alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.types import Picture
from training.synthesiser.gaps import CROP, Gap

MARGIN: Final = 64
"""Pixels of the keyframes around a crop, from which motion may bring something in."""

Planes = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Crops with what there is to draw them from.

    Attributes:
        starts, ends: float32 [n, 3, CROP + 2 MARGIN, CROP + 2 MARGIN], RGB 0..1.
        motions: float32 [n, 2, CROP / 2, CROP / 2], places.
        shares: float32 [n, 1, CROP / 2, CROP / 2], 0..1.
        times: float32 [n, 1], between 0 and 1.
        sources: float32 [n, 3, CROP, CROP], RGB 0..1.
    """

    starts: Planes
    ends: Planes
    motions: Planes
    shares: Planes
    times: Planes
    sources: Planes


def draw(scenes: Sequence[Sequence[Gap]], seed: int, step: int, count: int) -> Batch:
    """The batch of one step; half of the crops are mirrored, and half are seen backwards in time.

    Args:
        scenes: the gaps of each source; every source is drawn as often as any other.
        seed, step: decide what is drawn.
        count: of crops.
    """
    rng = np.random.default_rng([seed, step])
    crops = [_crop(scenes, rng) for _ in range(count)]
    starts, ends, motions, shares, times, sources = zip(*crops, strict=True)
    return Batch(
        _planes(starts) / np.float32(255),
        _planes(ends) / np.float32(255),
        _planes(motions),
        _planes(shares),
        np.array(times, np.float32)[:, None],
        _planes(sources) / np.float32(255),
    )


def _crop(scenes: Sequence[Sequence[Gap]], rng: np.random.Generator) -> tuple[Any, ...]:
    scene = scenes[int(rng.integers(len(scenes)))]
    gap = scene[int(rng.integers(len(scene)))]
    moment = gap.moments[int(rng.integers(len(gap.moments)))]
    height, width = moment.source.shape[:2]
    row, column = int(rng.integers((height - CROP) // 2 + 1)), int(rng.integers((width - CROP) // 2 + 1))
    places = np.s_[row : row + CROP // 2, column : column + CROP // 2]
    motion = moment.motion[places].astype(np.float32)
    share = moment.share_of_end[places].astype(np.float32)[..., None]
    start: NDArray[Any]
    end: NDArray[Any]
    start, end = (_with_margin(one, 2 * row, 2 * column) for one in (gap.start, gap.end))
    source: NDArray[Any] = moment.source[2 * row : 2 * row + CROP, 2 * column : 2 * column + CROP]
    t = moment.t
    if rng.integers(2):
        start, end, source = (one[:, ::-1] for one in (start, end, source))
        motion, share = motion[:, ::-1] * np.array([-1, 1], np.float32), share[:, ::-1]
    if rng.integers(2):
        start, end, motion, share, t = end, start, -motion, 1 - share, 1 - t
    return start, end, motion, share, t, source


def _with_margin(picture: Picture, top: int, left: int) -> Picture:
    """The crop at a place with `MARGIN` around it; beyond the picture is what stands at its edge."""
    wide = cv2.copyMakeBorder(picture, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE)
    side = CROP + 2 * MARGIN
    return np.asarray(wide[top : top + side, left : left + side], np.uint8)


def _planes(crops: Sequence[NDArray[Any]]) -> Planes:
    return np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2), np.float32)
