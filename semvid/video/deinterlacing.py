"""Whole pictures from pictures of two fields: bwdif, one frame for each frame.

Nothing is touched before the first frame that its decoder marks as interlaced; from there on every frame
passes the filter, which leaves those without the mark as they are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.filter import Graph
from av.video.frame import VideoFrame

_LEAST_SIDE = 4  # pixels that bwdif asks for; fewer lines are no fields
_PER_FRAME = "mode=send_frame:parity=auto:deint=interlaced"


@dataclass(frozen=True, slots=True)
class _Labels:
    """What a frame says of itself and a filter does not keep, or changes."""

    pts: int | None
    time_base: Fraction | None
    colorspace: int
    color_primaries: int
    color_trc: int
    color_range: int

    @classmethod
    def of(cls, frame: VideoFrame) -> _Labels:
        return cls(
            frame.pts,
            frame.time_base,
            frame.colorspace,
            frame.color_primaries,
            frame.color_trc,
            frame.color_range,
        )

    def put_on(self, frame: VideoFrame) -> VideoFrame:
        frame.pts, frame.time_base = self.pts, self.time_base
        frame.colorspace, frame.color_range = self.colorspace, self.color_range
        frame.color_primaries, frame.color_trc = self.color_primaries, self.color_trc
        return frame


class Deinterlacer:
    """Frames of one stream in order of display; as many come out as went in, the last one later."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._form: tuple[int, int, str] | None = None
        self._waiting: deque[_Labels] = deque()

    def whole(self, frames: Iterable[VideoFrame], ended: bool) -> Iterator[VideoFrame]:
        """Takes frames and gives those that are ready, with time stamps and colours of their own.

        Args:
            frames: as decoded.
            ended: there will be no more for now; what waits is given out too.

        Raises:
            av.FFmpegError: a pixel format that cannot be filtered.
        """
        for frame in frames:
            form = (frame.width, frame.height, frame.format.name)
            if form != self._form:
                yield from self._end()
            tiny = min(frame.width, frame.height) < _LEAST_SIDE
            if tiny or (self._graph is None and not frame.interlaced_frame):
                yield frame
                continue
            if self._graph is None:
                self._graph, self._form = _graph(frame), form
            self._waiting.append(_Labels.of(frame))
            self._graph.push(frame)
            yield from self._ready()
        if ended:
            yield from self._end()

    def _end(self) -> Iterator[VideoFrame]:
        if self._graph is not None:
            self._graph.push(None)
            yield from self._ready()
        self._graph = self._form = None

    def _ready(self) -> Iterator[VideoFrame]:
        assert self._graph is not None
        while True:
            try:
                frame = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            yield self._waiting.popleft().put_on(frame)


def _graph(frame: VideoFrame) -> Graph:
    graph = Graph()
    graph.threads = 1
    source = graph.add(
        "buffer",
        video_size=f"{frame.width}x{frame.height}",
        pix_fmt=frame.format.name,
        time_base=str(frame.time_base or Fraction(1, 1000)),
        colorspace=str(frame.colorspace),
        range=str(frame.color_range),
    )
    graph.link_nodes(source, graph.add("bwdif", _PER_FRAME), graph.add("buffersink")).configure()
    return graph
