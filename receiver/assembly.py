"""Semantic units in, decodable keyframes and closed gaps out: what arrived, in order, and what did not.

Pure: no pictures, no files, no clock. The order that the protocol keeps, and that this relies on: the units
of keyframe ``n`` come before those of keyframe ``n + 1``; everything else may come in any order and more than
once. So a keyframe of which something is missing when a later one shows up is lost.
"""

from collections import deque
from dataclasses import dataclass, replace

from receiver.gaps import Anchor, Gap
from receiver.keyframe_parts import CodedKeyframe, KeyframeParts
from receiver.side_information import SideInformation
from semvid.errors import InvalidInput, LimitExceeded, TransmissionFailed
from semvid.profile import Given
from semvid.semantics import Caption, Keyframe, PictureCoding, StreamEnd, StreamHeader, Timing, Unit

MAX_EARLY_UNITS = 64  # kept while the header is missing
MAX_WAITING_GAPS = 32  # held back for a caption that may still come
_MAX_PTS = 2**62


@dataclass(frozen=True, slots=True)
class AssemblyLimits:
    """Bounds on one transmission.

    Attributes:
        units: semantic units.
        frames: of the video.
        pixels: per frame, as coded and as shown.
    """

    units: int = 1_000_000
    frames: int = 2**20
    pixels: int = 4096 * 2304


