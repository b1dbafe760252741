"""Crops of pictures for the learned code, drawn by seed and step alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, LimitExceeded, UnsupportedMedia
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from training.sources import Source

CROP: Final = 160
"""Sides of a crop, pixels."""
_AREA: Final = 1_200_000  # pixels of a picture that is kept, at most
_FRAMES: Final = 6  # of a film
_FILMS: Final = 0.2  # of the crops
_SCALES: Final = (1.0, 0.75, 0.5)  # what was coded once is cleaner when it is smaller
_GREY: Final = 0.05  # of the crops


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """What there is of one source.

    Attributes:
        source: where from.
        pictures: uint8 RGB [height, width, 3], one or more, sides of at least `CROP`.
    """

    source: Source
    pictures: Sequence[Picture]


def read_pictures(source: Source) -> Pictures:
    """A photograph, or some frames of a film at even distance.

    Raises:
        InvalidInput: it cannot be read, or is smaller than a crop.
    """
    if source.still:
        read = cv2.imdecode(np.fromfile(source.path, np.uint8), cv2.IMREAD_COLOR)
        if read is None:
            raise InvalidInput(
                f"training: {source.path.name} is no photograph that OpenCV reads; leave it out"
            )
        found = [np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)]
    else:
        try:
            info = probe(source.path)
            wanted = set(np.linspace(0, max(0, info.frame_count_hint - 1), _FRAMES).astype(int).tolist())
            found = [f.picture for f in read_frames(source.path, info) if f.index in wanted]
        except (UnsupportedMedia, LimitExceeded) as error:
            raise InvalidInput(f"training: {source.path.name} cannot be read: {error}") from error
    kept = [_bounded(picture) for picture in found if min(picture.shape[:2]) >= CROP]
    if not kept:
        raise InvalidInput(f"training: {source.path.name} is smaller than {CROP}x{CROP} pixels; leave it out")
    return Pictures(source, kept)


def read_all(
    sources: Sequence[Source], tell: Callable[[str], None], keep: Callable[[Source], bool]
) -> tuple[list[Pictures], list[Pictures]]:
    """What is learned from, and what ``keep`` keeps out of it; what cannot be read is told and left out."""
    learned: list[Pictures] = []
    kept_out: list[Pictures] = []
    for source in sources:
        try:
            pictures = read_pictures(source)
        except InvalidInput as error:
            tell(f"left out: {error}")
            continue
        (kept_out if keep(source) else learned).append(pictures)
    return learned, kept_out


def draw(material: Sequence[Pictures], seed: Sequence[int], count: int) -> NDArray[np.float32]:
    """Crops, float32 [count, 3, CROP, CROP], RGB 0..1.

    Args:
        material: to draw from; films get a fifth of the crops where there are photographs too.
        seed: decides what is drawn.
        count: of crops.
    """
    rng = np.random.default_rng(seed)
    films = [one for one in material if not one.source.still]
    stills = [one for one in material if one.source.still]
    crops = np.empty((count, CROP, CROP, 3), np.uint8)
    for n in range(count):
        kind = films if films and (not stills or rng.random() < _FILMS) else stills
        pictures = kind[int(rng.integers(len(kind)))].pictures
        picture = pictures[int(rng.integers(len(pictures)))]
        height, width = picture.shape[:2]
        side = min(round(CROP / _SCALES[int(rng.integers(len(_SCALES)))]), height, width)
        top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        crop = picture[top : top + side, left : left + side]
        if side != CROP:
            crop = cv2.resize(crop, (CROP, CROP), interpolation=cv2.INTER_AREA)
        if rng.integers(2):
            crop = crop[:, ::-1]
        if rng.random() < _GREY:
            crop = np.repeat(cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
        crops[n] = crop
    return np.ascontiguousarray(crops.transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def _bounded(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    scale = min(1.0, (_AREA / (height * width)) ** 0.5)
    if scale == 1.0 or round(min(height, width) * scale) < CROP:
        return picture
    return at_size(picture, (round(width * scale), round(height * scale)))
