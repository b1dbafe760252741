"""A real face that moves as told: a photograph of scikit-image (NASA, public domain), animated."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from skimage import data

from receiver.animators.animation import Animation
from semvid.faces.landmarks import FaceLandmarks
from semvid.faces.points import LANDMARKS
from semvid.faces.shape import NAMES, Numbers, Points
from semvid.faces.track import Portrait, shape_of
from semvid.faces.weights import load_models
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.video.writer import VideoWriter

WIDTH, HEIGHT, RATE = 160, 160, 25
_LEFT, _TOP, _SIDE = 92, 0, 260  # of the photograph's, pixels


def photograph() -> Picture:
    """Head and shoulders, uint8 RGB [HEIGHT, WIDTH, 3]."""
    whole = np.asarray(data.astronaut(), np.uint8)
    return at_size(np.ascontiguousarray(whole[_TOP : _TOP + _SIDE, _LEFT : _LEFT + _SIDE]), (WIDTH, HEIGHT))


def points_of(picture: Picture) -> Points:
    """The points of the face in a picture that has one."""
    found = FaceLandmarks(*load_models()).find(picture)
    assert found is not None
    return found[list(LANDMARKS), :2].astype(np.float64)


def numbers(**said: float) -> Numbers:
    """All numbers of a face, those not said 0."""
    return np.array([said.get(name, 0.0) for name in NAMES])


def talking(frames: int) -> Iterator[Picture]:
    """A head that nods and turns a little, and a jaw that opens and closes twice a second."""
    picture = photograph()
    portrait = Portrait(shape_of(0, points_of(picture)))
    animation = Animation(picture, portrait.points)
    for frame in range(frames):
        turn, jaw = 2 * np.pi * frame / (2 * RATE), 2 * np.pi * 2 * frame / RATE
        moved = numbers(yaw=0.12 * np.sin(turn), x=0.06 * np.sin(turn), jaw=0.06 * (1 - np.cos(jaw)))
        yield animation.show(portrait.pose(moved))


def write_talking_clip(path: Path, frames: int, before: list[Picture] | None = None) -> None:
    """`talking` as an MP4, after the pictures ``before``."""
    with VideoWriter(path, WIDTH, HEIGHT, Fraction(1, RATE), crf=10) as writer:
        for index, picture in enumerate([*(before or []), *talking(frames)]):
            writer.append(picture, index)
