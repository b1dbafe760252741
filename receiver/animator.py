"""Who animates portraits: one interface, by the name in the receiver's settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np

from receiver.animation import Animation
from semvid.errors import Cancelled, InvalidInput
from semvid.faces.track import FaceTrack, Portrait, Pose
from semvid.images.types import Picture


@dataclass(frozen=True, slots=True, eq=False)
class AnimationRequest:
    """The frames that a portrait is to be animated for.

    Attributes:
        start: the portrait, uint8 RGB [height, width, 3]; not to be changed.
        face: of the portrait, and how it moves.
        end: the next portrait and its face, where it is of the same shot; None: there is none.
        offsets: of the frames wanted from the portrait, in order.
        span: frames from the portrait to the next keyframe, or to the end of the video.
        frame_rate: of the video, frames per second.
        seed: of every random draw, 0 .. 2**64 - 1.
    """

    start: Picture
    face: FaceTrack
    end: tuple[Picture, Portrait] | None
    offsets: range
    span: int
    frame_rate: float
    seed: int


class Animator(Protocol):
    """Makes a portrait move. `animate` is called from several threads at once."""

    def animate(self, request: AnimationRequest, cancelled: Callable[[], bool]) -> Iterator[Picture]:
        """Yields the frames wanted, in order, lazily. Equal requests give equal frames.

        Args:
            request: the frames.
            cancelled: when it turns true, raise `Cancelled` soon.

        Yields:
            uint8 RGB [height, width, 3], one for each of ``request.offsets``.

        Raises:
            Cancelled: ``cancelled`` said so.
        """


class WarpAnimator:
    """Displaces the pixels of the portrait (`receiver.animation`), or of the next one, whichever is nearer to
    the face as it is to be; mixes both in between."""

    _SHARP = 3.0  # one of them is shown alone from where the other is 1.4 times as far

    def animate(self, request: AnimationRequest, cancelled: Callable[[], bool]) -> Iterator[Picture]:
        """See `Animator`."""
        start = Animation(request.start, request.face.portrait.points)
        end = None if request.end is None else Animation(request.end[0], request.end[1].points)
        for offset in request.offsets:
            if cancelled():
                raise Cancelled("the animation was stopped")
            pose = request.face.at(offset)
            share = self._share_of_end(pose, request)
            if not share:
                yield start.show(pose)
                continue
            assert end is not None
            last = request.face.at(request.span).behind
            ending = end.show(Pose(pose.points, pose.behind - last))
            yield ending if share == 1 else _mixed(start.show(pose), ending, share)

    def _share_of_end(self, pose: Pose, request: AnimationRequest) -> float:
        if request.end is None:
            return 0.0
        from_start = _distance(pose, request.face.portrait)
        from_end = _distance(pose, request.end[1])
        nearer = (from_start - from_end) / max(from_start + from_end, _EXACT)
        return float(np.clip(0.5 + self._SHARP * nearer, 0, 1))


def _distance(pose: Pose, portrait: Portrait) -> float:
    """How far the points of a face lie from those of a portrait, pixels."""
    return float(np.linalg.norm(pose.points - portrait.points, axis=1).mean())


def _mixed(first: Picture, second: Picture, share: float) -> Picture:
    return np.asarray(cv2.addWeighted(first, 1 - share, second, share, 0), np.uint8)


WARP: Final[Animator] = WarpAnimator()
"""What a receiver has where nothing else is asked for."""

_EXACT: Final = 1e-6  # pixels
_ANIMATORS: Final[dict[str, Callable[[], Animator]]] = {"warp": WarpAnimator}


def make_animator(name: str) -> Animator:
    """The animator of a name.

    Raises:
        InvalidInput: there is none.
    """
    if name not in _ANIMATORS:
        known = ", ".join(_ANIMATORS)
        raise InvalidInput(f"there is no animator {name!r}; set SEMVID_RECEIVER_ANIMATOR to {known}")
    return _ANIMATORS[name]()
