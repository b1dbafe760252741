"""A small network that takes out of a keyframe what coarse coding did to it, and puts texture back.

It looks at a decoded keyframe at full size and at how it was coded. The receiver knows that for nothing: the
quantiser stands in the frame's own head, the size in the stream header, the layer follows from the group.
Once per keyframe, before anything is bridged, so what it draws travels along the flow. `training` makes such
networks (docs/training.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.detail import grain_pattern
from semvid.images.onnx_model import OnnxModel
from semvid.images.types import Picture

STEP: Final = 8
"""Sides of what the network looks at are multiples of this, pixels."""
INPUTS: Final = ("picture", "conditions", "grain")
"""Float32 [1, 3, h, w], RGB 0..1; [1, 3], see `Coding.conditions`; [1, 1, h, w], of unit variance."""
OUTPUT: Final = "restored"
"""Float32 [1, 3, h, w], RGB about 0..1."""
COMMAND: Final = "semvid train restorer VIDEOS --out DIR"
SHIPPED: Final = Path(__file__).with_name("restorer.onnx")
"""The one that comes with semvid; `restorer.md` beside it says how it was made."""

_BAND: Final = 512  # rows that are looked at together, so that memory grows with the width only
_AROUND: Final = 96  # rows on both sides that they depend on
_LAYERS: Final = 4.0  # of a group of eight: anchors and three above; one more where groups are longer
_SMALLEST: Final = 4.0  # a size divisor that counts as 1
_COLOURLESS: Final = 2  # levels between red, green and blue


@dataclass(frozen=True, slots=True)
class Coding:
    """How a keyframe was coded.

    Attributes:
        quantiser: 0 (finest) .. 255, of its frame header.
        size: of the coded sides against those shown, above 0; 1: full size.
        layer: in its group, 0 the anchors.
    """

    quantiser: int
    size: float
    layer: int

    @classmethod
    def of(cls, quantiser: int, coded: tuple[int, int], shown: tuple[int, int], layer: int) -> Coding:
        """From the sizes (width, height) at which it was coded and is shown, pixels."""
        return cls(quantiser, math.sqrt(coded[0] * coded[1] / (shown[0] * shown[1])), layer)

    def conditions(self) -> NDArray[np.float32]:
        """As the network takes it: float32 [3], each 0 .. about 1."""
        size = math.log(max(1.0, 1 / self.size), _SMALLEST)
        return np.array([self.quantiser / 255, size, self.layer / _LAYERS], np.float32)


class Restorer:
    """The network, loaded once; `restore` may be called from several threads.

    Args:
        path: of an ONNX model as ``semvid train restorer`` writes it.
        threads: of the CPU, for each call.

    Attributes:
        name: of the file.
        digest: of the file, see `semvid.images.onnx_model.digest_of`.

    Raises:
        MissingComponent, InvalidInput: see `OnnxModel`.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._model = OnnxModel(path, "restorer", COMMAND, INPUTS, [OUTPUT], threads)
        self.name, self.digest = self._model.name, self._model.digest

    def restore(self, picture: Picture, coding: Coding) -> Picture:
        """A decoded keyframe, restored.

        Args:
            picture: uint8 RGB [height, width, 3], at the size at which it is shown.
            coding: how it was coded.
        """
        height, width = picture.shape[:2]
        grain = grain_pattern(height, width)
        restored = np.empty_like(picture)
        for top in range(0, height, _BAND):
            end = min(height, top + _BAND)
            first, last = max(0, top - _AROUND), min(height, end + _AROUND)
            band = self._look(picture[first:last], grain[first:last], coding)
            restored[top:end] = band[top - first : end - first]
        return _without_colour(restored) if np.ptp(picture, axis=2).max() <= _COLOURLESS else restored

    def _look(self, picture: Picture, grain: NDArray[np.float32], coding: Coding) -> Picture:
        height, width = picture.shape[:2]
        planes = _padded(picture).transpose(2, 0, 1)[None]
        feeds = {
            "picture": np.ascontiguousarray(planes, np.float32) / np.float32(255),
            "conditions": coding.conditions()[None],
            "grain": np.ascontiguousarray(_padded(grain)[None, None]),
        }
        (made,) = self._model.run(feeds)
        levels = np.rint(made[0, :, :height, :width].transpose(1, 2, 0) * np.float32(255))
        return np.asarray(np.clip(levels, 0, 255), np.uint8)


@lru_cache(maxsize=1)
def shipped() -> Restorer:
    """The one that comes with semvid, loaded once.

    Raises:
        MissingComponent: ONNX Runtime is not installed, or the installation lacks the file.
    """
    return Restorer(SHIPPED)


def named(name: str) -> Restorer | None:
    """The restorer of a receiver, by its settings: ``auto`` (the shipped one), ``none``, or a path.

    Raises:
        MissingComponent, InvalidInput: see `Restorer`.
    """
    if name == "none":
        return None
    return shipped() if name == "auto" else Restorer(Path(name))


def _without_colour(picture: Picture) -> Picture:
    """What is black and white stays so: the network has seen too little of it, and tints it."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)


def _padded(plane: NDArray[Any]) -> NDArray[Any]:
    """Mirrored to the right and below up to multiples of `STEP`."""
    height, width = plane.shape[:2]
    return np.asarray(cv2.copyMakeBorder(plane, 0, -height % STEP, 0, -width % STEP, cv2.BORDER_REFLECT_101))
