"""Things of two pictures laid over each other: which is which, where each went."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.objects import Thing

Box = NDArray[np.float64]  # left, top, right, bottom, 0..1 of the reference

FAINT = 0.1  # score from which a thing may be one that the other picture shows clearly
CERTAIN = 0.35  # score from which a thing is there
_MAIN = 0.5  # importance of the main things, of the most important one's
_PERSISTS = 0.5  # intersection over union from which things of different names are one: names waver


@dataclass(frozen=True, slots=True)
class Placed:
    """A thing and its box in the reference's coordinates, camera motion taken out."""

    thing: Thing
    box: Box

    @property
    def importance(self) -> float:
        """Of how much of the picture's diagonal, and how surely."""
        return self.thing.score * float(np.sqrt(self.thing.area))


@dataclass(frozen=True, slots=True)
class Things:
    """What both pictures show.

    Attributes:
        first, second: of the reference and of the candidate.
        matches: (place in ``first``, place in ``second``) of what is one thing.
    """

    first: list[Placed]
    second: list[Placed]
    matches: list[tuple[int, int]]

    def certain(self) -> list[tuple[Placed, Placed | None]]:
        """Each thing that is surely in one of the pictures, once, and what it is in the other."""
        pairs: list[tuple[Placed, Placed | None]] = [
            (self.first[i], self.second[j])
            for i, j in self.matches
            if max(self.first[i].thing.score, self.second[j].thing.score) >= CERTAIN
        ]
        for placed, matched in (
            (self.first, {i for i, _ in self.matches}),
            (self.second, {j for _, j in self.matches}),
        ):
            pairs += [
                (one, None)
                for place, one in enumerate(placed)
                if place not in matched and one.thing.score >= CERTAIN
            ]
        return pairs

    def main(self) -> list[tuple[Placed, Placed | None]]:
        """The most important of `certain`, and what is about as important."""
        pairs = self.certain()
        weights = [importance(pair) for pair in pairs]
        return [pair for pair, weight in zip(pairs, weights, strict=True) if weight >= _MAIN * max(weights)]


def importance(pair: tuple[Placed, Placed | None]) -> float:
    """Of one thing in two pictures: the larger of both."""
    return max(one.importance for one in pair if one is not None)


def things_of(
    first: Sequence[Thing], second: Sequence[Thing], matrix: NDArray[np.float64], size: tuple[int, int]
) -> Things:
    """Matches the things of two pictures, the surest overlaps first.

    Args:
        first, second: of the reference and of the candidate, down to `FAINT`.
        matrix: camera motion from the reference's pixels to the candidate's, float64 [2, 3].
        size: (width, height) in those pixels.
    """
    back = cv2.invertAffineTransform(matrix)
    here = [Placed(thing, box_of(thing)) for thing in first]
    there = [Placed(thing, _carried(box_of(thing), back, size)) for thing in second]
    candidates = []
    for i, one in enumerate(here):
        for j, other in enumerate(there):
            shared, same = overlap(one.box, other.box), one.thing.name == other.thing.name
            if same or shared > _PERSISTS:
                candidates.append((shared + 0.5 * same, i, j))
    matches: list[tuple[int, int]] = []
    for _, i, j in sorted(candidates, reverse=True):
        if all(i != a and j != b for a, b in matches):
            matches.append((i, j))
    return Things(here, there, matches)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0..1."""
    sides = np.maximum(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0.0)
    shared = float(np.prod(sides))
    union = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - shared
    return shared / union if union > 0 else 0.0


def inside(boxes: Sequence[Box], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The parts, bool [rows, columns], of a grid over the picture that touch one of ``boxes``."""
    rows, columns = shape[:2]
    mask = np.zeros((rows, columns), np.bool_)
    for left, top, right, bottom in boxes:
        x, y = max(0, int(left * columns)), max(0, int(top * rows))
        mask[y : max(y + 1, int(np.ceil(bottom * rows))), x : max(x + 1, int(np.ceil(right * columns)))] = (
            True
        )
    return mask


def box_of(thing: Thing) -> Box:
    """In its own picture."""
    return np.array([thing.left, thing.top, thing.right, thing.bottom])


def _carried(box: Box, back: NDArray[np.float64], size: tuple[int, int]) -> Box:
    corners = np.array([[box[i], box[j]] for i in (0, 2) for j in (1, 3)]) * size
    moved = (corners @ back[:, :2].T + back[:, 2]) / size
    return np.concatenate([moved.min(axis=0), moved.max(axis=0)])
