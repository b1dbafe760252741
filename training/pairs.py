"""Pictures as the receiver gets them beside those that were sent: coded with the real coder, kept on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput
from semvid.images.keyframe_codec import KeyframeDecoder, KeyframeEncoder
from semvid.images.resize import at_size
from semvid.images.restorer import Coding
from semvid.images.types import Picture
from semvid.semantics import PictureCoding, layers_of
from semvid.service.files import replacing
from training.footage import draws_of, frame_count, frames_at, place_of
from training.sources import Source

AREA: Final = 576 * 320
"""Pixels of a picture that is coded, about."""
SIZES: Final = (Fraction(1), Fraction(3, 4), Fraction(2, 3), Fraction(1, 2), Fraction(1, 3), Fraction(1, 4))
"""Of the sides that are coded, against those that are shown."""
LEAST_SIDE: Final = 256
"""Pixels of a picture that is coded."""

_CRF: Final = (48.0, 64.0)  # what plans choose from, and a little more
_PRESETS: Final = (4, 8)
_SPACINGS: Final = (2, 12)  # frames from keyframe to keyframe
_KEYFRAMES: Final = 9  # an anchor and the group of eight that hangs on it
_SEQUENCES: Final = 5  # of a video, each from another place and at another spacing
_POINTS: Final = 3  # at which each is coded: at one of the two largest sizes, of the next two, of the last
_KEPT_OF_STILL: Final = 3  # pictures; the others show nearly the same
_PAN: Final = 6  # pixels from picture to picture, at most
_FORMAT: Final = 2  # raised when files of an earlier one must not be read


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pictures of one source at one operating point, in the order of time.

    Attributes:
        name: of the source.
        size: of the coded sides against those shown, 1/4 .. 1.
        crf: of the coder.
        sources, coded: uint8 RGB [n, height, width, 3]; the second at full size again.
        codings: how each was coded.
    """

    name: str
    size: Fraction
    crf: float
    sources: NDArray[np.uint8]
    coded: NDArray[np.uint8]
    codings: tuple[Coding, ...]


def prepare(source: Source, folder: Path, seed: int) -> list[Pairs]:
    """The pairs of ``source``, coded once and then read from ``folder``.

    Args:
        source: to be coded.
        folder: that is there, where pairs are kept.
        seed: decides the operating points.

    Raises:
        InvalidInput: it cannot be read, or has too few pixels.
    """
    path = place_of(source, folder, seed, _FORMAT)
    if not path.exists():
        made = list(_made(source, seed))
        described = [
            {"size": str(one.size), "crf": one.crf, "codings": [_listed(coding) for coding in one.codings]}
            for one in made
        ]
        arrays = {f"{kind}{n}": array for n, one in enumerate(made) for kind, array in _arrays(one).items()}
        with replacing(path) as file:
            np.savez_compressed(file, allow_pickle=False, described=np.array(json.dumps(described)), **arrays)
    with np.load(path, allow_pickle=False) as kept:
        described = json.loads(str(kept["described"]))
        return [
            Pairs(
                source.name,
                Fraction(one["size"]),
                one["crf"],
                kept[f"sources{n}"],
                _enlarged(kept[f"coded{n}"], kept[f"sources{n}"].shape),
                tuple(Coding(*coding) for coding in one["codings"]),
            )
            for n, one in enumerate(described)
        ]


def code(pictures: list[Picture], size: Fraction, crf: float, preset: int) -> list[tuple[Picture, Coding]]:
    """A sequence of keyframes as a receiver decodes it, in the order of time.

    Args:
        pictures: uint8 RGB [height, width, 3] of one size.
        size: of the coded sides against theirs.
        crf, preset: of the coder.

    Returns:
        Each picture at the size at which it was coded, and how it was.
    """
    height, width = pictures[0].shape[:2]
    small = max(1, round(width * size)), max(1, round(height * size))
    decoder = KeyframeDecoder(*small)
    decoded: dict[int, tuple[Picture, Coding]] = {}
    with KeyframeEncoder(*small, crf, PictureCoding.PYRAMID, preset) as encoder:
        groups = [group for one in pictures for group in encoder.push(at_size(one, small))]
        groups += encoder.finish()
    for group in groups:
        layers = layers_of([picture.number for picture in group])
        for picture, layer in zip(group, layers, strict=True):
            shown = decoder.decode(picture.packet)
            coding = Coding.of(decoder.quantiser, small, (width, height), layer)
            decoded[picture.number] = shown, coding
    return [decoded[number] for number in sorted(decoded)]


