"""Captions and time stamps that wait for the segments they belong to."""

from bisect import bisect_right

from semvid.errors import InvalidInput
from semvid.semantics import Caption, Timing

MOTION_STEP = 1 / 8000  # fraction of the picture diagonal per frame; semvid.semantics.Caption.motion


class Coverage:
    """A set of whole numbers as merged, half-open intervals; small as long as little is missing."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []

    def covers(self, start: int, stop: int) -> bool:
        """Whether every number of ``start .. stop - 1`` is in the set."""
        index = bisect_right(self._starts, start) - 1
        return start >= stop or (index >= 0 and stop <= self._stops[index])

    def touches(self, start: int, stop: int) -> bool:
        """Whether any number of ``start .. stop - 1`` is in the set."""
        index = bisect_right(self._starts, stop - 1) - 1
        return start < stop and index >= 0 and self._stops[index] > start

    def add(self, start: int, stop: int) -> None:
        """Adds ``start .. stop - 1``, none of which may be in the set."""
        index = bisect_right(self._starts, start)
        self._starts.insert(index, start)
        self._stops.insert(index, stop)
        if index + 1 < len(self._starts) and self._starts[index + 1] == stop:
            del self._starts[index + 1], self._stops[index]
        if index and self._stops[index - 1] == start:
            del self._starts[index], self._stops[index - 1]

    def holes(self, stop: int) -> int:
        """Maximal intervals of ``0 .. stop - 1`` that are not in the set."""
        edges = [0, *(edge for pair in zip(self._starts, self._stops, strict=True) for edge in pair), stop]
        return sum(min(end, stop) > start for start, end in zip(edges[::2], edges[1::2], strict=True))


class SideInformation:
    """What accompanies keyframes, kept until the segment that needs it is released.

    Attributes:
        newest_caption: first keyframe of the caption that reaches furthest; -1 before the first.
    """

    def __init__(self) -> None:
        self._captions: list[Caption] = []
        self._captioned = Coverage()
        self.newest_caption = -1
        self._timings: dict[int, Timing] = {}
        self._irregular = False
        self._released_segment = 0

    def add_caption(self, caption: Caption) -> bool:
        """Takes one in; False if it was there already.

        Raises:
            InvalidInput: segments that another caption covers.
        """
        start, stop = caption.first, max(caption.last, caption.first + 1)
        if self._captioned.touches(start, stop):
            known = next((c for c in self._captions if c.first == caption.first), None)
            if known not in (None, caption) or not self._captioned.covers(start, stop):
                raise InvalidInput(
                    f"the caption of keyframes {caption.first}..{caption.last} contradicts an earlier one"
                )
            return False
        self._captioned.add(start, stop)
        self.newest_caption = max(self.newest_caption, caption.first)
        if stop > self._released_segment:
            self._captions.append(caption)
        return True

    def add_timing(self, timing: Timing) -> bool:
        """Takes one in; False if it was there already.

        Raises:
            InvalidInput: other time stamps from the same frame on.
        """
        known = self._timings.get(timing.first_frame)
        if known not in (None, timing):
            raise InvalidInput(f"the time stamps from frame {timing.first_frame} on contradict earlier ones")
        self._timings[timing.first_frame] = timing
        self._irregular = True
        return known is None

    def caption_may_come(self, segment: int) -> bool:
        """Whether the caption of ``segment`` is missing and no later one has overtaken it."""
        return not self._captioned.covers(segment, segment + 1) and self.newest_caption <= segment

    def timing_may_come(self, frame: int) -> bool:
        """Whether the source is irregular and nothing has been said of ``frame`` yet."""
        return self._irregular and not any(
            t.first_frame <= frame < t.first_frame + len(t.offsets) for t in self._timings.values()
        )

    @property
    def waiting_offsets(self) -> int:
        """Time stamps held."""
        return sum(len(timing.offsets) for timing in self._timings.values())

    def described(self, segment: int) -> tuple[str, float | None]:
        """Caption and motion (fraction of the picture diagonal per frame) of ``segment``.

        ``("", None)`` if no caption that covers it arrived.
        """
        covering = (c for c in self._captions if c.first <= segment < max(c.last, c.first + 1))
        caption = next(covering, None)
        return ("", None) if caption is None else (caption.text, MOTION_STEP * caption.motion)

    def take_timings(self, stop: int) -> tuple[Timing, ...]:
        """Hands over the units that begin before frame ``stop``."""
        taken = [first for first in self._timings if first < stop]
        return tuple(self._timings.pop(first) for first in sorted(taken))

    def forget(self, segment: int) -> None:
        """Drops what belongs to segments before ``segment`` only."""
        self._released_segment = segment
        self._captions = [c for c in self._captions if max(c.last, c.first + 1) > segment]

    def captions_lost(self, segments: int) -> int:
        """Holes in what captions cover of ``segments`` segments; each is at least one lost caption."""
        return self._captioned.holes(segments)
