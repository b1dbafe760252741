"""Animates by displacing the pixels of portraits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import cv2
import numpy as np

from receiver.animators.animation import Animation
from receiver.animators.animator import AnimationRequest, Animator
from semvid.errors import Cancelled
from semvid.faces.track import Portrait, Pose
from semvid.images.types import Picture

_SHARP: Final = 3.0  # one portrait is shown alone from where the other is 1.4 times as far
_EXACT: Final = 1e-6  # pixels


class WarpAnimator:
    """Displaces the pixels of the portrait (`receiver.animators.animation`), or of the next one, whichever is
    nearer to the face as it is to be; mixes both in between."""

    def animate(self, request: AnimationRequest, cancelled: Callable[[], bool]) -> Iterator[Picture]:
        """See `Animator`."""
        start = Animation(request.start, request.face.portrait.points)
        end = None if request.end is None else Animation(request.end[0], request.end[1].points)
        for offset in request.offsets:
            if cancelled():
                raise Cancelled("the animation was stopped")
            pose = request.face.at(offset)
            share = _share_of_end(pose, request)
            if not share:
                yield start.show(pose)
                continue
            assert end is not None
            last = request.face.at(request.span).behind
            ending = end.show(Pose(pose.points, pose.behind - last))
            yield ending if share == 1 else _mixed(start.show(pose), ending, share)


WARP: Final[Animator] = WarpAnimator()
"""What a receiver has where nothing else is asked for."""


def _share_of_end(pose: Pose, request: AnimationRequest) -> float:
    """How much of a frame the next portrait shows, 0..1."""
    if request.end is None:
        return 0.0
    from_start = _distance(pose, request.face.portrait)
    from_end = _distance(pose, request.end[1])
    nearer = (from_start - from_end) / max(from_start + from_end, _EXACT)
    return float(np.clip(0.5 + _SHARP * nearer, 0, 1))


def _distance(pose: Pose, portrait: Portrait) -> float:
    """How far the points of a face lie from those of a portrait, pixels."""
    return float(np.linalg.norm(pose.points - portrait.points, axis=1).mean())


def _mixed(first: Picture, second: Picture, share: float) -> Picture:
    return np.asarray(cv2.addWeighted(first, 1 - share, second, share, 0), np.uint8)
