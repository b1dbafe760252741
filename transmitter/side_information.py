"""What closes with a segment besides its keyframe: motion score, caption, irregular time stamps."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from semvid.profile import Given
from semvid.semantics import Caption, Motion, SideUnit, StreamHeader
from semvid.video.reader import Frame
from semvid.video.timing import timings
from transmitter.captions import SegmentCaption
from transmitter.keyframes.selection import Selected
from transmitter.mllm import Mllm
from transmitter.motion import MotionMeter, motion_score

_MEASURE_EVERY: Final = 2  # frames; motion from frame to frame changes slowly


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    index: int
    pts: int
    motion: float | None


class SideInformation:
    """Looks at every frame once and gives the units of each segment when its end is known.

    Memory holds one small record per frame since the latest keyframe, and the few frames that a caption
    looks at.
    """

    def __init__(self, header: StreamHeader, mllm: Mllm) -> None:
        self._header = header
        self._caption = SegmentCaption(mllm)
        self._caption_from = 0
        self._meter = MotionMeter()
        self._open: deque[_Seen] = deque()
        self._keyframes = 0
        self._closed_by_picture = header.given is Given.BOTH_ENDS

    def push(self, frame: Frame) -> None:
        """Takes the next frame, before the selector's verdict on it is acted on."""
        motion = None
        if frame.index % _MEASURE_EVERY == 0:
            motion = self._meter.push(frame.picture, frame.index)
        self._open.append(_Seen(frame.index, frame.pts, motion))
        self._caption.push(frame.index, frame.picture)

    def close(self, selected: Selected, last: bool) -> list[SideUnit]:
        """Ends the segment before ``selected``, which becomes the next keyframe.

        Args:
            selected: the keyframe.
            last: no frame follows it.

        Returns:
            Units of the segment that ends, and of the keyframe's own time stamp.
        """
        number, self._keyframes = self._keyframes, self._keyframes + 1
        seen = self._take_up_to(selected.frame.index)
        units: list[SideUnit] = list(timings([s.pts for s in seen], self._header, seen[0].index))
        if number == 0:
            return units
        if not (selected.shot_start and self._closed_by_picture):
            units.append(_motion(number - 1, seen))
        if selected.reason.opens_caption or last:
            sentence = self._caption.describe(selected.frame.index)
            units.append(Caption(self._caption_from, number, sentence))
            self._caption_from = number
        return units

    def finish(self) -> list[SideUnit]:
        """Units of what follows the last keyframe: a whole segment where no picture closes it, otherwise only
        what is left when the video ended where nobody expected it."""
        last = self._keyframes - 1
        seen = list(self._open)
        self._open.clear()
        units: list[SideUnit] = (
            list(timings([s.pts for s in seen], self._header, seen[0].index)) if seen else []
        )
        if not self._closed_by_picture:
            units.append(_motion(last, seen))
        if not self._closed_by_picture or self._caption_from < last:
            units.append(Caption(self._caption_from, last, self._caption.describe()))
        return units

    def _take_up_to(self, index: int) -> list[_Seen]:
        taken = []
        while self._open and self._open[0].index <= index:
            taken.append(self._open.popleft())
        return taken


def _motion(segment: int, seen: list[_Seen]) -> Motion:
    measured = [s.motion for s in seen if s.motion is not None]
    return Motion(segment, motion_score(sum(measured) / len(measured) if measured else 0.0))
