"""The AV1 sequence that is being coded, and the segments whose keyframes wait in it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from semvid.images.keyframe_codec import Group, KeyframeEncoder
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.semantics import PictureCoding
from semvid.service.clock import StageClock
from transmitter.keyframes.selection import Selected
from transmitter.rate.model import OperatingPoint
from transmitter.shipment import Segment


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A segment whose keyframe is still in the picture code, and the picture at the size it is coded at."""

    segment: Segment
    picture: Picture


class CodedSequence:
    """One sequence after the other; what waits in one may be coded anew in the next.

    Args:
        coding: how its pictures depend on each other.
        size: width and height at which they are coded, pixels.
        point: quality and preset of the first one.
        clock: takes the seconds of coding.

    Attributes:
        size: at which pictures are coded now.
    """

    def __init__(
        self, coding: PictureCoding, size: tuple[int, int], point: OperatingPoint, clock: StageClock
    ) -> None:
        self.size = size
        self._coding, self._clock = coding, clock
        self._waiting: deque[Waiting] = deque()
        self._pictures = self._begun(point)

    @property
    def crf(self) -> float:
        """Of its pictures."""
        return self._pictures.crf

    @property
    def waits(self) -> bool:
        """Whether any segment does."""
        return bool(self._waiting)

    @property
    def oldest(self) -> Waiting:
        """The first of those that wait; there must be one."""
        return self._waiting[0]

    @property
    def segments(self) -> list[Segment]:
        """All that wait."""
        return [waiting.segment for waiting in self._waiting]

    def of(self, group: Group) -> list[Segment]:
        """The segments that the next group's keyframes end; they go on waiting."""
        return self.segments[: len(group)]

    def sized(self, selected: Selected) -> Picture:
        """A keyframe as large as it is coded."""
        return at_size(selected.frame.picture, self.size)

    def begin(self, point: OperatingPoint) -> None:
        """A new sequence; what the picture code holds of the present one is lost, and what waits is not."""
        self._pictures.finish()
        self._pictures = self._begun(point)

    def push(self, segment: Segment, picture: Picture) -> list[Group]:
        """Takes the next segment, and its keyframe from `sized`; gives the groups that are complete now."""
        self._waiting.append(Waiting(segment, picture))
        with self._clock.stage("coding"):
            return self._pictures.push(picture)

    def finish(self) -> list[Group]:
        """Ends the sequence: gives the groups still to come."""
        with self._clock.stage("coding"):
            return self._pictures.finish()

    def anew(self, ended: bool) -> list[Group]:
        """All that waits, coded in a sequence that was just begun; ``ended``: nothing follows in it."""
        with self._clock.stage("coding"):
            groups = [group for waiting in self._waiting for group in self._pictures.push(waiting.picture)]
            return groups + (self._pictures.finish() if ended else [])

    def take(self, group: Group) -> tuple[Segment, ...]:
        """The segments that the next group's keyframes end; they wait no longer."""
        return tuple(self._waiting.popleft().segment for _ in group)

    def put_back(self, segments: Sequence[Segment]) -> None:
        """Segments that were taken last, in order: they wait again, for `anew`."""
        self._waiting.extendleft(self._resized(segment) for segment in reversed(segments))

    def join(self, end: Segment) -> None:
        """The end of the video leaves with the newest that waits; see `Segment.joined`."""
        newest = self._waiting.pop()
        self._waiting.append(replace(newest, segment=newest.segment.joined(end)))

    def resize(self, size: tuple[int, int]) -> None:
        """Brings what waits to another size, for `anew`."""
        self.size = size
        self._waiting = deque(self._resized(waiting.segment) for waiting in self._waiting)

    def close(self) -> None:
        """Frees the picture code, with what it holds."""
        self._pictures.finish()

    def _resized(self, segment: Segment) -> Waiting:
        assert segment.keyframe is not None
        return Waiting(segment, self.sized(segment.keyframe))

    def _begun(self, point: OperatingPoint) -> KeyframeEncoder:
        return KeyframeEncoder(*self.size, point.crf, self._coding, point.preset)
