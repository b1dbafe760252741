"""How much of what the receiver's network makes of keyframes is asked for: tried on some of them."""

from __future__ import annotations

from typing import Final

from semvid.images.finishing import RESTORATION, part_of_the_way
from semvid.images.resize import at_size
from semvid.images.restorer import Coding, Restorer
from semvid.video.probe import SourceInfo
from transmitter.rate.loss import viewing_loss
from transmitter.rate.trial import Coded, looked_at

STRENGTHS: Final = (3, RESTORATION, 7)
"""That are tried, in sevenths. Below four, changes by a single level are rounded away, which suits what is
flat or has a grain of its own."""
_KEYFRAMES: Final = 4  # that strengths are tried on
_CLEARLY: Final = 0.95  # of the contrast that is wrong as usual; with less of it another strength is taken


def strength_for(coded: Coded, source: SourceInfo, restorer: Restorer) -> int:
    """The usual, `RESTORATION`, or another of `STRENGTHS` with which contrast is clearly more alike.

    Between strengths that are nearly as good, contrast errs; where it falls by a twentieth, on film grain,
    flat walls or text, LPIPS and MobileNet's cosine agree with it (docs/decisions/0011-restorer.md).

    Args:
        coded: keyframes of the clip.
        source: of the clip.
        restorer: that the receiver has.
    """
    size = looked_at(source)
    keyframes = [keyframe for part in coded.decoded() for keyframe in part]
    wrong = dict.fromkeys(STRENGTHS, 0.0)
    for keyframe in keyframes[:: -(-len(keyframes) // _KEYFRAMES)]:
        real, picture = (at_size(one, size) for one in (keyframe.selected.frame.picture, keyframe.picture))
        height, width = keyframe.picture.shape[:2]
        coding = Coding.of(keyframe.quantiser, (width, height), size, keyframe.layer)
        made = restorer.restore(picture, coding)
        for strength in STRENGTHS:
            wrong[strength] += viewing_loss(real, part_of_the_way(picture, made, strength)).wrong
    best = min(wrong, key=wrong.__getitem__)
    return best if wrong[best] < _CLEARLY * wrong[RESTORATION] else RESTORATION
