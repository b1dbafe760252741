"""What closes with a segment besides its keyframe: caption with motion score, irregular time stamps."""

import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from semvid.mllm import Mllm
from semvid.profile import Given
from semvid.semantics import Caption, SideUnit, StreamHeader, Timing
from semvid.video.reader import Frame
from semvid.video.timing import timings
from transmitter.captions import SegmentCaption
from transmitter.keyframes.selection import Reason, Selected
from transmitter.motion import MotionMeter, motion_score

_MEASURE_EVERY: Final = 2  # frames; motion from frame to frame changes slowly


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    index: int
    pts: int
    motion: float | None


class SideInformation:
    """Looks at every frame once and gives the units of each segment when its end is known.

    Memory holds one small record per frame since the latest keyframe, a number for every other frame since
    the meaning changed, and the few frames that a caption looks at.
    """

    def __init__(self, header: StreamHeader, mllm: Mllm) -> None:
        self._header = header
        self._caption = SegmentCaption(mllm)
        self._caption_from = 0
        self._measured: list[float] = []  # motion since there
        self._meter = MotionMeter()
        self._open: deque[_Seen] = deque()
        self._keyframes = 0
        self._held = 0  # how far the latest frame is off the grid
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
        units: list[SideUnit] = list(self._timings(seen))
        # from before a cut to after it is no motion
        self._note_motion(seen[:-1] if selected.shot_start else seen)
        if number and (last or self._ends_meaning(selected)):
            units.append(self._describe(number, selected.frame.index))
        return units

    def finish(self) -> list[SideUnit]:
        """Units of what follows the last keyframe, and of what was not said because the video ended where
        nobody expected it."""
        last = self._keyframes - 1
        seen = list(self._open)
        self._open.clear()
        units: list[SideUnit] = list(self._timings(seen))
        self._note_motion(seen)
        if not self._closed_by_picture:
            units.append(self._describe(last))
        elif seen or self._caption_from < last:
            units.append(self._describe(last + bool(seen)))
        return units

    def _timings(self, seen: Sequence[_Seen]) -> list[Timing]:
        if not seen:
            return []
        held, last = self._held, seen[-1]
        self._held = last.pts - self._header.nominal_pts(last.index)
        return timings([s.pts for s in seen], self._header, seen[0].index, held)

    def _ends_meaning(self, selected: Selected) -> bool:
        """Whether what was said so far ends here; between the pictures around a cut lies nothing to say."""
        before_cut = selected.reason is Reason.CUT and not selected.shot_start
        return selected.reason.opens_caption and not before_cut

    def _note_motion(self, seen: list[_Seen]) -> None:
        self._measured += [s.motion for s in seen if s.motion is not None]

    def _describe(self, number: int, end: int = sys.maxsize) -> Caption:
        """The caption up to keyframe ``number``, of the frames before ``end``; the next one starts there."""
        mean = sum(self._measured) / len(self._measured) if self._measured else 0.0
        caption = Caption(self._caption_from, number, self._caption.describe(end), motion_score(mean))
        self._caption_from = number
        self._measured.clear()
        return caption

    def _take_up_to(self, index: int) -> list[_Seen]:
        taken = []
        while self._open and self._open[0].index <= index:
            taken.append(self._open.popleft())
        return taken
