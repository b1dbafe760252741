"""Faces that stay: OpenCV's own frontal-face cascade, believed only where several frames agree."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from cv2.data import haarcascades
from numpy.typing import NDArray

from semvid.mllm.embedded.views import View

_CASCADE = "haarcascade_frontalface_alt2.xml"
_LEAST = 22  # pixels of the 256-pixel copy
_NEIGHBOURS = 5
_SAME = 0.3  # intersection over union of one face in two frames
_LOOKS = 3  # frames that are searched, all must agree


def faces(views: Sequence[View]) -> int:
    """Number of frontal faces that are seen in the first, the middle and the last view at about one place."""
    chosen = [views[i] for i in np.unique(np.linspace(0, len(views) - 1, _LOOKS).round().astype(int))]
    if len(chosen) < 2:
        return 0
    steady: list[NDArray[np.int32]] | None = None
    for view in chosen:
        found = _found(view)
        steady = found if steady is None else [
            box for box in found if any(_overlap(box, known) > _SAME for known in steady)
        ]  # fmt: skip
        if not steady:
            return 0
    return len(steady or [])


@cache
def _classifier() -> Any:
    return cv2.CascadeClassifier(str(Path(haarcascades) / _CASCADE))


def _found(view: View) -> list[NDArray[np.int32]]:
    boxes = _classifier().detectMultiScale(
        cv2.equalizeHist(view.luminance), scaleFactor=1.15, minNeighbors=_NEIGHBOURS, minSize=(_LEAST, _LEAST)
    )
    return list(boxes)


def _overlap(first: NDArray[np.int32], second: NDArray[np.int32]) -> float:
    x0, y0 = np.maximum(first[:2], second[:2])
    x1, y1 = np.minimum(first[:2] + first[2:], second[:2] + second[2:])
    common = max(0, int(x1 - x0)) * max(0, int(y1 - y0))
    return common / float(first[2] * first[3] + second[2] * second[3] - common)
