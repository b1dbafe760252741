"""A portrait's face in pixels: from what crosses, and to it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semvid.faces.shape import STEP, Face, Numbers, Placement, Points, mean_face, placement_of
from semvid.faces.units import NUMBERS, FaceMotion, FaceShape

Moment = tuple[int, ...]
"""Numbers in steps, as they cross."""

_CAMERA: Final = slice(NUMBERS - 2, NUMBERS)


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """A face at one time.

    Attributes:
        points: of it, pixels.
        behind: how far what lies behind it has moved since the portrait, x and y, pixels, float64 [2].
    """

    points: Points
    behind: NDArray[np.float64]


def shape_of(number: int, pixels: Points) -> FaceShape:
    """What is said of the face of keyframe ``number``, whose points lie at ``pixels``."""
    near = placement_of(pixels)
    x, y, size, roll = round(near.x), round(near.y), max(1, round(near.size)), round(near.roll / STEP)
    off = Placement(x, y, size, roll * STEP).to_face(pixels) - mean_face()[:, :2]
    points = tuple((int(dx), int(dy)) for dx, dy in np.round(off / STEP))
    return FaceShape(number, x, y, size, roll, points)


class Portrait:
    """A face as both ends know it.

    Args:
        shape: as it crossed.

    Attributes:
        points: of its face, pixels.
        unit: of its face frame, pixels.
    """

    def __init__(self, shape: FaceShape) -> None:
        self._placement = Placement(shape.x, shape.y, shape.size, shape.roll * STEP)
        points = mean_face()[:, :2] + STEP * np.array(shape.points)
        self._face = Face(points)
        self.points, self.unit = self._placement.to_picture(points), float(shape.size)

    def numbers_of(self, pixels: Points, behind: NDArray[np.float64]) -> Numbers:
        """The numbers of a face whose points lie at ``pixels``, before what has moved by ``behind``."""
        numbers = self._face.numbers_of(self._placement.to_face(pixels))
        numbers[_CAMERA] = behind / self.unit
        return numbers

    def pose(self, numbers: Numbers) -> Pose:
        """Where ``numbers`` put it."""
        points = self._placement.to_picture(self._face.moved(numbers))
        return Pose(points, self.unit * numbers[_CAMERA])


class FaceTrack:
    """A portrait's face from its keyframe on.

    Args:
        shape: of the portrait.
        motions: that arrived, in any order; where moments coincide the first holds.
    """

    def __init__(self, shape: FaceShape, motions: Sequence[FaceMotion]) -> None:
        self.portrait = Portrait(shape)
        known: dict[int, Moment] = {0: (0,) * NUMBERS}
        every: dict[int, int] = {0: 0}
        for motion in motions:
            for place, moment in enumerate(motion.moments):
                offset = motion.first + place * motion.every
                known.setdefault(offset, moment)
                every.setdefault(offset, motion.every)
        self._offsets = sorted(known)
        self._numbers = STEP * np.array([known[offset] for offset in self._offsets], float)
        self._every = [every[offset] for offset in self._offsets]

    def at(self, offset: int) -> Pose:
        """The face ``offset`` frames after its portrait: between two moments linear in all numbers, after
        the last as there."""
        columns = self._numbers.T
        return self.portrait.pose(np.array([np.interp(offset, self._offsets, column) for column in columns]))

    def is_known(self, offset: int) -> bool:
        """Whether the moments on both sides of it arrived; at the end, whether it is as near as they are."""
        after = bisect_right(self._offsets, offset - 1)  # of the first that is not before it
        if after < len(self._offsets):
            return self._offsets[after] - self._offsets[after - 1] <= self._every[after]
        return offset - self._offsets[-1] < self._every[-1]
