"""Is what is shown the source's frames: as many, of the same size, at the same time?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.types import Picture

_SMALL: Final = (64, 36)  # pixels; copies of frames in which a shift is looked for
_MAX_SHIFT: Final = 3  # frames
_CLEARLY: Final = 0.9  # a frame counts when its best match leaves less than this part of the worst difference
_ALMOST_ALL: Final = 0.8  # of the frames that count


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
    shift is believed when almost every frame is closest to the source at that same distance; a video that
    holds its pictures is so only now and then, and where nothing moves no frame says anything.
    """

    def __init__(self) -> None:
        self._source: list[NDArray[np.float32]] = []
        self._shown: list[NDArray[np.float32]] = []
        self._votes = dict.fromkeys(range(-_MAX_SHIFT, _MAX_SHIFT + 1), 0)

    def push(self, reference: Picture, shown: Picture) -> None:
        """Takes the next frame of both."""
        span = 2 * _MAX_SHIFT + 1
        self._source = [*self._source, _small(reference)][-span:]
        self._shown = [*self._shown, _small(shown)][-span:]
        if len(self._source) < span:
            return
        middle = self._shown[_MAX_SHIFT]
        differences = [float(np.abs(middle - source).mean()) for source in self._source]
        closest = int(np.argmin(differences))
        if min(differences) < _CLEARLY * max(differences):
            self._votes[closest - _MAX_SHIFT] += 1

    @property
    def frames(self) -> int:
        """By how many frames of the source what is shown is ahead (above 0) or late (below 0)."""
        winner = max(self._votes, key=self._votes.__getitem__)
        return winner if self._votes[winner] > _ALMOST_ALL * sum(self._votes.values()) else 0


def _small(picture: Picture) -> NDArray[np.float32]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, _SMALL, interpolation=cv2.INTER_AREA), np.float32)
