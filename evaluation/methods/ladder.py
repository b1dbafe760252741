"""The ladder of a video code: sizes and frame rates, each at the best quality that fits a budget of bytes."""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import Final

from evaluation.clips import Clip
from evaluation.methods.cache import EncodeCache
from evaluation.methods.quality import Judge
from evaluation.methods.video_code import (
    Setting,
    Stream,
    VideoCode,
    codable,
    decode,
    encode,
    full_picture,
    shown_at,
)
from semvid.images.types import Picture

SCALES: Final = (1, 2, 4)  # divisors of the sides
STEPS: Final = (1, 3, 6)  # frames
_REFINED: Final = 2  # of the sizes and frame rates
_BYTES_PER_CRF: Final = 0.115  # natural logarithm; about the same for all codes


class Ladder:
    """One code on one clip.

    Args:
        judge: chooses between sizes and frame rates, on what decodes without loss.
    """

    def __init__(self, code: VideoCode, clip: Clip, judge: Judge, cache: EncodeCache) -> None:
        self._code, self._clip, self._judge, self._cache = code, clip, judge, cache
        self.stream = lru_cache(maxsize=None)(self._stream)

    def best(self, budget_bytes: int) -> Setting | None:
        """The setting of best quality whose stream takes at most ``budget_bytes``; None if none does.

        Every size and frame rate is tried on the coarse grid of CRFs with the fast preset; the two best are
        then coded with the slow one, as finely as fits, and the better of them wins.
        """
        fitting: list[tuple[float, Setting]] = []
        width, height = self._clip.source.width, self._clip.source.height
        for scale, step in product(SCALES, STEPS):
            if not codable(width, height, scale):
                continue
            setting = self._finest(scale, step, budget_bytes)
            if setting is not None:
                fitting.append((self.quality(setting), setting))
        if not fitting:
            return None
        fitting.sort(key=lambda pair: -pair[0])
        refined = [self._refined(setting, budget_bytes) for _, setting in fitting[:_REFINED]]
        return max(refined, key=self.quality)

    def _refined(self, chosen: Setting, budget_bytes: int) -> Setting:
        """The same size and frame rate with the slow preset, at the finest half step of the CRF that fits.

        Where the slow preset takes more bytes even at the coarsest of them, ``chosen`` stays.
        """
        spacing = abs(self._code.crfs[0] - self._code.crfs[1])
        half_steps = [chosen.crf + 1 - number / 2 for number in range(2 * spacing + 2)]
        finals = [replace(chosen, crf=crf, final=True) for crf in half_steps if crf <= self._code.crfs[0]]
        fitting = bisect_left(finals, True, key=lambda final: self.stream(final).size > budget_bytes)
        return finals[fitting - 1] if fitting else chosen

    def quality(self, setting: Setting) -> float:
        """Mean score of what a receiver shows when all arrives."""
        name = ("quality", self._judge.name, setting)
        quality = self._cache.value(*name)
        if quality is None:
            stream = self.stream(setting)
            planes = decode(self._code, stream, stream.packets)
            width, height = self._clip.source.width, self._clip.source.height

            def shown(index: int) -> Picture:
                return full_picture(stream, shown_at(stream, planes, index), width, height)

            quality = self._judge.mean(self._clip, shown)
            self._cache.store_value(quality, *name)
        return float(quality)

    def _finest(self, scale: int, step: int, budget_bytes: int) -> Setting | None:
        """The finest CRF of the grid that fits."""
        crf = finest_crf(
            self._code.crfs, budget_bytes, lambda crf: self.stream(Setting(scale, step, crf)).size
        )
        return None if crf is None else Setting(scale, step, crf)

    def _stream(self, setting: Setting) -> Stream:
        stream = self._cache.stream(setting)
        if stream is None:
            stream = encode(self._code, self._clip.pictures, self._clip.source.frame_rate, setting)
            self._cache.store_stream(stream, setting)
        return stream


def finest_crf(crfs: Sequence[int], budget: float, size_of: Callable[[int], float]) -> int | None:
    """The finest of ``crfs`` whose size fits the budget; None if none does.

    Sizes fall exponentially with the CRF, so secant steps find it in about four trials.

    Args:
        crfs: coarsest first, evenly spaced.
        size_of: size at a CRF, in units of the budget.
    """
    if budget <= 0:
        return None
    fits, passes = -1, len(crfs)  # the last index known to fit, the first known not to
    index, per_step = 0, _BYTES_PER_CRF * abs(crfs[0] - crfs[1])
    while fits + 1 < passes:
        size = size_of(crfs[index])
        if size <= budget:
            fits = index
        else:
            passes = index
        guess = index + math.floor(math.log(budget / size) / per_step)
        index = min(max(guess, fits + 1), passes - 1)
    return crfs[fits] if fits >= 0 else None