class Assembly:
    """The state of one transmission. Not thread-safe.

    Feed it with `add`; after each block ask `next_keyframe` until it has none, answering each with `decoded`
    or `undecodable`; then `release` gives the gaps that can be regenerated, and `finish` the last of them.

    Attributes:
        header, end: as they arrived.
        undecodable_count: keyframes that arrived and could not be decoded, for want of an earlier one or by
            damage.
        captions: captions that arrived.
    """

    def __init__(self, limits: AssemblyLimits = AssemblyLimits(), wait_for_captions: bool = False) -> None:
        self.header: StreamHeader | None = None
        self.end: StreamEnd | None = None
        self.undecodable_count = self.captions = 0
        self._limits, self._wait_for_captions = limits, wait_for_captions
        self._units = 0
        self._early: list[Unit] = []
        self._side = SideInformation()
        self._keyframes = KeyframeParts()
        self._chain = -1  # number of the keyframe that the picture decoder saw last, -2 when it is stuck
        self._anchor: Anchor | None = None
        self._dependent = self._damaged = 0  # since the last anchor
        self._named = -1  # largest keyframe number that any unit named
        self._closed: deque[Gap] = deque()
        self._finished = False

    @property
    def arrived(self) -> int:
        """Keyframes of which every part arrived; those without picture included."""
        return self._keyframes.arrived

    @property
    def keyframes_lost(self) -> int:
        """Keyframes of which something is missing for good, as far as can be known."""
        sent = self.end.keyframes if self._finished and self.end is not None else self._keyframes.begun
        return sent - self.arrived

    @property
    def captions_lost(self) -> int:
        """Stretches of segments whose caption is missing for good: at least one lost caption each."""
        if not self._finished:
            return self._side.captions_lost(max(self._side.newest_caption, 0))
        keyframes = self.end.keyframes if self.end is not None else self._keyframes.newest_number + 1
        return self._side.captions_lost(max(keyframes - self._closed_by_picture, 0))

    @property
    def frames_known(self) -> int:
        """Frames that the video will have, judged by what has arrived."""
        if self._anchor is None:
            return 0
        return self.end.frames if self.end is not None else self._anchor.frame + self._anchor.pictured

    @property
    def complete(self) -> bool:
        """Whether header, end and every keyframe arrived and could be decoded."""
        return (
            self.header is not None
            and self.end is not None
            and self.arrived == self.end.keyframes
            and not self.undecodable_count
        )

    def add(self, unit: Unit) -> list[Unit]:
        """Takes one unit in.

        Returns:
            The units that are new by it: none for a repetition; several when the header releases those that
            came before it.

        Raises:
            InvalidInput: a unit that contradicts an earlier one or cannot be in any video.
            LimitExceeded: more units, frames or pixels than allowed.
            TransmissionFailed: units keep coming and the header is missing.
        """
        self._units += 1
        if self._units > self._limits.units:
            raise LimitExceeded(f"the transmission has more than {self._limits.units} units; split the video")
        if isinstance(unit, StreamHeader):
            return self._add_header(unit)
        if self.header is None:
            if len(self._early) == MAX_EARLY_UNITS:
                raise TransmissionFailed(
                    f"{MAX_EARLY_UNITS} units arrived and the stream header did not; "
                    "send it again or protect it better"
                )
            self._early.append(unit)
            return []
        return [unit] if self._add(unit) else []

    def next_keyframe(self) -> CodedKeyframe | None:
        """The next keyframe that the picture decoder can take; None when it must wait.

        Keyframes whose prediction is missing are given up here.
        """
        while self._keyframes.whole:
            keyframe = self._keyframes.whole.popleft()
            if not keyframe.packet:
                self.decoded(keyframe)
                continue
            if self._is_decodable(keyframe):
                return keyframe
            self._dependent += 1
            self._give_up(keyframe)
        return None

    def decoded(self, keyframe: CodedKeyframe) -> None:
        """The picture of ``keyframe`` is there: closes the gap before it."""
        anchor = keyframe.anchor()
        self._closed.append(self._gap(anchor, keyframe.frame, keyframe.number))
        self._chain, self._anchor = keyframe.number, anchor
        self._dependent = self._damaged = 0
        self._keyframes.lost_cuts = [frame for frame in self._keyframes.lost_cuts if frame > anchor.frame]

    def undecodable(self, keyframe: CodedKeyframe) -> None:
        """The picture decoder refused ``keyframe``."""
        self._damaged += 1
        self._chain = -2
        self._give_up(keyframe)

    def release(self) -> list[Gap]:
        """Gaps whose side information is there or has been overtaken, in order.

        Call it when nothing of the present block is outstanding any more.
        """
        released = []
        while self._closed and self._may_go(self._closed[0]):
            released.append(self._with_side_information(self._closed.popleft()))
        return released

    def finish(self) -> list[Gap]:
        """The remaining gaps, when nothing more will come.

        The last keyframe is held up to the end of the video, if that is known; without any decoded keyframe
        there is nothing to show and nothing is returned.
        """
        self._finished = True
        self._keyframes.close()
        gaps = list(self._closed)
        self._closed.clear()
        last = self._anchor
        if last is not None and self.end is not None and last.frame + last.pictured < self.end.frames:
            gaps.append(self._gap(None, self.end.frames, self.end.keyframes))
        return [self._with_side_information(gap) for gap in gaps]

    def _add_header(self, header: StreamHeader) -> list[Unit]:
        if self.header is not None:
            if header != self.header:
                raise InvalidInput("the stream header contradicts an earlier one")
            return []
        for width, height in (
            (header.width, header.height),
            (header.coded_width, header.coded_height),
        ):
            if width * height > self._limits.pixels:
                raise LimitExceeded(
                    f"the video has pictures of {width}x{height}, the receiver's limit is "
                    f"{self._limits.pixels} pixels; scale it down"
                )
        if abs(header.first_pts) > _MAX_PTS // 2 or header.nominal_pts(self._limits.frames) > _MAX_PTS:
            raise InvalidInput("the stream header's time stamps leave the range of 63 bits")
        self.header = header
        early, self._early = self._early, []
        return [header, *(unit for unit in early if self._add(unit))]

    def _add(self, unit: Unit) -> bool:
        match unit:
            case Keyframe():
                self._check_keyframe(unit)
                return self._keyframes.add(unit)
            case Caption():
                self._check_keyframe_number(unit.last, "a caption reaches")
                new = self._side.add_caption(unit)
                self.captions += new
                return new
            case Timing():
                self._check_frame(unit.first_frame + len(unit.offsets) - 1)
                if self._side.waiting_offsets + len(unit.offsets) > 2 * self._limits.frames:
                    raise LimitExceeded("the transmission has more time stamps than frames")
                return self._side.add_timing(unit)
            case StreamEnd():
                return self._add_end(unit)
            case _:
                raise TypeError(f"{type(unit).__name__} is no unit that follows a header")

    def _add_end(self, end: StreamEnd) -> bool:
        if self.end is not None:
            if end != self.end:
                raise InvalidInput("the stream end contradicts an earlier one")
            return False
        self._check_frame(end.frames - 1)
        if self._named >= end.keyframes:
            raise InvalidInput(
                f"the stream ends with {end.keyframes} keyframes, but a unit names keyframe {self._named}"
            )
        newest = self._keyframes.newest
        if newest is not None and (
            newest.number >= end.keyframes or end.frames - newest.frame < end.keyframes - newest.number
        ):
            raise InvalidInput(
                f"the stream ends with {end.keyframes} keyframes in {end.frames} frames, "
                f"but keyframe {newest.number} sits at frame {newest.frame}"
            )
        self.end = end
        return True

    @property
    def _closed_by_picture(self) -> bool:
        """Whether every segment lies between two pictures, so that the last keyframe opens none."""
        return self.header is None or self.header.given is Given.BOTH_ENDS

    def _check_keyframe(self, unit: Keyframe) -> None:
        assert self.header is not None
        if bool(unit.packet) == (self.header.given is Given.NOTHING):
            has, expected = ("a", "none") if unit.packet else ("no", "one")
            raise InvalidInput(f"keyframe {unit.number} has {has} picture, the header announced {expected}")
        self._check_frame(unit.frame)
        self._check_keyframe_number(unit.number, "there is")
        if self.end is not None and self.end.frames - unit.frame < self.end.keyframes - unit.number:
            raise InvalidInput(f"keyframe {unit.number} at frame {unit.frame} leaves no place for the others")

    def _give_up(self, keyframe: CodedKeyframe) -> None:
        self.undecodable_count += 1
        if keyframe.shot_start:
            self._keyframes.lost_cuts.append(keyframe.frame)

    def _is_decodable(self, keyframe: CodedKeyframe) -> bool:
        assert self.header is not None
        alone = self.header.coding is PictureCoding.INTRA or keyframe.refresh or keyframe.number == 0
        return alone or self._chain == keyframe.number - 1

    def _gap(self, end: Anchor | None, stop_frame: int, keyframes: int) -> Gap:
        """The gap from the last anchor to ``end``, which is preceded by ``keyframes`` keyframes in all."""
        start = self._anchor
        missing = keyframes - (0 if start is None else start.number + 1)
        loss = _describe_loss(missing - self._dependent - self._damaged, self._dependent, self._damaged)
        if not loss and start is None and stop_frame:
            loss = f"the first keyframe sits at frame {stop_frame}"
        if not loss and start is not None and end is None and self._closed_by_picture:
            loss = f"no keyframe was sent after frame {start.frame}"
        cuts = [frame for frame in self._keyframes.lost_cuts if frame < stop_frame]
        assert self.header is not None
        return Gap(start, end, stop_frame, loss, max(cuts, default=None), given=self.header.given)

    def _may_go(self, gap: Gap) -> bool:
        assert gap.end is not None
        overtaken = self._keyframes.newest_number > gap.end.number
        if not overtaken and self._side.timing_may_come(gap.end.frame):
            return False
        if not self._wait_for_captions or gap.start is None or len(self._closed) > MAX_WAITING_GAPS:
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
        self._side.forget(stop)
        return described

    def _check_frame(self, frame: int) -> None:
        if frame >= self._limits.frames:
            raise LimitExceeded(
                f"the video has a frame {frame}, the limit is {self._limits.frames} frames; split it"
            )
        if self.end is not None and frame >= self.end.frames:
            raise InvalidInput(f"a unit is for frame {frame}, but the video has {self.end.frames} frames")

    def _check_keyframe_number(self, number: int, what: str) -> None:
        if self.end is not None and number >= self.end.keyframes:
            raise InvalidInput(f"{what} keyframe {number}, but the video has {self.end.keyframes} of them")
        self._named = max(self._named, number)


def _describe_loss(absent: int, dependent: int, damaged: int) -> str:
    """Why keyframes of a gap are missing; empty when none is."""
    reasons = (
        (absent, "keyframe did not arrive", "keyframes did not arrive"),
        (dependent, "keyframe needed one that was lost", "keyframes needed one that was lost"),
        (damaged, "keyframe could not be decoded", "keyframes could not be decoded"),
    )
    return "; ".join(f"{n} {one if n == 1 else many}" for n, one, many in reasons if n)
