"""Crops for one step of training, drawn by seed and step alone: a resumed run sees what it would have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semvid.images.detail import grain_pattern
from training.pairs import LEAST_SIDE, Pairs

CROP: Final = LEAST_SIDE
"""Sides of a crop, pixels."""
_GREY: Final = 0.1  # of the crops, for want of black and white films
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_PATTERN: Final = 512  # pixels


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What there is of one source.

    Attributes:
        pairs: one or more.
        still: it is a photograph.
    """

    pairs: Sequence[Pairs]
    still: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Crops with what the network is told of them.

    Attributes:
        coded, sources: float32 [n, 3, CROP, CROP], RGB 0..1.
        conditions: float32 [n, 3].
        grain: float32 [n, 1, CROP, CROP], of unit variance.
    """

    coded: NDArray[np.float32]
    sources: NDArray[np.float32]
    conditions: NDArray[np.float32]
    grain: NDArray[np.float32]


def draw(scenes: Sequence[Scene], seed: int, step: int, count: int) -> Batch:
    """The batch of one step.

    Args:
        scenes: to draw from. Filmed ones and photographs get one half of the crops each, and within its half
            every scene is drawn as often as any other.
        seed, step: decide what is drawn.
        count: of crops.
    """
    rng = np.random.default_rng([seed, step])
    kinds = [kind for still in (False, True) if (kind := [one.pairs for one in scenes if one.still == still])]
    pattern = _pattern()
    coded: list[NDArray[np.uint8]] = []
    sources: list[NDArray[np.uint8]] = []
    conditions, grain = [], []
    for _ in range(count):
        kind = kinds[int(rng.integers(len(kinds)))]
        scene = kind[int(rng.integers(len(kind)))]
        pairs = scene[int(rng.integers(len(scene)))]
        number = int(rng.integers(len(pairs.codings)))
        height, width = pairs.sources.shape[1:3]
        top, left = int(rng.integers(height - CROP + 1)), int(rng.integers(width - CROP + 1))
        turn = slice(None, None, -1 if rng.integers(2) else 1)
        grey = rng.random() < _GREY
        for crops, pictures in ((coded, pairs.coded), (sources, pairs.sources)):
            crop = pictures[number, top : top + CROP, left : left + CROP][:, turn]
            crops.append(_without_colour(crop) if grey else crop)
        conditions.append(pairs.codings[number].conditions())
        top, left = (int(place) for place in rng.integers(_PATTERN - CROP + 1, size=2))
        grain.append(pattern[None, top : top + CROP, left : left + CROP])
    return Batch(_planes(coded), _planes(sources), np.stack(conditions), np.stack(grain))


@lru_cache(maxsize=1)
def _pattern() -> NDArray[np.float32]:
    return grain_pattern(_PATTERN, _PATTERN)


def _without_colour(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    luma = np.rint(crop @ _LUMA).astype(np.uint8)
    return np.repeat(luma[..., None], 3, axis=2)


def _planes(crops: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2), np.float32) / np.float32(255)
