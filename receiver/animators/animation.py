"""A portrait that moves: every pixel of it displaced as the points of its face are.

The displacement between points is a thin-plate spline (Bookstein, "Principal Warps", PAMI 1989), evaluated on
a coarse grid. The border of the picture stays where it is, or moves with what lies behind the face, so that
what lies between it and the head is stretched, smoothly.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.faces.points import INNER_LIPS, places
from semvid.faces.shape import Points, placement_of
from semvid.faces.track import Pose
from semvid.images.types import Picture

_CELLS: Final = 64  # of the grid, along the longer side
_STIFF: Final = 1e-3  # keeps points that lie too close from folding what lies between
_ANCHORS: Final = 8  # on each side of the picture
_CLEAR: Final = 1.2  # units around a face where nothing is held
_AROUND: Final = 1.35  # of the oval: hair and ears, which go with the head
_OPENS: Final = 0.05  # of a mouth beyond the portrait's, units, until its inside is all dark
_INSIDE: Final = 0.3  # of the lips' brightness
_MOST_INSIDE: Final = 0.85  # of it that is put over the picture


class Animation:
    """The pictures of one portrait. Not thread-safe.

    Args:
        picture: the portrait, uint8 RGB [height, width, 3].
        points: of its face, pixels of ``picture``.
    """

    def __init__(self, picture: Picture, points: Points) -> None:
        self._picture, self._face = picture, points
        self._unit = placement_of(points).size
        self._points = _with_head(points)
        height, width = picture.shape[:2]
        cell = max(1.0, max(width, height) / _CELLS)
        self._grid = round(width / cell), round(height / cell)
        columns = (np.arange(self._grid[0]) + 0.5) * width / self._grid[0] - 0.5
        rows = (np.arange(self._grid[1]) + 0.5) * height / self._grid[1] - 0.5
        self._cells = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        self._x, self._y = x, y
        self._held = self._border(width, height)

    def show(self, pose: Pose) -> Picture:
        """The portrait with its face as ``pose`` says, uint8 RGB [height, width, 3]."""
        points = pose.points
        height, width = self._picture.shape[:2]
        cells = self._shift(_with_head(points), self._held + pose.behind)
        coarse = cells.reshape(*self._grid[::-1], 2).astype(np.float32)
        shift = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        moved = cv2.remap(
            self._picture,
            self._x + shift[..., 0],
            self._y + shift[..., 1],
            cv2.INTER_CUBIC,  # linear blurs what hardly moves: 0.002 to 0.003 LPIPS
            borderMode=cv2.BORDER_REPLICATE,
        )
        return self._with_open_mouth(moved, points)

    def _shift(self, controls: Points, behind: Points) -> NDArray[np.float64]:
        """Where the portrait's pixel lies of every cell, from the cell, pixels; float64 [cells, 2].

        Args:
            controls: where the points of the head are now.
            behind: where those are that lie behind it, at the portrait's border.
        """
        unit = self._unit
        at = np.concatenate([controls, behind])
        shift = np.concatenate([self._points, self._held]) - at
        affine = np.column_stack([np.ones(len(at)), at / unit])
        system = np.block(
            [
                [_bend(at, at, unit) + _STIFF * np.eye(len(at)), affine],
                [affine.T, np.zeros((3, 3))],
            ]
        )
        weights = np.linalg.solve(system, np.vstack([shift, np.zeros((3, 2))]))
        cells = np.column_stack([_bend(self._cells, at, unit), np.ones(len(self._cells)), self._cells / unit])
        result: NDArray[np.float64] = cells @ weights
        return result

    def _border(self, width: int, height: int) -> Points:
        """What is held: points on the border of the picture that are clear of the face."""
        along = np.linspace(0, 1, _ANCHORS)
        sides = [np.column_stack([along, np.full(_ANCHORS, edge)]) for edge in (0.0, 1.0)]
        sides += [side[1:-1, ::-1] for side in sides]
        border = np.concatenate(sides) * (width - 1, height - 1)
        far = np.linalg.norm(border - self._face.mean(axis=0), axis=1)
        held: Points = border[far > _CLEAR * self._unit]
        return held

    def _with_open_mouth(self, picture: Picture, points: Points) -> Picture:
        """``picture`` with a dark inside where the mouth is further open than the portrait's."""
        lips = list(INNER_LIPS)
        now, before = _opening(points[lips]), max(0.0, _opening(self._face[lips]))
        if now <= before:
            return picture
        # the more of what is seen was seen in the portrait, the less is put over it
        share = _MOST_INSIDE * (1 - before / now) * min(1.0, (now - before) / (_OPENS * self._unit))
        mask = np.zeros(picture.shape[:2], np.float32)
        cv2.fillPoly(mask, [np.round(points[lips]).astype(np.int32)], 1.0, cv2.LINE_AA)
        blur = 2 * max(1, round(0.02 * self._unit)) + 1
        mask = share * cv2.GaussianBlur(mask, (blur, blur), 0)[..., None]
        height, width = picture.shape[:2]
        at = np.clip(np.round(self._face[lips]).astype(int), 0, (width - 1, height - 1))
        inside = _INSIDE * self._picture[at[:, 1], at[:, 0]].mean(axis=0)
        return np.asarray(np.round(picture * (1 - mask) + inside * mask), np.uint8)


def _with_head(points: Points) -> Points:
    """``points`` of a face, and those around it that go with it."""
    oval = points[places("oval")]
    middle = oval.mean(axis=0)
    return np.concatenate([points, middle + _AROUND * (oval - middle)])


def _bend(at: Points, controls: Points, unit: float) -> NDArray[np.float64]:
    """The spline's radial function r^2 log r of every point and every control, float64 [points, controls]."""
    x, y = at.T
    square = ((x[:, None] - controls[:, 0]) ** 2 + (y[:, None] - controls[:, 1]) ** 2) / unit**2
    result: NDArray[np.float64] = 0.5 * square * np.log(np.maximum(square, 1e-12))
    return result


def _opening(lips: Points) -> float:
    """How far a mouth is open, from the inner contour of its lips, lower first; pixels."""
    lower, upper = lips[: len(lips) // 2 + 1], lips[len(lips) // 2 + 1 :]
    return float(lower[1:-1, 1].mean() - upper[:, 1].mean())
