"""A face as points, and as few numbers: how it lies in the picture, how the head is turned, what it does.

A *face frame* has its origin in the middle of the points, the distance of the outer corners of the eyes as
its unit, and y pointing down. A portrait's points are given once; what moves them is `NUMBERS` numbers:

    picture = placement(similarity(turn(points + shape numbers * displacements)))

Displacements are defined on the mean face (`mean_face.csv`, made by `scripts/face_shape.py`): a jaw that
opens moves lower lip and chin, and so on. The depth by which a head that turns moves its points is the mean
face's, turned as the portrait's is.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semvid.faces.points import places
from semvid.faces.units import NUMBERS, POINTS

Points = NDArray[np.float64]
"""float64 [POINTS, 2]: x and y."""

Numbers = NDArray[np.float64]
"""float64 [NUMBERS]: see `NAMES`."""

NAMES: Final = (
    *("x", "y", "size", "roll"),  # similarity: face frames, log, radians
    *("yaw", "pitch"),  # radians, small
    *("jaw", "mouth_width", "mouth_corners", "upper_lip", "lower_lip"),  # distances in the face frame
    *("right_lid", "left_lid", "right_brow", "left_brow"),
    *("camera_x", "camera_y"),  # what lies behind the face; face frames
)
"""What each number says, in their order."""

STEP: Final = 1 / 64
"""In which numbers and points cross the link, of all of them alike: a pixel of a face of 64."""

_SIMILARITY, _TURN, _SHAPE = slice(0, 4), slice(4, 6), slice(6, 15)
_FACE: Final = _SHAPE.stop  # numbers that move the face
_ROUNDS: Final = 4
_NUDGE: Final = 1e-4
_NUDGES: Final = _NUDGE * np.eye(_FACE)
_COSTS: Final = np.array([0.0] * 4 + [0.1] * 2 + [0.05] * (_FACE - 6))
"""What a number costs beside the distances of points: the noise of few is not to move all."""

_UPPER = "outer upper lip", "inner upper lip"
_LOWER = "outer lower lip", "inner lower lip"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a face frame lies in a picture.

    Attributes:
        x, y: of its origin, pixels.
        size: pixels of its unit.
        roll: of its x axis, radians, clockwise as pictures are shown.
    """

    x: float
    y: float
    size: float
    roll: float

    def to_picture(self, points: Points) -> Points:
        """Points of the face frame as pixels."""
        return points @ self._turned.T + (self.x, self.y)

    def to_face(self, pixels: Points) -> Points:
        """The inverse."""
        result: Points = (pixels - (self.x, self.y)) @ np.linalg.inv(self._turned).T
        return result

    @property
    def _turned(self) -> Points:
        cosine, sine = self.size * math.cos(self.roll), self.size * math.sin(self.roll)
        return np.array([[cosine, -sine], [sine, cosine]])


@cache
def mean_face() -> NDArray[np.float64]:
    """Points of the mean face, x, y and depth, float64 [POINTS, 3]; not to be changed."""
    with Path(__file__).with_name("mean_face.csv").open(encoding="ascii") as file:
        return np.array([[float(row[axis]) for axis in "xyz"] for row in csv.DictReader(file)])


def placement_of(pixels: Points) -> Placement:
    """Where the mean face lies on ``pixels``, by least squares."""
    mean = mean_face()[:, :2]
    x, y = pixels.mean(axis=0)
    across, along = (pixels - (x, y)).T, mean.T
    total = (along**2).sum()
    cosine = (across * along).sum() / total
    sine = (across[1] * along[0] - across[0] * along[1]).sum() / total
    return Placement(float(x), float(y), math.hypot(cosine, sine), math.atan2(sine, cosine))


class Face:
    """A face as it can move: points and their depth.

    Args:
        points: of a portrait, in its face frame.
    """

    def __init__(self, points: Points) -> None:
        mean = mean_face()
        numbers = _numbers_of(mean, points)
        turned = mean @ _turn(*numbers[_TURN]).T
        self._solid = np.column_stack([points, turned[:, 2]])

    def moved(self, numbers: Numbers) -> Points:
        """Its points as ``numbers`` say, in its face frame."""
        return _moved(self._solid, numbers)

    def numbers_of(self, seen: Points) -> Numbers:
        """The numbers that move it nearest to the points ``seen`` in its face frame (Gauss-Newton).

        Those of the camera are 0.
        """
        return np.concatenate([_numbers_of(self._solid, seen), np.zeros(NUMBERS - _FACE)])


def _moved(solid: NDArray[np.float64], numbers: Numbers) -> Points:
    shaped = solid + np.tensordot(numbers[_SHAPE], _displacements(), axes=1)
    turned: Points = (shaped @ _turn(*numbers[_TURN]).T)[:, :2]
    x, y, size, roll = numbers[_SIMILARITY]
    return Placement(x, y, math.exp(size), roll).to_picture(turned)


def _numbers_of(solid: NDArray[np.float64], seen: Points) -> Numbers:
    numbers = np.zeros(_FACE)
    for _ in range(_ROUNDS):
        here = _moved(solid, numbers)
        slopes = [(_moved(solid, numbers + nudge) - here).reshape(-1) / _NUDGE for nudge in _NUDGES]
        system = np.vstack([np.column_stack(slopes), np.diag(_COSTS)])
        wanted = np.concatenate([(seen - here).reshape(-1), -_COSTS * numbers])
        numbers = numbers + np.linalg.lstsq(system, wanted, rcond=None)[0]
    return numbers


def _turn(yaw: float, pitch: float) -> NDArray[np.float64]:
    """The rotation of a head: to its left, then down, float64 [3, 3]."""
    aside = [[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]]
    down = [[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]]
    return np.asarray(np.array(down) @ np.array(aside), np.float64)


@cache
def _displacements() -> NDArray[np.float64]:
    """What one of each number that is neither place nor turn moves points by, float64 [9, POINTS, 3]."""
    x, y, _ = mean_face().T
    lips = places(*_UPPER, *_LOWER)
    across = np.zeros(POINTS)
    across[lips] = x[lips] / np.abs(x[lips]).max()  # from one corner of the mouth to the other, -1..1
    middle = np.zeros(POINTS)
    middle[lips] = 1 - across[lips] ** 2
    upper, lower = _mask(*_UPPER), _mask(*_LOWER)
    jaw = np.clip(y / y.max(), 0, 1) * _mask("oval")  # from the middle of the face down to the chin
    jaw = np.maximum(jaw, np.clip(0.4 + 0.6 * middle, 0, 1) * lower)
    none = np.zeros(POINTS)
    moves = {
        "jaw": (none, jaw),
        "mouth_width": (across, none),
        "mouth_corners": (none, across**2 * (upper + lower)),
        "upper_lip": (none, middle * upper),
        "lower_lip": (none, middle * lower),
        "right_lid": (none, _mask("right upper lid")),
        "left_lid": (none, _mask("left upper lid")),
        "right_brow": (none, _mask("right brow")),
        "left_brow": (none, _mask("left brow")),
    }
    return np.stack([np.column_stack([*moves[name], none]) for name in NAMES[_SHAPE]])


def _mask(*contours: str) -> NDArray[np.float64]:
    """1 for the points of ``contours``, 0 for the others."""
    mask = np.zeros(POINTS)
    mask[places(*contours)] = 1
    return mask
