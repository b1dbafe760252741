"""Who chooses keyframes: PSSS, equal distances, chance, and what bridges best; always as many as are wanted.

All take candidates by their number, 0 to ``n - 1``, and give ``count`` of them, first and last included.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.psss.piece import Piece
from semvid.mllm import Mllm
from semvid.options import Focus
from transmitter.keyframes.bridging import bridging_error, small_copy
from transmitter.rate.model import gap_loss

SEED: Final = 0

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Keyframes of one chooser.

    Attributes:
        keyframes: numbers of candidates, in order.
        threshold: of S_rel, where one decided.
        filled: of them, how many no threshold could give.
    """

    keyframes: tuple[int, ...]
    threshold: float | None = None
    filled: int = 0


def scores(mllm: Mllm, piece: Piece, focus: Focus = Focus.GENERAL) -> Matrix:
    """S_rel of every candidate against every earlier one, [earlier, later]; below the diagonal nan."""
    shown = [piece.clip.pictures[frame] for frame in piece.candidates]
    found = np.full((len(shown), len(shown)), np.nan)
    for first in range(len(shown) - 1):
        answers = mllm.compare(shown[first], shown[first + 1 :], focus)
        found[first, first + 1 :] = [answer.s_rel for answer in answers]
    return found


def bridging_losses(piece: Piece) -> Matrix:
    """What the transmitter reckons that the gap between two candidates loses, [earlier, later]."""
    copies = [small_copy(picture) for picture in piece.clip.pictures]
    places = piece.candidates
    found = np.full((len(places), len(places)), np.inf)
    for first, start in enumerate(places):
        for last in range(first + 1, len(places)):
            stop = places[last]
            found[first, last] = gap_loss(stop - start, bridging_error(copies[start : stop + 1]))
    return found


def walk(s_rel: Matrix, threshold: float) -> list[int]:
    """SKEM (paper): a keyframe where S_rel against the latest one exceeds the threshold; the last always."""
    last = len(s_rel) - 1
    keyframes = [0]
    for candidate in range(1, last):
        if s_rel[keyframes[-1], candidate] > threshold:
            keyframes.append(candidate)
    return [*keyframes, last]


def by_psss(s_rel: Matrix, count: int) -> Chosen:
    """The walk at the highest threshold that gives ``count``, or the most below it, and then the best."""
    _require(len(s_rel), count)
    values = np.unique(s_rel[np.isfinite(s_rel)])
    walks = [(float(value), walk(s_rel, value)) for value in [*values[::-1], np.nextafter(values[0], -2)]]
    for threshold, keyframes in walks:
        if len(keyframes) == count:
            return Chosen(tuple(keyframes), threshold)
    threshold, keyframes = max(
        (one for one in walks if len(one[1]) < count), key=lambda one: (len(one[1]), one[0])
    )
    taken = sorted(keyframes)
    missing = count - len(taken)
    while len(taken) < count:
        free = [number for number in range(len(s_rel)) if number not in taken]
        before = {number: max(one for one in taken if one < number) for number in free}
        taken = sorted([*taken, max(free, key=lambda number: (s_rel[before[number], number], -number))])
    return Chosen(tuple(taken), threshold, missing)


def uniform(candidates: Sequence[int], count: int) -> Chosen:
    """Those nearest to equal distances.

    Args:
        candidates: their frames.
    """
    _require(len(candidates), count)
    taken: list[int] = []
    for number, at in enumerate(np.linspace(candidates[0], candidates[-1], count)):
        # as many must be left on either side as are wanted there
        free = range(taken[-1] + 1 if taken else 0, len(candidates) - (count - 1 - number))
        taken.append(min(free, key=lambda one: (abs(candidates[one] - float(at)), one)))
    return Chosen(tuple(taken))


def by_chance(piece: Piece, count: int, draw: int) -> Chosen:
    """Without replacement; the generator's seed is (`SEED`, draw, count, CRC-32 of the clip's name)."""
    candidates = len(piece.candidates)
    _require(candidates, count)
    rng = np.random.default_rng([SEED, draw, count, zlib.crc32(piece.name.encode())])
    inner = rng.choice(np.arange(1, candidates - 1), count - 2, replace=False).tolist()
    return Chosen((0, *sorted(inner), candidates - 1))


def by_bridging(losses: Matrix, count: int) -> Chosen:
    """The least sum of losses of all gaps, exactly (dynamic programming over the last keyframe)."""
    candidates = len(losses)
    _require(candidates, count)
    best = np.full((count, candidates), np.inf)
    before = np.zeros((count, candidates), np.int64)
    best[0, 0] = 0.0
    for number in range(1, count):
        reached = best[number - 1][:, None] + losses
        before[number] = np.argmin(reached, axis=0)
        best[number] = np.min(reached, axis=0)
    path = [candidates - 1]
    for number in range(count - 1, 0, -1):
        path.append(int(before[number, path[-1]]))
    return Chosen(tuple(reversed(path)))


def _require(candidates: int, count: int) -> None:
    if not 2 <= count <= candidates:
        raise ValueError(
            f"{count} keyframes of {candidates} candidates: 2 at least, and no more than there are"
        )
