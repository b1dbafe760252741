"""Finds where a meaning changes with few questions: the search itself, free of pictures, models and streams.

The exhaustive walk asks about every candidate. Here a cheap measurement of how much each candidate's picture
changed says where the answer will probably turn, and the questions go there. How answers follow from changes
is learnt on the way, from the answers (`ChangeModel`); where the measurement says little, more is asked.

From the latest keyframe the search gallops: it asks far ahead where change is small, near where it is large,
and then closes in on the first candidate that differs, from both sides. A model that answers several
questions at once is asked several: they split what is open into equal chances. If it answers one at a time,
the search may be one candidate late, because telling the last two apart would cost a question each time.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DOUBT: Final = 0.07  # probability of an overlooked change at which one more question is asked
_WORTH_A_PLACE: Final = 0.02  # probability to be the first that differs, for a question that costs no call
_PRIOR_MEAN: Final = (-4.5, 5.0)  # of offset and slope: pictures that hardly differ mean the same
_PRIOR_SD: Final = (1.5, 1.5)
_PRIOR_NOISE: Final = 0.8  # logits that an answer strays from the line, before answers are known
_PRIOR_WEIGHT: Final = 6.0  # answers that this first guess counts for
_MEMORY: Final = 0.97  # how much an answer counts one answer later: videos change
_REACH: Final = 8.0  # candidates over which two answers about the same keyframe stray alike
_TOGETHER: Final = 1.5  # neighbouring candidates whose answers are practically one
_TOLERATED: Final = 1  # candidates that the crossing found may be late where each question is dear


class ChangeModel:
    """How far an answer lies above the threshold, as a line over the change of the picture; learnt online.

    Bayesian linear regression with forgetting. Memory does not grow.
    """

    def __init__(self) -> None:
        self._precision = np.diag(1.0 / np.square(_PRIOR_SD))
        self._weighted = self._precision @ np.array(_PRIOR_MEAN)
        self._prior = self._precision.copy(), self._weighted.copy()
        self._squares, self._count = _PRIOR_WEIGHT * _PRIOR_NOISE**2, _PRIOR_WEIGHT

    @property
    def noise(self) -> float:
        """Standard deviation of answers around the line, logits."""
        return math.sqrt(self._squares / self._count)

    def learn(self, change: float, margin: float) -> None:
        """Takes an answer: ``margin`` logits above the threshold at this ``change``."""
        error = margin - float(self.expected(np.array([change]))[0][0])
        self._squares = _MEMORY * self._squares + error * error / 1.5
        self._count = _MEMORY * self._count + 1.0
        row = np.array([1.0, change]) / self.noise
        precision, weighted = self._prior
        self._precision = _MEMORY * self._precision + (1 - _MEMORY) * precision + np.outer(row, row)
        self._weighted = _MEMORY * self._weighted + (1 - _MEMORY) * weighted + row * margin / self.noise

    def expected(self, changes: Array) -> tuple[Array, Array]:
        """Expected margins and the standard deviation of the expectation itself, float64 [n] each."""
        covariance = np.linalg.inv(self._precision)
        rows = np.stack([np.ones_like(changes), changes], axis=1)
        variance = np.einsum("ij,jk,ik->i", rows, covariance, rows)
        return rows @ (covariance @ self._weighted), np.sqrt(variance)


class Window:
    """The candidates ahead of one keyframe, and what is known about them.

    Args:
        changes: of each candidate's picture from the keyframe's, in order, by any measure that rises.
        model: what earlier answers taught; learns from the new ones.
        at_once: questions that may be asked together.
    """

    def __init__(self, changes: Sequence[float], model: ChangeModel, at_once: int = 1) -> None:
        self._changes = np.asarray(changes, np.float64)
        self._model, self._at_once = model, at_once
        self._margins: dict[int, float] = {}

    def next_questions(self) -> list[int]:
        """Numbers of the candidates to ask about, ascending; none: `crossing` is certain enough."""
        crossing = self.crossing()
        end = len(self._changes) if crossing is None else crossing
        start = self._last_same(end) + 1
        if crossing is not None and self._at_once == 1:
            end = max(start, end - _TOLERATED)
        if start >= end:
            return []
        chances = self._chances()[start:end]
        none_so_far = np.cumprod(1.0 - chances) ** (1.0 / _TOGETHER)
        if self._margins and none_so_far[-1] >= 1.0 - DOUBT:
            return []
        likely = 1.0 - none_so_far
        shares = np.arange(1, self._at_once + 1) / (self._at_once + 1)
        split = {int(np.argmax(likely >= share)) for share in shares if share <= likely[-1]}
        if not split:  # probably none differs here: ask about the likeliest
            return [start + int(np.argmax(chances))]
        # equal chances between them; what room the call has left goes where the first one may lie too
        first_here = np.diff(likely, prepend=0.0)
        others = [
            int(p) for p in np.argsort(-first_here) if first_here[p] >= _WORTH_A_PLACE and p not in split
        ]
        return [start + place for place in sorted([*split, *others[: self._at_once - len(split)]])]

    def tell(self, candidate: int, margin: float) -> None:
        """Takes the answer about ``candidate``; it differs where ``margin`` (logits) is above 0."""
        self._margins[candidate] = margin
        self._model.learn(float(self._changes[candidate]), margin)

    def crossing(self) -> int | None:
        """The first candidate known to differ, as far as asked."""
        return min((candidate for candidate, margin in self._margins.items() if margin > 0), default=None)

    def _last_same(self, end: int) -> int:
        return max((c for c, margin in self._margins.items() if margin <= 0 and c < end), default=-1)

    def _chances(self) -> Array:
        """Probability of each candidate to differ, float64 [n]."""
        mean, doubt = self._model.expected(self._changes)
        noise = np.full(len(mean), self._model.noise)
        if self._margins:
            asked = np.array(sorted(self._margins))
            distance = np.abs(np.arange(len(mean))[:, None] - asked[None, :])
            nearest = asked[np.argmin(distance, axis=1)]
            alike = np.exp(-np.min(distance, axis=1) / _REACH)
            strayed = np.array([self._margins[int(c)] for c in nearest]) - mean[nearest]
            mean = mean + alike * strayed
            noise = noise * np.sqrt(1.0 - alike**2)
            doubt = doubt * (1.0 - alike)
        spread = np.sqrt(noise**2 + doubt**2) + 1e-9
        return np.array(
            [0.5 * math.erfc(-m / (s * math.sqrt(2.0))) for m, s in zip(mean, spread, strict=True)]
        )


def first_crossing(
    changes: Sequence[float],
    ask: Callable[[list[int]], list[float]],
    model: ChangeModel,
    at_once: int = 1,
) -> int | None:
    """The first candidate that differs from the keyframe, give or take one; None: none does.

    A candidate is never returned without having been asked about, and every window is asked about once.

    Args:
        changes, model, at_once: as `Window`.
        ask: margins in logits of candidates' answers over the threshold; above zero they differ.
    """
    window = Window(changes, model, at_once)
    while candidates := window.next_questions():
        for candidate, margin in zip(candidates, ask(candidates), strict=True):
            window.tell(candidate, margin)
    return window.crossing()
