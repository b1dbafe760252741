"""The ladder of a video code: sizes and frame rates, each at the best quality that fits a budget of bytes."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import product
from typing import Final, TypeVar

import numpy as np

from evaluation.clips import Clip
from evaluation.methods.cache import EncodeCache
from evaluation.methods.quality import Judge
from evaluation.methods.showing import Showing
from evaluation.methods.video_code import (
    Setting,
    Stream,
    VideoCode,
    codable,
    decode,
    encode,
    shown_at,
)
from semvid.images.types import Picture

SCALES: Final = (1, 1.5, 2, 3, 4)  # divisors of the sides
STEPS: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # frames; as far apart as our keyframes may be
_START: Final = (2, 3)  # the rung from which the search sets out, numbers of a scale and of a step
# one finer or coarser in size or frame rate, or one traded for the other
_AROUND: Final = ((-1, 0), (1, 0), (0, -1), (0, 1), (1, -1), (-1, 1))
_CONFIRMED: Final = 2  # of the sizes and frame rates, with the slow preset
_FINAL_STEP: Final = 0.25  # of the CRF; some 3 % of the bytes
_CLOSE: Final = 0.015  # of the budget; a final stream that leaves less than this is fine enough
_BYTES_PER_CRF: Final = 0.115  # natural logarithm; about the same for all codes

_Rung = tuple[int, int]  # numbers of a scale and of a step
_Promise = tuple[bool, float]  # whether anything fits, and how good it is
_NOTHING: Final[_Promise] = (False, -math.inf)


class Ladder:
    """One code on one clip.

    Args:
        judge: chooses between sizes and frame rates, on what decodes without loss.
        showing: what becomes of it before it is judged.
    """

    def __init__(
        self, code: VideoCode, clip: Clip, judge: Judge, cache: EncodeCache, showing: Showing
    ) -> None:
        self._code, self._clip, self._judge, self._cache = code, clip, judge, cache
        self._showing = showing
        self.stream = lru_cache(maxsize=None)(self._stream)
        width, height = clip.source.width, clip.source.height
        self._rungs = {
            (i, j)
            for (i, scale), (j, step) in product(enumerate(SCALES), enumerate(STEPS))
            if codable(width, height, scale) and (step == 1 or step < len(clip.pictures))
        }

    def best(self, budget_bytes: int) -> Setting | None:
        """The setting of best quality whose stream takes at most ``budget_bytes``; None if none does.

        A walk over sizes and frame rates with the fast preset finds the two that promise most; these are
        coded with the slow one, as finely as fits, and the better of them wins.
        """
        if budget_bytes <= 0:
            return None
        finals = [self._final(rung, budget_bytes) for rung in self._most_promising(budget_bytes)]
        return max(finals, key=self.quality) if finals else None

    def quality(self, setting: Setting) -> float:
        """Mean score of what a receiver shows when all arrives."""
        name = ("quality", self._judge.name, *self._showing.settings.values(), setting)
        quality = self._cache.value(*name)
        if quality is None:
            stream = self.stream(setting)
            planes = decode(self._code, stream, stream.packets)
            size = self._clip.source.width, self._clip.source.height

            show = self._showing.of(stream, setting.crf, size)

            def shown(index: int) -> Picture:
                return show(shown_at(stream, planes, index))

            quality = self._judge.mean(self._clip, shown)
            self._cache.store_value(quality, *name)
        return float(quality)

    def _most_promising(self, budget: int) -> list[_Rung]:
        """The best rungs on which something fits, best first.

        Neighbours of the best are tried until they are the best of all that lie around them.
        """
        promises: dict[_Rung, _Promise] = {}
        fresh = {min(self._rungs, key=lambda rung: math.dist(rung, _START))}
        while fresh:
            for rung in sorted(fresh):
                least = sorted(promises.values(), reverse=True)[_CONFIRMED - 1 : _CONFIRMED]
                promises[rung] = self._promise(rung, budget, least[0] if least else _NOTHING)
            best = sorted(promises, key=promises.__getitem__, reverse=True)[:_CONFIRMED]
            around = {(i + di, j + dj) for i, j in best for di, dj in _AROUND}
            fresh = (around & self._rungs) - promises.keys()
        return [rung for rung in best if promises[rung][0]]

    def _promise(self, rung: _Rung, budget: int, least: _Promise) -> _Promise:
        """Whether anything fits, and the quality that the fast preset has where it takes just the budget.

        That lies between two points of the grid of CRFs; rates share most of these. Judging costs more than
        encoding: where the finer, which takes more than the budget, is already worse than ``least``, the
        coarser is not judged. Where nothing fits the second value is the higher the less is too much.
        """
        fitting, finer = self._bracket(rung, budget)
        if fitting is None:
            return False, -float(self.stream(finer).size)
        most = self.quality(finer)
        if (True, most) < least:
            return True, most
        sizes = [math.log(self.stream(end).size) for end in (fitting, finer)]
        return True, float(np.interp(math.log(budget), sizes, [self.quality(fitting), most]))

    def _final(self, rung: _Rung, budget: int) -> Setting:
        """The slow preset at the finest quarter step of the CRF that fits.

        Where it takes more bytes even at the coarsest of them, the point of the fast one stays.
        """
        fitting, finer = self._bracket(rung, budget)
        assert fitting is not None
        steps = np.arange(self._code.crfs[0], self._code.crfs[-1] - _FINAL_STEP, -_FINAL_STEP).tolist()
        sizes = [math.log(self.stream(end).size) for end in (fitting, finer)]
        expected = float(np.interp(math.log(budget), sizes, [fitting.crf, finer.crf]))
        between = fitting.crf - finer.crf
        crf = finest_crf(
            steps,
            budget,
            lambda crf: self.stream(_setting(rung, crf, final=True)).size,
            first=round((steps[0] - expected) / _FINAL_STEP),
            close=_CLOSE,
            per_crf=(sizes[1] - sizes[0]) / between if between else _BYTES_PER_CRF,
        )
        return fitting if crf is None else _setting(rung, crf, final=True)

    def _bracket(self, rung: _Rung, budget: int) -> tuple[Setting | None, Setting]:
        """The finest setting of the fast grid that fits, if any does, and the next finer, if there is one."""
        crfs = self._code.crfs
        crf = finest_crf(crfs, budget, lambda crf: self.stream(_setting(rung, crf)).size, first=1)
        if crf is None:
            return None, _setting(rung, crfs[0])
        finer = crfs[min(crfs.index(crf) + 1, len(crfs) - 1)]
        return _setting(rung, crf), _setting(rung, finer)

    def _stream(self, setting: Setting) -> Stream:
        stream = self._cache.stream(setting)
        if stream is None:
            stream = encode(self._code, self._clip.pictures, self._clip.source.frame_rate, setting)
            self._cache.store_stream(stream, setting)
        return stream


def _setting(rung: _Rung, crf: float, final: bool = False) -> Setting:
    return Setting(SCALES[rung[0]], STEPS[rung[1]], crf, final)


_Crf = TypeVar("_Crf", bound=float)


def finest_crf(
    crfs: Sequence[_Crf],
    budget: float,
    size_of: Callable[[_Crf], float],
    first: int = 0,
    close: float = 0.0,
    per_crf: float = _BYTES_PER_CRF,
) -> _Crf | None:
    """The finest of ``crfs`` whose size fits the budget; None if none does.

    Sizes fall exponentially with the CRF, so secant steps find it in about four trials.

    Args:
        crfs: coarsest first, evenly spaced.
        size_of: size at a CRF, in units of the budget.
        first: number of the CRF that is tried first.
        close: the search ends at a size that leaves less than this share of the budget.
        per_crf: by what the natural logarithm of the size falls with the CRF, about.
    """
    if budget <= 0:
        return None
    fits, passes = -1, len(crfs)  # the last index known to fit, the first known not to
    index, per_step = min(max(first, 0), passes - 1), per_crf * abs(crfs[0] - crfs[1])
    while fits + 1 < passes:
        size = size_of(crfs[index])
        if size <= budget:
            fits = index
            if size > (1 - close) * budget:
                break
        else:
            passes = index
        guess = index + math.floor(math.log(budget / size) / per_step)
        index = min(max(guess, fits + 1), passes - 1)
    return crfs[fits] if fits >= 0 else None
