"""The pieces of clips that the experiments look at, each of one shot or with its cuts."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from evaluation.clips import Clip
from semvid.errors import InvalidInput
from semvid.images.cuts import CutDetector
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.video.probe import SourceInfo, probe
from semvid.video.reader import read_frames

AREA: Final = 416 * 240  # pixels
SPACING_S: Final = 0.2  # between candidates (paper's code)
JUDGED: Final = 6  # frames of a piece
_SEARCHED_S, _LONGEST_S, _SHORTEST_S = 6.0, 5.0, 2.0
_SPREAD_S: Final = 10.0  # of a clip whose frames replace each other


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A part of one shot.

    Attributes:
        name: of the clip.
        label: of the action in it; empty where nobody named one.
        clip: its pictures, uint8 RGB [height, width, 3], and what is known of them.
        candidates: frames that may become keyframes, first and last among them, in order.
        judged: frames at which what is shown is judged, in order; none is a candidate.
    """

    name: str
    label: str
    clip: Clip
    candidates: Sequence[int]
    judged: Sequence[int]


def index_of(media: Path) -> list[dict[str, Any]]:
    """The entries of the folder's index.

    Raises:
        InvalidInput: there is none.
    """
    try:
        entries: list[dict[str, Any]] = json.loads((media / "index.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InvalidInput(
            f"--media {media.name}: holds no index.json; semvid bench datasets writes one"
        ) from error
    return entries


def piece_of(media: Path, entry: dict[str, Any]) -> Piece | None:
    """The longest stretch of one shot in the first seconds of a clip; None where it is too short."""
    path = media / entry["file"]
    source = probe(path)
    pictures = _scaled(path, source, _SEARCHED_S)
    start, stop = longest_shot(pictures, entry.get("hard_cuts"))
    rate = float(source.frame_rate)
    stop = min(stop, start + math.floor(_LONGEST_S * rate))
    if stop - start < _SHORTEST_S * rate:
        return None
    shown = pictures[start:stop]
    size = {"width": shown[0].shape[1], "height": shown[0].shape[0]}
    candidates, judged = places(len(shown), rate)
    clip = Clip(path, replace(source, **size), shown, frozenset(judged))
    return Piece(entry["name"], entry.get("label", ""), clip, candidates, judged)


def spread_of(media: Path, entry: dict[str, Any], count: int) -> list[tuple[int, Picture]]:
    """``count`` frames at equal distances over the first seconds of a clip, with their numbers."""
    path = media / entry["file"]
    source = probe(path)
    pictures = _scaled(path, source, _SPREAD_S)
    numbers = np.linspace(0, len(pictures) - 1, count).round().astype(int).tolist()
    return [(number, pictures[number]) for number in numbers]


def longest_shot(pictures: Sequence[Picture], hard_cuts: Sequence[int] | None) -> tuple[int, int]:
    """First frame and the one after the last of the longest stretch without a hard cut.

    Args:
        hard_cuts: first frames of new shots, as the index knows them; None: they are looked for.
    """
    if hard_cuts is None:
        detector = CutDetector()
        hard_cuts = [number for number, picture in enumerate(pictures) if detector.push(picture)]
    ends = [0, *(cut for cut in hard_cuts if 0 < cut < len(pictures)), len(pictures)]
    return max(pairwise(ends), key=lambda stretch: (stretch[1] - stretch[0], -stretch[0]))


def places(frames: int, rate: float) -> tuple[list[int], list[int]]:
    """Candidates and judged frames of a piece of ``frames`` frames at ``rate`` a second."""
    spacing = max(2, round(SPACING_S * rate))
    candidates = sorted({*range(0, frames, spacing), frames - 1})
    free = sorted(set(range(frames)) - set(candidates))
    wanted = [(number + 0.5) / JUDGED * (frames - 1) for number in range(JUDGED)]
    return candidates, sorted({min(free, key=lambda frame: (abs(frame - at), frame)) for at in wanted})


def _scaled(path: Path, source: SourceInfo, seconds: float) -> list[Picture]:
    """The first ``seconds``, at `AREA`."""
    scale = math.sqrt(AREA / (source.width * source.height))
    size = 2 * round(source.width * scale / 2), 2 * round(source.height * scale / 2)
    most = max(2, math.floor(seconds * source.frame_rate))
    found = []
    for frame in read_frames(path, source):
        if frame.index >= most:
            break
        found.append(at_size(frame.picture, size))
    return found
