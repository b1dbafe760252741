"""SKEM with few questions: candidates are asked about where `search` expects the meaning to change.

Frames are held back until the verdict about them is certain, and then go through `Skem` exactly as they would
have without being held: cuts, gaps and bridging are the same. What is held is bounded in time and in bytes.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from operator import is_
from typing import Final

import cv2
import numpy as np

from semvid.images.cuts import CutDetector
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.mllm import Mllm
from semvid.options import Rule
from semvid.psss import Answer, differs
from semvid.video.reader import Frame
from transmitter.keyframes.search import ChangeModel, first_crossing
from transmitter.keyframes.selection import Comparison, Selected, Told
from transmitter.keyframes.skem import Skem, SkemRules

LOOKAHEAD: Final = 40  # candidates
HELD_BYTES: Final = 512 * 2**20  # of pictures; large pictures shorten the look ahead

_SIZE: Final = (64, 48)  # pixels of the copies on which change is measured
_SCALE: Final = 16.0  # mean difference that counts as 1, 8-bit levels summed over channels and directions
_CERTAIN: Final = 1e-3  # probabilities nearer to 0 or 1 than this are all the same to the search
_NEIGHBOURS: Final = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    frame: Frame
    cut: bool
    small: Picture | None  # of candidates


class Gallop:
    """Implements `KeyframeSelector` around a `Skem` that asks nobody itself.

    Args:
        mllm: compares meanings.
        rules: as the ``skem`` has them.
        skem: takes the frames once their verdicts are known.
        tell: see `Told`.
    """

    def __init__(self, mllm: Mllm, rules: SkemRules, skem: Skem, tell: Told = lambda _: None) -> None:
        self._mllm, self._rules, self._skem, self._tell = mllm, rules, skem, tell
        self._cuts = CutDetector()
        self._model = ChangeModel()
        self._held: deque[_Held] = deque()
        self._reference: tuple[int, Picture] | None = None  # index of the meaning, and its small copy

    def push(self, frame: Frame) -> list[Selected]:
        """See `KeyframeSelector.push`."""
        cut = self._cuts.push(frame.picture)
        candidate = frame.index % self._rules.candidate_spacing == 0
        self._held.append(_Held(frame, cut, _small(frame.picture) if candidate else None))
        if cut or frame.index == 0:
            return self._release(to_the_end=True)
        full = len(self._held) >= self._most_held(frame.picture.nbytes)
        return self._release(to_the_end=False) if full else []

    def finish(self) -> list[Selected]:
        """See `KeyframeSelector.finish`."""
        return [*self._release(to_the_end=True), *self._skem.finish()]

    def _most_held(self, frame_bytes: int) -> int:
        spacing = self._rules.candidate_spacing
        return min(LOOKAHEAD * spacing, max(spacing, HELD_BYTES // frame_bytes))

    def _release(self, to_the_end: bool) -> list[Selected]:
        """Gives frames with known verdicts to SKEM: up to the next change, or all where there is none.

        Args:
            to_the_end: nothing more is coming that could change the verdicts about what is held.
        """
        selected: list[Selected] = []
        while self._held:
            crossing = self._search()
            while self._held:
                held = self._held.popleft()
                selected += self._skem.take(held.frame, held.cut, partial(is_, crossing))
                if held.frame is crossing:
                    break
            if crossing is not None and not to_the_end:
                break
        return selected

    def _search(self) -> Frame | None:
        """The first held frame up to the next cut that means something else; None: none does."""
        candidates = list(self._candidates())
        if not candidates:
            return None
        reference = self._small_reference()
        changes = [_change(reference, held.small) for held in candidates if held.small is not None]
        asked: list[tuple[Frame, Answer]] = []

        def ask(numbers: list[int]) -> list[float]:
            frames = [candidates[number].frame for number in numbers]
            pictures = [frame.picture for frame in frames]
            answers = self._mllm.compare(self._skem.meaning.picture, pictures, self._rules.focus)
            asked.extend(zip(frames, answers, strict=True))
            return [self._margin(answer) for answer in answers]

        crossing = first_crossing(changes, ask, self._model, at_once=self._mllm.at_once)
        found = None if crossing is None else candidates[crossing].frame
        for frame, answer in sorted(asked, key=lambda pair: pair[0].index):
            self._tell(Comparison(frame, self._skem.meaning.index, answer, decision=frame is found))
        return found

    def _candidates(self) -> Iterator[_Held]:
        """Held candidates that may become the next meaning."""
        if self._held[0].frame.index == 0:
            return  # it becomes the meaning without being asked about
        first = self._skem.meaning.index + self._rules.min_gap
        for held in takewhile(lambda held: not held.cut, self._held):
            if held.small is not None and held.frame.index >= first:
                yield held

    def _small_reference(self) -> Picture:
        meaning = self._skem.meaning
        if self._reference is None or self._reference[0] != meaning.index:
            self._reference = meaning.index, _small(meaning.picture)
        return self._reference[1]

    def _margin(self, answer: Answer) -> float:
        """Logits of the answer over the threshold, above zero exactly where it differs."""
        rules = self._rules
        if rules.rule is Rule.RELATIVE:
            score, threshold = 0.5 + 0.5 * answer.s_rel, 0.5 + 0.5 * rules.threshold
        else:
            score, threshold = answer.p_no, rules.threshold
        margin = _logit(score) - _logit(threshold)
        if differs(answer, rules.rule, rules.threshold):
            return max(margin, _CERTAIN)
        return min(margin, -_CERTAIN)


def _small(picture: Picture) -> Picture:
    return at_size(picture, _SIZE, enlarging=cv2.INTER_AREA)


def _change(first: Picture, second: Picture) -> float:
    """How far two small copies differ beyond one pixel of misplacement; grows as PSSS does with it."""
    total = 0.0
    for one, other in ((first, second), (second, first)):
        over = cv2.subtract(other, cv2.dilate(one, _NEIGHBOURS))
        under = cv2.subtract(cv2.erode(one, _NEIGHBOURS), other)
        total += float(np.mean(cv2.max(over, under)))
    return math.sqrt(total / _SCALE)


def _logit(probability: float) -> float:
    bounded = min(1.0 - _CERTAIN, max(_CERTAIN, probability))
    return math.log(bounded / (1.0 - bounded))
