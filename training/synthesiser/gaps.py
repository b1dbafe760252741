"""Gaps between keyframes as the receiver bridges them, beside the frames that were there; kept on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput
from semvid.images.finishing import restored
from semvid.images.interpolation import Bridge
from semvid.images.resize import at_size
from semvid.images.restorer import shipped
from semvid.images.types import Picture
from semvid.service.files import replacing
from training.footage import draws_of, frame_count, frames_at, place_of
from training.pairs import SIZES, code, sized
from training.sources import Source

CROP: Final = 192
"""Sides of a crop of training, pixels."""

_KEYFRAMES: Final = 9  # an anchor and the group of eight that hangs on it
_SPACINGS: Final = (2, 16)  # frames from keyframe to keyframe
_SEQUENCES: Final = 3  # of a video, each from another place and at another spacing
_POINTS: Final = 2  # at which each is coded
_COARSEST: Final = 5  # of `SIZES` are drawn from
_CRF: Final = (48.0, 64.0)
_PRESETS: Final = (4, 8)
_GAPS: Final = 3  # of the eight of a sequence
_MOMENTS: Final = 2  # of a gap
_FORMAT: Final = 1  # raised when files of an earlier one must not be read


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """One frame that lies in a gap, and what `semvid.images.interpolation.Draft` says of it.

    Attributes:
        t: where it lies, between 0 and 1.
        motion: float16 [height / 2, width / 2, 2].
        share_of_end: float16 [height / 2, width / 2].
        source: uint8 RGB [height, width, 3].
    """

    t: float
    motion: NDArray[np.float16]
    share_of_end: NDArray[np.float16]
    source: Picture


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """Two keyframes, coded and restored, and some of the frames between.

    Attributes:
        size: of the coded sides against those shown.
        crf: of the coder.
        spacing: frames from start to end.
        start, end: uint8 RGB [height, width, 3], even sides.
        moments: one or more.
    """

    size: Fraction
    crf: float
    spacing: int
    start: Picture
    end: Picture
    moments: tuple[Moment, ...]


def prepare(source: Source, folder: Path, seed: int) -> list[Gap]:
    """The gaps of ``source``, coded, restored and bridged once, and then read from ``folder``.

    Args:
        source: a video.
        folder: that is there, where gaps are kept.
        seed: decides places and operating points.

    Raises:
        InvalidInput: it cannot be read, is a photograph, is too short, or has too few pixels.
        MissingComponent: there is no restorer.
    """
    if source.still:
        raise InvalidInput(f"training: {source.path.name} is a photograph, in which nothing moves")
    path = place_of(source, folder, seed, _FORMAT)
    if not path.exists():
        made = list(_made(source, seed))
        arrays = {f"{name}{n}": array for n, gap in enumerate(made) for name, array in _arrays(gap).items()}
        with replacing(path) as file:
            np.savez(file, allow_pickle=False, described=np.array(json.dumps(_described(made))), **arrays)
    with np.load(path, allow_pickle=False) as kept:
        return [_read(kept, n, one) for n, one in enumerate(json.loads(str(kept["described"])))]


def _made(source: Source, seed: int) -> Iterator[Gap]:
    rng = draws_of(source, seed)
    frames = frame_count(source)
    wanted = []
    for _ in range(_SEQUENCES):
        spacing = int(rng.integers(_SPACINGS[0], _SPACINGS[1] + 1))
        spacing = min(spacing, (frames - 1) // (_KEYFRAMES - 1))
        if spacing < _SPACINGS[0]:
            raise InvalidInput(f"training: {source.path.name} has {frames} frames, too few for gaps")
        first = int(rng.integers(0, frames - spacing * (_KEYFRAMES - 1)))
        wanted.append(range(first, first + spacing * (_KEYFRAMES - 1) + 1))
    for places, pictures in zip(wanted, frames_at(source, wanted, _even), strict=True):
        if len(pictures) != len(places):  # the container promised more frames than there are
            continue
        for _ in range(_POINTS):
            yield from _coded([*pictures.values()], rng)


def _coded(pictures: list[Picture], rng: np.random.Generator) -> Iterator[Gap]:
    """Some gaps of one sequence at one operating point."""
    spacing = (len(pictures) - 1) // (_KEYFRAMES - 1)
    size = SIZES[int(rng.integers(_COARSEST))]
    crf = round(float(rng.uniform(*_CRF)) * 4) / 4
    preset = int(rng.integers(_PRESETS[0], _PRESETS[1] + 1))
    height, width = pictures[0].shape[:2]
    coded = code(pictures[::spacing], size, crf, preset)
    for gap in sorted(rng.choice(_KEYFRAMES - 1, _GAPS, replace=False)):
        start, end = (
            restored(at_size(picture, (width, height)), coding, shipped())
            for picture, coding in coded[gap : gap + 2]
        )
        bridge = Bridge(start, end)
        moments = []
        for offset in sorted(rng.choice(np.arange(1, spacing), min(_MOMENTS, spacing - 1), replace=False)):
            draft = bridge.draft(offset / spacing)
            motion, share = draft.motion.astype(np.float16), draft.share_of_end.astype(np.float16)
            moments.append(Moment(offset / spacing, motion, share, pictures[gap * spacing + offset]))
        yield Gap(size, crf, spacing, start, end, tuple(moments))


def _even(picture: Picture, source: Source) -> Picture:
    picture = sized(picture, source, CROP)
    height, width = picture.shape[:2]
    return np.ascontiguousarray(picture[: height // 2 * 2, : width // 2 * 2])


def _described(gaps: list[Gap]) -> list[dict[str, Any]]:
    return [
        {"size": str(gap.size), "crf": gap.crf, "spacing": gap.spacing, "t": [one.t for one in gap.moments]}
        for gap in gaps
    ]


def _arrays(gap: Gap) -> dict[str, NDArray[Any]]:
    return {
        "ends": np.stack([gap.start, gap.end]),
        "motions": np.stack([one.motion for one in gap.moments]),
        "shares": np.stack([one.share_of_end for one in gap.moments]),
        "sources": np.stack([one.source for one in gap.moments]),
    }


def _read(kept: Any, number: int, described: dict[str, Any]) -> Gap:
    (start, end), *each = (kept[f"{name}{number}"] for name in ("ends", "motions", "shares", "sources"))
    moments = tuple(Moment(*one) for one in zip(described["t"], *each, strict=True))
    return Gap(Fraction(described["size"]), described["crf"], described["spacing"], start, end, moments)