def _made(source: Source, seed: int) -> Iterator[Pairs]:
    rng = draws_of(source, seed)
    for pictures in [_photographed(source, rng)] if source.still else _filmed(source, rng):
        for point in range(_POINTS):
            size = SIZES[2 * point + int(rng.integers(2))]
            crf = round(float(rng.uniform(*_CRF)) * 4) / 4
            preset = int(rng.integers(_PRESETS[0], _PRESETS[1] + 1))
            kept = list(range(len(pictures)))
            if source.still:
                kept = sorted(rng.choice(len(pictures), _KEPT_OF_STILL, replace=False))
            decoded = code(pictures, size, crf, preset)
            yield Pairs(
                source.name,
                size,
                crf,
                np.stack([pictures[n] for n in kept]),
                np.stack([decoded[n][0] for n in kept]),
                tuple(decoded[n][1] for n in kept),
            )


def _filmed(source: Source, rng: np.random.Generator) -> list[list[Picture]]:
    """Sequences of keyframes at even spacing, each from a place of its own."""
    frames = frame_count(source)
    wanted = []
    for _ in range(_SEQUENCES):
        spacing = int(rng.integers(_SPACINGS[0], _SPACINGS[1] + 1))
        spacing = max(1, min(spacing, (frames - 1) // _KEYFRAMES))
        first = int(rng.integers(0, max(1, frames - _KEYFRAMES * spacing)))
        wanted.append(range(first, first + _KEYFRAMES * spacing, spacing))
    return [list(pictures.values()) for pictures in frames_at(source, wanted, _large) if pictures]


def _photographed(source: Source, rng: np.random.Generator) -> list[Picture]:
    """A slow pan over a photograph."""
    read = cv2.imdecode(np.fromfile(source.path, np.uint8), cv2.IMREAD_COLOR)
    if read is None:
        raise InvalidInput(f"training: {source.path.name} is no photograph that OpenCV reads; leave it out")
    read_as_rgb = np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)
    picture = sized(read_as_rgb, source, LEAST_SIDE + _PAN * (_KEYFRAMES - 1))
    height, width = picture.shape[:2]
    right, down = (int(step) for step in rng.integers(0, _PAN + 1, 2))
    shown = width - right * (_KEYFRAMES - 1), height - down * (_KEYFRAMES - 1)
    return [
        np.ascontiguousarray(picture[down * n : down * n + shown[1], right * n : right * n + shown[0]])
        for n in range(_KEYFRAMES)
    ]


def sized(picture: Picture, source: Source, least: int) -> Picture:
    """At about `AREA`; never enlarged, for what is not there cannot be learned.

    Args:
        picture: uint8 RGB [height, width, 3].
        source: where it is from.
        least: pixels of its shorter side then.

    Raises:
        InvalidInput: it has fewer.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, (AREA / (height * width)) ** 0.5)
    size = round(width * scale), round(height * scale)
    if min(size) < least:
        raise InvalidInput(
            f"training: {source.path.name} is {width}x{height} pixels, {size[0]}x{size[1]} at the area of "
            f"{AREA} pixels, and crops need sides of {least}; leave it out"
        )
    return at_size(picture, size)


def _large(picture: Picture, source: Source) -> Picture:
    return sized(picture, source, LEAST_SIDE)


def _arrays(pairs: Pairs) -> dict[str, NDArray[np.uint8]]:
    return {"sources": pairs.sources, "coded": pairs.coded}


def _listed(coding: Coding) -> list[float]:
    return [coding.quantiser, coding.size, coding.layer]


def _enlarged(coded: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.stack([at_size(one, (shape[2], shape[1])) for one in coded])
