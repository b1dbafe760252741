"""What is there, how many, how large and where: things that the detector finds in most of a segment's
pictures."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from semvid.images.objects import Thing
from semvid.mllm.embedded.boxes import Box, box_of, overlap
from semvid.mllm.embedded.caption.colours import place, with_article

_FOUND = 0.3  # score from which a thing counts in a picture
_SURE = {"person": 0.45}  # mean over the pictures that show it of the best score, from which it is named
_SURE_OTHERS = 0.6  # the commonest class of COCO is the one least often taken for another
_PERSISTS = 0.4  # share of the pictures that must show it
_COUNTED = 0.6  # score from which a further one is counted, of the best one's
_ONE_PLACE = 0.45  # intersection over union from which two names mean one thing
_MOST_NAMES = 3
_LARGE, _SMALL = 0.2, 0.02  # share of the picture
_COUNTS = ("no", "a", "two", "three")
_PLURALS = {
    **{"person": "people", "sheep": "sheep", "skis": "skis", "mouse": "mice", "scissors": "scissors"},
    **{
        "knife": "knives",
        "couch": "couches",
        "bench": "benches",
        "bus": "buses",
        "toothbrush": "toothbrushes",
    },
    **{"sandwich": "sandwiches", "wine glass": "wine glasses"},
}


@dataclass(frozen=True, slots=True)
class Kind:
    """All things of one name in a segment.

    Attributes:
        name: of COCO's.
        count: median over the pictures that show any.
        best: the most important one of each picture; None where there is none.
    """

    name: str
    count: int
    best: tuple[Thing | None, ...]

    @property
    def usual_box(self) -> Box:
        """Of the most important one, by the median of each side."""
        boxes = [box_of(thing) for thing in self.best if thing is not None]
        return np.asarray(np.median(boxes, axis=0))

    @property
    def words(self) -> str:
        """The name with its count, ``two people``."""
        if self.count == 1:
            return with_article(self.name)
        number = _COUNTS[self.count] if self.count < len(_COUNTS) else "several"
        return f"{number} {_PLURALS.get(self.name, self.name + 's')}"

    @property
    def looks(self) -> str:
        """Size and, of a single thing, place: ``large, in the middle``; may be empty."""
        left, top, right, bottom = self.usual_box
        share = (right - left) * (bottom - top)
        words = ["large"] if share > _LARGE else ["small"] if share < _SMALL else []
        if self.count == 1:
            words.append(place((left + right) / 2, (top + bottom) / 2))
        return ", ".join(words)


def kinds(sights: Sequence[Sequence[Thing]]) -> list[Kind]:
    """What most of the pictures show, the most important first, at most three names.

    Args:
        sights: things of each picture of a segment, at least one picture.
    """
    total: dict[str, float] = defaultdict(float)
    for things in sights:
        for thing in things:
            total[thing.name] += thing.score
    pictures = [_one_name_each(things, total) for things in sights]
    found = []
    for name in total:
        own = [[thing for thing in things if thing.name == name] for things in pictures]
        shown = [things for things in own if things]
        if len(shown) < _PERSISTS * len(pictures):
            continue
        scores = [max(thing.score for thing in things) for things in shown]
        if sum(scores) < _SURE.get(name, _SURE_OTHERS) * len(shown):
            continue
        counts = [
            sum(thing.score >= _COUNTED * best for thing in things)
            for things, best in zip(shown, scores, strict=True)
        ]
        best = tuple(max(things, key=_weight, default=None) for things in own)
        weight = sum(_weight(thing) for things in own for thing in things)
        found.append((weight, Kind(name, int(median(counts)), best)))
    kept: list[Kind] = []
    for _, kind in sorted(found, key=lambda pair: -pair[0]):
        if all(_together(kind, other) for other in kept):
            kept.append(kind)
    return kept[:_MOST_NAMES]


def named(found: Sequence[Kind]) -> str:
    """The kinds in words, ``a person, large, in the middle, with a chair and two bottles``."""
    first, *others = found
    words = ", ".join(part for part in (first.words, first.looks) if part)
    return f"{words}, with {' and '.join(kind.words for kind in others)}" if others else words


def _one_name_each(things: Sequence[Thing], total: dict[str, float]) -> list[Thing]:
    """Those that count; where two names stand for one place, the one that the segment shows more of."""
    kept: list[Thing] = []
    for thing in sorted(things, key=lambda one: -total[one.name]):
        other = (one for one in kept if one.name != thing.name)
        if thing.score >= _FOUND and all(overlap(box_of(thing), box_of(one)) < _ONE_PLACE for one in other):
            kept.append(thing)
    return kept


def _together(one: Kind, other: Kind) -> bool:
    """Whether one picture shows both; if none does, they may be one thing of which the name wavers."""
    return any(a is not None and b is not None for a, b in zip(one.best, other.best, strict=True))


def _weight(thing: Thing) -> float:
    return thing.score * float(thing.area**0.5)
