"""Frames in, segments out: what crosses as pictures, and what is said beside them."""

from collections.abc import Callable, Iterator

from semvid.mllm import Mllm
from semvid.profile import Given
from semvid.semantics import SideUnit, StreamEnd, StreamHeader
from semvid.service.clock import StageClock
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame
from semvid.video.timing import unusual_hold
from transmitter.keyframes.selection import Selected, Selection
from transmitter.shipment import Segment
from transmitter.side_information import SideInformation


class Analysis:
    """Looks at every frame of one video once, and closes one segment after another.

    Args:
        source: of the frames.
        header: of the stream.
        mllm: who captions.
        clock: takes the seconds of reading, motion, selecting and captions.
        selection: of its keyframes.

    Attributes:
        closed: segments handed over so far.
    """

    def __init__(
        self,
        source: SourceInfo,
        header: StreamHeader,
        mllm: Mllm,
        clock: StageClock,
        selection: Selection,
    ) -> None:
        self._source, self._header, self._clock = source, header, clock
        self._selector, self._said = selection.selector, selection.said
        self._side = SideInformation(header, mllm)
        self._frames_read = self._last_pts = 0
        self._ended = False
        self.closed = 0

    def segments(self, frames: Iterator[Frame], gone: Callable[[], bool]) -> Iterator[Segment]:
        """The segments of ``frames``, until ``gone``.

        Args:
            frames: in order, each once.
            gone: whether nobody wants the rest.
        """
        while not gone():
            with self._clock.stage("reading"):
                frame = next(frames, None)
            if frame is None:
                break
            self._frames_read, self._last_pts = self._frames_read + 1, frame.pts
            with self._clock.stage("motion"):
                self._side.push(frame)
            with self._clock.stage("selecting"):
                chosen = self._selector.push(frame)
            yield from map(self._close, chosen)
        else:
            return
        with self._clock.stage("selecting"):
            chosen = self._selector.finish()
        yield from map(self._close, chosen)
        if not self._ended:  # the last segment is open, or the container announced another number of frames
            with self._clock.stage("captions"):
                units = [*self._side.finish(), *self._said()]
            units.append(self._end(self.closed))
            yield Segment(units, None, self.closed, self._frames_read, last=True)

    def _close(self, selected: Selected) -> Segment:
        at_end = not self._source.endless and selected.frame.index == self._source.frame_count_hint - 1
        self._ended = at_end and self._header.given is Given.BOTH_ENDS
        with self._clock.stage("captions"):
            units: list[SideUnit] = [*self._side.close(selected, last=self._ended), *self._said()]
        if self._ended:
            units.append(self._end(self.closed + 1))
        self.closed += 1
        return Segment(units, selected, self.closed - 1, self._frames_read, self._ended)

    def _end(self, keyframes: int) -> StreamEnd:
        if self._source.endless:
            return StreamEnd(self._frames_read, keyframes)
        hold = unusual_hold(self._source.end_pts - self._last_pts, self._header, self._frames_read)
        return StreamEnd(self._frames_read, keyframes, hold)
