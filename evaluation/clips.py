"""Real clips as the laboratory uses them: scaled to one area, cut to ten seconds, nearly lossless."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from semvid.accounting import cbr
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.video.probe import SourceInfo, probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter

AREA: Final = 576 * 320  # pixels; the paper's clips
MAX_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Clip:
    """A scaled clip, as a file for the probe and in memory for everything else.

    Attributes:
        judged: the frames on which what is shown will be judged; nobody may choose by them.
    """

    path: Path
    source: SourceInfo
    pictures: list[Picture]
    judged: frozenset[int] = frozenset()

    def cbr(self, symbols: int) -> float:
        """CBR of ``symbols`` channel uses for this clip."""
        return cbr(symbols, len(self.pictures), self.source.height, self.source.width)


def load(path: Path, folder: Path, seconds: float = MAX_SECONDS, area: int = AREA) -> Clip:
    """Scales the first ``seconds`` of ``path`` to ``area`` pixels and stores them nearly losslessly."""
    original = probe(path)
    scale = math.sqrt(area / (original.width * original.height))
    width, height = (2 * round(side * scale / 2) for side in (original.width, original.height))
    scaled = folder / f"{path.stem}.mp4"
    most = max(2, math.floor(seconds * original.frame_rate))
    with VideoWriter(scaled, width, height, original.time_base, crf=6) as writer:
        for frame in read_frames(path, original):
            if frame.index >= most:
                break
            writer.append(at_size(frame.picture, (width, height)), frame.pts)
    return read(scaled)


def read(path: Path) -> Clip:
    """A clip that is scaled already."""
    source = probe(path)
    return Clip(path, source, [frame.picture for frame in read_frames(path, source)])
