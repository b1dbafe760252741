"""Any program as an animator: ``command:TEMPLATE`` (docs/portrait.md), as it is for decoders."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Final

from receiver.animators.animator import AnimationRequest
from receiver.animators.warp import WARP
from receiver.decoders.command.decoder import CommandDecoder
from receiver.decoders.decoder import SegmentRequest
from semvid.errors import InvalidInput
from semvid.faces.points import LANDMARKS
from semvid.faces.track import FaceTrack
from semvid.images.types import Picture
from semvid.profile import Given
from semvid.video.writer import VideoWriter

_MOTION, _DRIVING = "motion", "driving"
_TICKS: Final = 1000  # of the driving video's clock, a frame
_DRIVING_CRF: Final = 10


class CommandAnimator:
    """Hands the portrait and how its face moves to a program and reads back the video that it leaves.

    Beside a decoder's placeholders there are ``{motion}``, a JSON file of the points of the face in every
    frame, and ``{driving}``, an MP4 of the portrait as `receiver.animators.warp` moves it, for programs that
    follow the face in a video.

    Args:
        argument: see `receiver.decoders.command.template`.

    Raises:
        InvalidInput: the template is wrong or the program is not there.
    """

    def __init__(self, argument: str) -> None:
        self._program = CommandDecoder(argument, also=(_MOTION, _DRIVING))
        uses = self._program.uses
        if Given.FIRST_FRAME not in self._program.profile.draws_from or not (uses(_MOTION) or uses(_DRIVING)):
            raise InvalidInput(
                "animator command: the template needs {start}, the portrait, no {end}, and {motion} or "
                "{driving}, which say how its face moves"
            )

    def animate(self, request: AnimationRequest, cancelled: Callable[[], bool]) -> Iterator[Picture]:
        """See `receiver.animators.animator.Animator`. Raises also what `CommandDecoder.generate` does."""
        height, width = request.start.shape[:2]
        segment = SegmentRequest(
            start=request.start,
            end=None,
            width=width,
            height=height,
            caption="",
            motion=None,
            num_frames=request.offsets.stop - 1,
            frame_rate=request.frame_rate,
            seed=request.seed,
        )

        def beside(folder: Path) -> dict[str, Path]:
            files = {_MOTION: folder / "motion.json", _DRIVING: folder / "driving.mp4"}
            frames = range(request.offsets.stop)
            files[_MOTION].write_text(_motion(request.face, frames), encoding="ascii")
            if self._program.uses(_DRIVING):
                _drive(files[_DRIVING], request, frames, cancelled)
            return files

        pictures = self._program.generate(segment, lambda _: None, cancelled, beside)
        return islice(pictures, request.offsets.start - 1, None)


def _motion(face: FaceTrack, frames: range) -> str:
    """The points of every frame from the portrait on, pixels, by MediaPipe's numbers."""
    points = [face.at(frame).points.round(2).tolist() for frame in frames]
    return json.dumps({"landmarks": LANDMARKS, "frames": points})


def _drive(path: Path, request: AnimationRequest, frames: range, cancelled: Callable[[], bool]) -> None:
    """Writes what `WARP` makes of the portrait."""
    height, width = request.start.shape[:2]
    whole = AnimationRequest(
        request.start, request.face, None, frames, request.span, request.frame_rate, request.seed
    )
    base = 1 / (Fraction(request.frame_rate).limit_denominator(1001) * _TICKS)
    with VideoWriter(path, width, height, base, crf=_DRIVING_CRF) as writer:
        for index, picture in enumerate(WARP.animate(whole, cancelled)):
            writer.append(picture, index * _TICKS)
