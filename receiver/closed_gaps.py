"""What became of keyframes in, gaps out: each keyframe that is there closes one.

Pure. A gap waits for what is said of it: it goes as soon as nothing more can come of its time stamps and,
where the decoder reads them, of its caption, or where too many wait.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum

from receiver.faces import Faces
from receiver.gaps import Anchor, Gap
from receiver.side_information import SideInformation
from semvid.profile import Given
from semvid.semantics import StreamEnd

MAX_WAITING_GAPS = 32  # held back for a caption that may still come


class Fate(Enum):
    """What became of a keyframe."""

    DECODED = "decoded"
    GIVEN_UP = "given up"  # by the sender, which had no room for it
    ANCHOR_GIVEN_UP = "anchor given up"  # the same, of one that others lean on: a last resort
    ABSENT = "absent"  # it did not arrive
    DEPENDENT = "dependent"  # it arrived and needs one that is missing
    DAMAGED = "damaged"  # it arrived and cannot be decoded


class ClosedGaps:
    """Of one transmission, in the order of time. Not thread-safe.

    Args:
        side, faces: what is said of segments; what a gap took is forgotten there.
        wait_for_captions: gaps are held back for a caption that may still come.

    Attributes:
        anchor: the latest keyframe that is there; None before the first.
    """

    def __init__(self, side: SideInformation, faces: Faces, wait_for_captions: bool) -> None:
        self._side, self._faces, self._wait_for_captions = side, faces, wait_for_captions
        self.anchor: Anchor | None = None
        self._fates: Counter[Fate] = Counter()  # of the keyframes since the anchor
        self._lost_cuts: list[int] = []  # frames of hard cuts whose keyframe is missing
        self._waiting: deque[Gap] = deque()

    def miss(self, fate: Fate, frame: int, shot_start: bool) -> None:
        """The next keyframe is not there.

        Args:
            fate: of it.
            frame: of the source that it would show.
            shot_start: a hard cut lies just before it.
        """
        self._fates[fate] += 1
        if shot_start:
            self._lost_cuts.append(frame)

    def close(self, anchor: Anchor, given: Given) -> None:
        """The next keyframe is there, and closes the gap before it.

        Args:
            anchor: the keyframe.
            given: what the gap's frames are to be drawn from.
        """
        self._waiting.append(self._gap(anchor, anchor.frame, anchor.number, given))
        self.anchor = anchor
        self._fates.clear()
        self._lost_cuts = [cut for cut in self._lost_cuts if cut > anchor.frame]

    def release(self, stop: int) -> list[Gap]:
        """Gaps whose side information is there or has been overtaken, in order.

        Args:
            stop: one past the number of the newest keyframe known.
        """
        released = []
        while self._waiting and self._may_go(self._waiting[0], stop):
            released.append(self._with_side_information(self._waiting.popleft()))
        return released

    def finish(self, end: StreamEnd | None, given: Given) -> list[Gap]:
        """The remaining gaps; the last one reaches from the anchor to ``end``, if that is known."""
        gaps = list(self._waiting)
        self._waiting.clear()
        last = self.anchor
        if last is not None and end is not None and last.frame + last.pictured < end.frames:
            gaps.append(self._gap(None, end.frames, end.keyframes, given))
        return [self._with_side_information(gap) for gap in gaps]

    def _gap(self, end: Anchor | None, stop_frame: int, keyframes: int, given: Given) -> Gap:
        """The gap from the anchor to ``end``, which is preceded by ``keyframes`` keyframes in all."""
        start, fates = self.anchor, self._fates
        missing = keyframes - (0 if start is None else start.number + 1)
        known = fates.total() - fates[Fate.ABSENT]
        loss = _describe_loss(missing - known, fates)
        if not loss and start is None and stop_frame:
            loss = f"the first keyframe sits at frame {stop_frame}"
        cuts = [frame for frame in self._lost_cuts if frame < stop_frame]
        return Gap(start, end, stop_frame, loss, max(cuts, default=None), given=given)

    def _may_go(self, gap: Gap, stop: int) -> bool:
        assert gap.end is not None
        overtaken = stop > gap.end.number + 1
        if not overtaken and self._side.timing_may_come(gap.end.frame):
            return False
        if not self._wait_for_captions or gap.start is None or len(self._waiting) > MAX_WAITING_GAPS:
            return True
        return not self._side.caption_may_come(gap.start.number)

    def _with_side_information(self, gap: Gap) -> Gap:
        first = 0 if gap.start is None else gap.start.number
        stop = first + 1 if gap.end is None else gap.end.number
        caption, motion = self._side.described(first)
        described = replace(
            gap,
            caption=caption,
            motion=motion,
            timings=self._side.take_timings(gap.stop_frame + (gap.end is not None)),
        )
        described = self._faces.animated(described)
        self._side.forget(stop)
        self._faces.forget(stop)
        return described


def _describe_loss(absent: int, fates: Mapping[Fate, int]) -> str:
    """Why keyframes of a gap are missing; empty when none is but upper ones that were given up."""
    reasons = (
        (absent, "keyframe did not arrive", "keyframes did not arrive"),
        (fates[Fate.DEPENDENT], "keyframe needed one that was lost", "keyframes needed one that was lost"),
        (fates[Fate.DAMAGED], "keyframe could not be decoded", "keyframes could not be decoded"),
        (
            fates[Fate.ANCHOR_GIVEN_UP],
            "anchor had no room in the sender's budget",
            "anchors had no room in the sender's budget",
        ),
    )
    return "; ".join(f"{n} {one if n == 1 else many}" for n, one, many in reasons if n)
