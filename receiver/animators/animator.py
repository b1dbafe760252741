"""What an animator is, and what it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from semvid.faces.track import FaceTrack, Portrait
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
