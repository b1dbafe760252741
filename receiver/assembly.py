"""Semantic units in, decodable keyframes and closed gaps out: what arrived, in order, and what did not.

Pure: no pictures, no files, no clock. The order that the protocol keeps, and that this relies on: groups of
keyframes come one after another, each described before its packets; everything else may come in any order and
more than once. So a keyframe of which something is missing when a later group shows up is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from receiver.closed_gaps import MAX_WAITING_GAPS, ClosedGaps, Fate
from receiver.faces import Faces
from receiver.gaps import Anchor, Gap
from receiver.keyframe_groups import KeyframeGroups, ReceivedGroup
from receiver.side_information import SideInformation
from semvid.errors import InvalidInput, LimitExceeded, TransmissionFailed
from semvid.faces.units import FaceMotion, FaceShape
from semvid.profile import Given
from semvid.semantics import (
    Caption,
    GroupPicture,
    KeyframeGroup,
    KeyframeSlice,
    Opening,
    PictureCoding,
    SoundHeader,
    SoundPackets,
    StreamEnd,
    StreamHeader,
    Timing,
    Unit,
)

MAX_EARLY_UNITS = 64  # kept while the header is missing
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

    Feed it with `add`; after each block ask `next_group` until it has none, answering each with `decoded`;
    then `release` gives the gaps that can be regenerated, and `finish` the last of them.

    Attributes:
        header, end, sound: as they arrived.
        undecodable_count: keyframes that arrived and could not be decoded, for want of an earlier one or by
            damage.
        captions: captions that arrived.
    """

    def __init__(self, limits: AssemblyLimits = AssemblyLimits(), wait_for_captions: bool = False) -> None:
        self.header: StreamHeader | None = None
        self.end: StreamEnd | None = None
        self.sound: SoundHeader | None = None
        self._sound_stop = 0  # one past the newest sound packet
        self.undecodable_count = self.captions = 0
        self._limits = limits
        self._units = 0
        self._early: list[Unit] = []
        self._side = SideInformation()
        self._faces = Faces(limits.frames)
        self._keyframes = KeyframeGroups()
        self._gaps = ClosedGaps(self._side, self._faces, wait_for_captions)
        self._named = -1  # largest keyframe number that any unit named
        self._finished = False

    @property
    def begun(self) -> bool:
        """Whether any unit has arrived."""
        return bool(self._units)

    @property
    def arrived(self) -> int:
        """Keyframes of which everything arrived; openings included."""
        return self._keyframes.given_up if self._draws_from_nothing else self._keyframes.arrived

    @property
    def given_up(self) -> int:
        """Keyframes that the sender had no room for."""
        return 0 if self._draws_from_nothing else self._keyframes.given_up

    @property
    def keyframes_lost(self) -> int:
        """Keyframes of which something is missing for good, as far as can be known."""
        sent = self.end.keyframes if self._finished and self.end is not None else self._keyframes.begun
        return sent - self.arrived - self.given_up

    @property
    def captions_lost(self) -> int:
        """Stretches of segments whose caption is missing for good: at least one lost caption each."""
        if not self._finished:
            return self._side.captions_lost(max(self._side.newest_caption, 0))
        keyframes = self.end.keyframes if self.end is not None else self._keyframes.stop
        return self._side.captions_lost(max(keyframes - self._closed_by_picture, 0))

    @property
    def frames_known(self) -> int:
        """Frames that the video will have, judged by what has arrived."""
        if (anchor := self._gaps.anchor) is None:
            return 0
        return self.end.frames if self.end is not None else anchor.frame + anchor.pictured

    @property
    def complete(self) -> bool:
        """Whether header, end and every keyframe arrived and could be decoded."""
        return (
            self.header is not None
            and self.end is not None
            and self.arrived + self.given_up == self.end.keyframes
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

    def next_group(self) -> ReceivedGroup | None:
        """The next group of which nothing more will come; None when there is none."""
        while self._keyframes.settled:
            received = self._keyframes.settled.popleft()
            if not self._draws_from_nothing:
                return received
            self.decoded(received, [Fate.DECODED])
        return None

    def caption_of(self, group: KeyframeGroup) -> str:
        """What is said of the first keyframe of ``group``: of the segment that it ends, or of that which it
        opens where it shows another shot or nothing closes segments. Empty when nothing arrived."""
        return self._side.described(self._described_in(group))[0]

    def caption_may_come(self, group: KeyframeGroup) -> bool:
        """Whether `caption_of` is missing, may still arrive, and no more keyframes wait for it than may."""
        waiting = len(self._keyframes.settled) < MAX_WAITING_GAPS
        return waiting and not self._finished and self._side.caption_may_come(self._described_in(group))

    def decoded(self, received: ReceivedGroup, fates: Sequence[Fate], guessed: str = "") -> None:
        """Closes the gaps before the pictures that are there.

        Args:
            received: the latest of `next_group`.
            fates: of its pictures, in coding order.
            guessed: what of them did not arrive and was made up for.
        """
        group = received.group
        assert self.header is not None  # nothing is settled before it
        for picture, fate in sorted(zip(group.pictures, fates, strict=True), key=lambda pair: pair[0].place):
            shot_start = group.shot_start and picture.place == 0
            if fate is Fate.DECODED:
                number, pictured = group.number + picture.place, not self._draws_from_nothing
                anchor = Anchor(number, picture.frame, shot_start, pictured, guessed)
                self._gaps.close(anchor, self.header.given)
            else:
                self._gaps.miss(fate, picture.frame, shot_start)
                self.undecodable_count += fate in (Fate.DEPENDENT, Fate.DAMAGED)

    def release(self) -> list[Gap]:
        """Gaps whose side information is there or has been overtaken, in order.

        Call it when nothing of the present block is outstanding any more.
        """
        return self._gaps.release(self._keyframes.stop)

    def close(self) -> None:
        """Nothing more will come: take `next_group` once more, and then `finish`."""
        self._finished = True
        self._keyframes.close()

    def finish(self) -> list[Gap]:
        """The remaining gaps.

        The last keyframe is held up to the end of the video, if that is known; without any decoded keyframe
        there is nothing to show and nothing is returned.
        """
        return [] if self.header is None else self._gaps.finish(self.end, self.header.given)

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
        if header.nominal_pts(self._limits.frames) > _MAX_PTS:
            raise InvalidInput("the stream header's time stamps leave the range of 63 bits")
        self.header = header
        self._keyframes.of_use_in_part = header.coding is PictureCoding.TOKENS
        early, self._early = self._early, []
        return [header, *(unit for unit in early if self._add(unit))]

    def _add(self, unit: Unit) -> bool:
        match unit:
            case Opening(number, frame, shot_start):
                return self._add_group(
                    KeyframeGroup(number, (GroupPicture(0, frame, 0, 0),), shot_start), pictured=False
                )
            case KeyframeGroup():
                return self._add_group(unit, pictured=True)
            case KeyframeSlice():
                return self._keyframes.add_slice(unit)
            case Caption():
                self._check_keyframe_number(max(unit.first, unit.last - 1), "a caption reaches")
                new = self._side.add_caption(unit)
                self.captions += new
                return new
            case Timing():
                self._check_frame(unit.first_frame + len(unit.offsets) - 1)
                if self._side.waiting_offsets + len(unit.offsets) > 2 * self._limits.frames:
                    raise LimitExceeded("the transmission has more time stamps than frames")
                return self._side.add_timing(unit)
            case FaceShape() | FaceMotion():
                self._check_face(unit)
                return self._faces.add(unit)
            case StreamEnd():
                return self._add_end(unit)
            case SoundHeader():
                return self._add_sound(unit)
            case SoundPackets():
                new = self.sound is not None and unit.first >= self._sound_stop
                self._sound_stop = unit.stop if new else self._sound_stop
                return new
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
        if newest is not None:
            number, frame = newest.stop - 1, newest.in_time[-1].frame
            if number >= end.keyframes or end.frames - frame < end.keyframes - number:
                raise InvalidInput(
                    f"the stream ends with {end.keyframes} keyframes in {end.frames} frames, "
                    f"but keyframe {number} sits at frame {frame}"
                )
        self.end = end
        return True

    def _add_sound(self, header: SoundHeader) -> bool:
        if self.sound not in (None, header):
            raise InvalidInput("the sound header contradicts an earlier one")
        new, self.sound = self.sound is None, header
        return new

    @property
    def _draws_from_nothing(self) -> bool:
        return self.header is not None and self.header.given is Given.NOTHING

    @property
    def _closed_by_picture(self) -> bool:
        """Whether every segment lies between two pictures, so that the last keyframe opens none."""
        return self.header is None or self.header.given is Given.BOTH_ENDS

    def _add_group(self, group: KeyframeGroup, pictured: bool) -> bool:
        if pictured == self._draws_from_nothing:
            has, expected = ("a", "none") if pictured else ("no", "one")
            raise InvalidInput(f"keyframe {group.number} has {has} picture, the header announced {expected}")
        last, frame = group.stop - 1, group.in_time[-1].frame
        self._check_frame(frame)
        self._check_keyframe_number(last, "there is")
        if self.end is not None and self.end.frames - frame < self.end.keyframes - last:
            raise InvalidInput(f"keyframe {last} at frame {frame} leaves no place for the others")
        return self._keyframes.add_group(group)

    def _described_in(self, group: KeyframeGroup) -> int:
        """The segment whose caption says what the first keyframe of ``group`` shows."""
        opens = group.shot_start or not self._closed_by_picture
        return group.number if opens else max(0, group.number - 1)

    def _check_frame(self, frame: int) -> None:
        if frame >= self._limits.frames:
            raise LimitExceeded(
                f"the video has a frame {frame}, the limit is {self._limits.frames} frames; split it"
            )
        if self.end is not None and frame >= self.end.frames:
            raise InvalidInput(f"a unit is for frame {frame}, but the video has {self.end.frames} frames")

    def _check_face(self, unit: FaceShape | FaceMotion) -> None:
        assert self.header is not None
        if self.header.coding is not PictureCoding.PORTRAIT:
            raise InvalidInput(
                f"keyframe {unit.number} is to be animated, the header announced coding {self.header.coding}"
            )
        self._check_keyframe_number(unit.number, "a face is that of")

    def _check_keyframe_number(self, number: int, what: str) -> None:
        if self.end is not None and number >= self.end.keyframes:
            raise InvalidInput(f"{what} keyframe {number}, but the video has {self.end.keyframes} of them")
        self._named = max(self._named, number)
