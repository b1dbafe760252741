"""Before anything is measured: as many frames, of the same size, at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_SMALL: Final = (64, 36)  # pixels; copies of frames in which a shift is looked for
_MAX_SHIFT: Final = 3  # frames
_CLEARLY: Final = 0.7  # a shift counts when it leaves less than this part of the difference


class Misaligned(ValueError):
    """What is shown has other frames than the source."""


def aligned(reference: Iterable[Picture], shown: Iterable[Picture]) -> Iterator[tuple[Picture, Picture]]:
    """Pairs of a frame and what is shown in its place.

    Raises:
        Misaligned: one has more frames than the other, or a picture of another size or type; and at the end,
            when what was shown is the source some frames earlier or later (see `Shift`).
    """
    shift = Shift()
    for index, (frame, picture) in enumerate(zip_longest(reference, shown)):
        if frame is None or picture is None:
            missing = "shown" if picture is None else "in the source"
            raise Misaligned(f"there is no frame {index} {missing}, the other has more")
        if frame.shape != picture.shape or picture.dtype != np.uint8:
            raise Misaligned(
                f"frame {index} is {frame.dtype} {frame.shape}, shown is {picture.dtype} {picture.shape}"
            )
        shift.push(frame, picture)
        yield frame, picture
    if shift.frames:
        raise Misaligned(f"what is shown at a frame is the source's frame {shift.frames:+d} from it")


class Shift:
    """Finds out whether a video is the source some frames late or early.

    Small grey copies of what is shown are compared with the source up to three frames before and after. A
    shift is believed when it explains away most of the difference; a video that merely holds its pictures, or
    a source without motion, shows none.
    """

    def __init__(self) -> None:
        self._source: list[NDArray[np.float32]] = []
        self._shown: list[NDArray[np.float32]] = []
        offsets = range(-_MAX_SHIFT, _MAX_SHIFT + 1)
        self._difference = dict.fromkeys(offsets, 0.0)
        self._count = 0

    def push(self, reference: Picture, shown: Picture) -> None:
        """Takes the next frame of both."""
        span = 2 * _MAX_SHIFT + 1
        self._source = [*self._source, _small(reference)][-span:]
        self._shown = [*self._shown, _small(shown)][-span:]
        if len(self._source) < span:
            return
        middle = self._shown[_MAX_SHIFT]
        for offset in self._difference:
            self._difference[offset] += float(np.abs(middle - self._source[_MAX_SHIFT + offset]).mean())
        self._count += 1

    @property
    def frames(self) -> int:
        """By how many frames of the source what is shown is ahead (above 0) or late (below 0)."""
        best = min(self._difference, key=lambda offset: (self._difference[offset], abs(offset)))
        clear = self._difference[best] < _CLEARLY * self._difference[0]
        return best if self._count and clear else 0


def _small(picture: Picture) -> NDArray[np.float32]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, _SMALL, interpolation=cv2.INTER_AREA), np.float32)
