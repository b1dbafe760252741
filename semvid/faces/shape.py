"""A face as points, and as few numbers: how it lies in the picture, how the head is turned, what it does.

A *face frame* has its origin in the middle of the points, the distance of the outer corners of the eyes as
its unit, and y pointing down. A portrait's points are given once; what moves them is `NUMBERS` numbers:

    picture = placement(similarity(points + turn and shape numbers * displacements))

The displacements are defined on the mean face (`mean_face.csv`, made by `scripts/face_shape.py`): a head
that turns moves every point by its depth, a jaw that opens moves lower lip and chin, and so on. All is linear
but for the similarity, so that a least-squares fit gives the numbers of points.
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

from semvid.faces.points import POINTS, places

Points = NDArray[np.float64]
"""float64 [POINTS, 2]: x and y."""

Numbers = NDArray[np.float64]
"""float64 [NUMBERS]: see `NAMES`."""

NAMES: Final = (
    *("x", "y", "size", "roll"),  # similarity: face frames, log, radians
    *("yaw", "pitch"),  # radians, small
    *("jaw", "mouth_width", "mouth_corners", "upper_lip", "lower_lip"),  # distances in the face frame
    *("right_lid", "left_lid", "right_brow", "left_brow"),
)
"""What each number says, in their order."""

NUMBERS: Final = len(NAMES)
STEP: Final = 1 / 64
"""In which numbers cross the link, of all of them alike: about a pixel on a face 160 pixels wide."""

POINT_STEP: Final = 1 / 128
"""In which a portrait's points cross, of the face frame."""

_SIMILARITY: Final = 4
_RIDGE: Final = 0.02  # what a number costs beside the distance of all points; lets the noise of few not turn all
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


def moved(points: Points, numbers: Numbers) -> Points:
    """The points of a portrait as ``numbers`` say, both in its face frame."""
    shaped = points + np.tensordot(numbers[_SIMILARITY:], _displacements(), axes=1)
    x, y, size, roll = numbers[:_SIMILARITY]
    return Placement(x, y, math.exp(size), roll).to_picture(shaped)


def numbers_of(points: Points, seen: Points) -> Numbers:
    """The numbers that move ``points`` nearest to those ``seen``, both in the portrait's face frame.

    Distances are taken after the similarity is undone, which makes them linear in all numbers.
    """
    count = NUMBERS - _SIMILARITY
    x, y = seen.T
    zeros, ones = np.zeros(POINTS), np.ones(POINTS)
    undone = np.stack([np.column_stack([x, y]), np.column_stack([-y, x])])
    shift = np.stack([np.column_stack([ones, zeros]), np.column_stack([zeros, ones])])
    known = np.concatenate([undone, shift, -_displacements()]).reshape(_SIMILARITY + count, -1).T
    ridge = np.hstack([np.zeros((count, _SIMILARITY)), _RIDGE * np.eye(count)])
    system = np.vstack([known, ridge])
    wanted = np.concatenate([points.reshape(-1), np.zeros(count)])
    cosine, sine, right, down, *shape = np.linalg.lstsq(system, wanted, rcond=None)[0]
    size, roll = 1 / math.hypot(cosine, sine), math.atan2(sine, cosine)
    origin = Placement(0.0, 0.0, size, roll).to_picture(np.array([[-right, -down]]))[0]
    return np.array([*origin, math.log(size), roll, *shape])


@cache
def _displacements() -> NDArray[np.float64]:
    """What one of each number but the similarity's moves points by, float64 [NUMBERS - 4, POINTS, 2]."""
    x, y, depth = mean_face().T
    lips = places(*_UPPER, *_LOWER)
    across = np.zeros(POINTS)
    across[lips] = x[lips] / np.abs(x[lips]).max()  # from one corner of the mouth to the other, -1..1
    middle = np.zeros(POINTS)
    middle[lips] = 1 - across[lips] ** 2
    upper, lower = _mask(*_UPPER), _mask(*_LOWER)
    ears, chin = y[places("oval")].min() * 0, y.max()
    jaw = np.clip((y - ears) / (chin - ears), 0, 1) * _mask("oval")
    jaw = np.maximum(jaw, np.clip(0.4 + 0.6 * middle, 0, 1) * lower)
    none = np.zeros(POINTS)
    moves = {
        "yaw": (-depth, none),
        "pitch": (none, -depth),
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
    return np.stack([np.column_stack(moves[name]) for name in NAMES[_SIMILARITY:]])


def _mask(*contours: str) -> NDArray[np.float64]:
    """1 for the points of ``contours``, 0 for the others."""
    mask = np.zeros(POINTS)
    mask[places(*contours)] = 1
    return mask
