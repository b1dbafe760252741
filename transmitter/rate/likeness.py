"""How like its source a clip will be at the receiver: some frames bridged and looked at, by two eyes.

A plan's first walk goes by contrast alone (`transmitter.rate.loss`). That does not see that things lie beside
their place in a long gap, and asks for more keyframes, and smaller ones, than pay. Here what YOLOX-nano makes
of each part of the picture counts as much (docs/decisions/0009-pyramid.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np

from semvid.images.detail import with_detail
from semvid.images.finishing import RESTORATION, restored
from semvid.images.flow import Effort
from semvid.images.interpolation import Bridge
from semvid.images.objects import Sight, shipped
from semvid.images.resize import at_size
from semvid.images.restorer import Coding
from semvid.images.types import Picture
from semvid.semantics import MAX_FINISH
from semvid.video.reader import Frame
from transmitter.rate.footage import Footage
from transmitter.rate.loss import viewing_loss
from transmitter.rate.trial import Coded, DecodedKeyframe

STRENGTHS: Final = (0, 3, RESTORATION, 7)
"""Of restoration, in sevenths, that are tried."""
_LOOKED_AT: Final = 640 * 360  # pixels; larger pictures are looked at in this size
_LOOKS: Final = 5  # at frames between keyframes, over all excerpts
_KEYFRAMES: Final = 4  # that strengths are tried on
_PLACES: Final = 0.5  # exponent of what YOLOX-nano says of one picture that is not bridged, against contrast


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    part: int
    frame: Frame
    sight: Sight


class Likeness:
    """Looks at a clip as its receiver will show it.

    Args:
        footage: of the clip.
    """

    def __init__(self, footage: Footage) -> None:
        self._footage = footage

    def loss(self, coded: Coded) -> float:
        """Of the sampled frames, mean, 0..1; infinite where there is nothing to look at.

        Keyframes are not restored for this: that costs as much as all the rest, and sizes and densities come
        out in the same order.
        """
        parts = coded.decoded()
        shown: dict[tuple[int, int], Picture] = {}

        def show(part: int, number: int) -> Picture:
            if (part, number) not in shown:
                shown[part, number] = with_detail(
                    self._looked_at(parts[part][number].picture), coded.trial.point.detail
                )
            return shown[part, number]

        losses = []
        for sample in self._samples:
            keyframes, at = parts[sample.part], sample.frame.index
            number = max((n for n, k in enumerate(keyframes) if k.selected.frame.index <= at), default=0)
            picture = show(sample.part, number)
            after = number + 1
            if after < len(keyframes) and not keyframes[after].selected.shot_start:
                first, last = (keyframes[n].selected.frame.index for n in (number, after))
                bridge = Bridge(picture, show(sample.part, after), Effort.HIGH)
                picture = bridge.frame((at - first) / (last - first))
            losses.append(self._unlike(sample.frame.picture, sample.sight, picture, places=1.0))
        return float(np.mean(losses)) if losses else math.inf

    def strength(self, coded: Coded) -> int:
        """Of restoration, the one of `STRENGTHS` with which keyframes are most like their source.

        `RESTORATION` where the receiver's network is not at hand here.
        """
        restorer = self._footage.restorer
        if restorer is None:
            return RESTORATION
        keyframes = [keyframe for part in coded.decoded() for keyframe in part]
        losses = dict.fromkeys(STRENGTHS, 0.0)
        for keyframe in keyframes[:: -(-len(keyframes) // _KEYFRAMES)]:
            source = keyframe.selected.frame.picture
            picture, sight = self._looked_at(keyframe.picture), shipped().look(self._looked_at(source))
            made = restored(picture, self._coding(keyframe, picture), restorer, MAX_FINISH)
            for strength in STRENGTHS:
                share = strength / MAX_FINISH
                shown = np.asarray(cv2.addWeighted(made, share, picture, 1 - share, 0), np.uint8)
                losses[strength] += self._unlike(source, sight, shown, _PLACES)
        return min(losses, key=losses.__getitem__)

    @cached_property
    def _samples(self) -> list[_Sample]:
        return [
            _Sample(number, frame, shipped().look(self._looked_at(frame.picture)))
            for number, frame in _spread(list(_between(self._footage)), _LOOKS)
        ]

    def _coding(self, keyframe: DecodedKeyframe, shown: Picture) -> Coding:
        height, width = keyframe.picture.shape[:2]
        return Coding.of(
            keyframe.quantiser, (width, height), (shown.shape[1], shown.shape[0]), keyframe.layer
        )

    def _looked_at(self, picture: Picture) -> Picture:
        source = self._footage.source
        shrink = min(1.0, math.sqrt(_LOOKED_AT / (source.width * source.height)))
        return at_size(picture, (max(1, round(source.width * shrink)), max(1, round(source.height * shrink))))

    def _unlike(self, source: Picture, sight: Sight, shown: Picture, places: float) -> float:
        """Product of two losses, each 0..1."""
        alike = float((sight.traits * shipped().look(shown).traits).sum(axis=2).mean())
        return viewing_loss(self._looked_at(source), shown).wrong * math.pow(max(0.0, 1.0 - alike), places)


def _between(footage: Footage) -> Iterator[tuple[int, Frame]]:
    """Part and frame of all that may become keyframes or lie between them."""
    for number, part in enumerate(footage.parts):
        for window in part.windows:
            yield from ((number, frame) for frame in window.grid[1:-1])


def _spread(frames: list[tuple[int, Frame]], most: int) -> list[tuple[int, Frame]]:
    """At most so many of them, at equal distances."""
    count = min(most, len(frames))
    return [frames[(2 * n + 1) * len(frames) // (2 * count)] for n in range(count)]
