"""One portrait, and the numbers of the face that is animated from it."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np

from semvid.faces.shape import NAMES, STEP, Numbers, Points
from semvid.faces.track import Moment, Portrait, shape_of
from semvid.faces.units import NUMBERS, FaceMotion, FaceShape
from semvid.video.reader import Frame
from transmitter.faces.behind import Behind

MOMENTS_PER_S: Final = 12.5
_LONGEST_S: Final = 10.0  # from one portrait to the next; nothing is shown before the latter is there
_SHORTEST_S: Final = 0.4  # the same: a head that turns fast is not worth one every few frames
_IN_ONE_UNIT: Final = 32  # moments: 2.6 s are lost with one
_STAYS: Final = 0.75  # steps that a number must have moved to be another
# How far the face may be from the portrait's, until one portrait no longer shows it well
_FARTHEST: Final = {"size": 0.25, "roll": 0.35, "yaw": 0.3, "pitch": 0.3}
_FARTHEST_MOVED: Final = 0.45  # units, of the face against what lies behind it
_PLACES: Final = {name: NAMES.index(name) for name in NAMES}
_MOVED: Final = [_PLACES["x"], _PLACES["y"]]
_CAMERA: Final = [_PLACES["camera_x"], _PLACES["camera_y"]]


class Span:
    """The frames that are animated from one keyframe, as long as they are in its reach.

    Args:
        number: of the keyframe.
        frame: that it shows.
        face: points of the face in it, pixels.
        frame_rate: of the video.

    Attributes:
        shape: what is said of the keyframe.
    """

    def __init__(self, number: int, frame: Frame, face: Points, frame_rate: Fraction) -> None:
        self.shape: FaceShape = shape_of(number, face)
        self._portrait, self._behind = Portrait(self.shape), Behind(frame.picture, face)
        self._frame = frame.index
        self._every = max(1, round(float(frame_rate) / MOMENTS_PER_S))
        self._shortest, self._longest = round(_SHORTEST_S * frame_rate), round(_LONGEST_S * frame_rate)
        self._moments: list[Moment] = []

    def takes(self, frame: Frame, face: Points) -> bool:
        """Takes the next frame, whose face has these points; False if another portrait shows it better."""
        behind = self._behind.shift(frame.picture)
        offset = frame.index - self._frame
        if offset >= self._longest:
            return False
        if offset % self._every:
            return True
        numbers = self._portrait.numbers_of(face, behind)
        if offset >= self._shortest and not _in_reach(numbers):
            return False
        self._moments.append(self._rounded(numbers / STEP))
        return True

    def motions(self) -> list[FaceMotion]:
        """The numbers so far, several moments a unit."""
        return [
            FaceMotion(
                self.shape.number,
                self._every * (first + 1),
                self._every,
                tuple(self._moments[first : first + _IN_ONE_UNIT]),
            )
            for first in range(0, len(self._moments), _IN_ONE_UNIT)
        ]

    def _rounded(self, steps: Numbers) -> Moment:
        """As whole steps; those that hardly moved stay as they were."""
        before = np.array(self._moments[-1] if self._moments else (0,) * NUMBERS)
        rounded = np.where(np.abs(steps - before) < _STAYS, before, np.round(steps))
        return tuple(int(number) for number in rounded)


def _in_reach(numbers: Numbers) -> bool:
    near = all(abs(numbers[_PLACES[name]]) <= most for name, most in _FARTHEST.items())
    return near and bool(np.linalg.norm(numbers[_MOVED] - numbers[_CAMERA]) <= _FARTHEST_MOVED)
