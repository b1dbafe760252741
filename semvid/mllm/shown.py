"""A whole video as a model is shown it that answers questions: every frame, small, one by one."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from semvid.images.resize import within_side
from semvid.images.types import Picture
from semvid.video.limits import VideoLimits
from semvid.video.probe import probe
from semvid.video.reader import read_frames

SIDE: Final = 448  # pixels, longer side


def shown_frames(path: Path, limits: VideoLimits | None = None) -> Iterator[Picture]:
    """Every frame in the order of time, uint8 RGB, the longer side at most `SIDE` pixels.

    Raises:
        UnsupportedMedia, LimitExceeded: as `semvid.video.reader.read_frames`.
    """
    limits = limits or VideoLimits()
    with closing(read_frames(path, probe(path, limits), limits)) as frames:
        for frame in frames:
            yield within_side(frame.picture, SIDE)


class Spread:
    """Pictures spread evenly over a stream whose length nobody knows yet, in bounded memory.

    Every ``stride``-th is kept; when there are twice as many as wanted, every other one is dropped and the
    stride doubles.

    Args:
        wanted: pictures, at least one.
    """

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._stride = 1
        self._seen = 0
        self._kept: list[tuple[int, Picture]] = []

    def push(self, picture: Picture) -> None:
        """Takes the next one."""
        if self._seen % self._stride == 0:
            self._kept.append((self._seen, picture))
        self._seen += 1
        if len(self._kept) > 2 * self._wanted:
            self._stride *= 2
            self._kept = [kept for kept in self._kept if kept[0] % self._stride == 0]

    def pictures(self) -> list[tuple[int, Picture]]:
        """At most as many as wanted, with their indices in the stream, in order; the first always."""
        last = len(self._kept) - 1
        if last < self._wanted:
            return list(self._kept)
        step = last / max(1, self._wanted - 1)
        return [self._kept[round(step * n)] for n in range(self._wanted)]
