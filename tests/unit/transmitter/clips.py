"""Small synthetic videos with a known story."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.video.orientation import Orientation
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame
from semvid.video.scan import StampSource
from semvid.video.writer import VideoWriter

WIDTH, HEIGHT = 96, 64


def source(frames: int = 60) -> SourceInfo:
    """What is known of a video of these pictures, 24 a second."""
    return SourceInfo(
        WIDTH, HEIGHT, Orientation(), Fraction(24), Fraction(1, 24), 0, Fraction(1, 2), StampSource.FRAME,
        frames, frames, 0, "h264",
    )  # fmt: skip


def textured(seed: int) -> NDArray[np.uint8]:
    """A smooth random picture, larger than the frame."""
    noise = np.random.default_rng(seed).integers(0, 255, (HEIGHT // 4, WIDTH // 2, 3), np.uint8)
    return np.asarray(cv2.resize(noise, (2 * WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)


def still(frames: int, seed: int = 0, first: int = 0) -> Iterator[Frame]:
    picture = textured(seed)[:, :WIDTH].copy()
    for index in range(first, first + frames):
        yield Frame(index, index, picture)


def pan(frames: int, pixels: float, seed: int = 0, first: int = 0) -> Iterator[Frame]:
    wide = textured(seed)
    for index in range(frames):
        shift = np.float32([[1, 0, -pixels * index], [0, 1, 0]])
        moved = cv2.warpAffine(wide, shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_WRAP)
        yield Frame(first + index, first + index, np.asarray(moved, np.uint8))


def flicker(frames: int, first: int = 0) -> Iterator[Frame]:
    """Every frame another texture of the same colours, blended in by a third: nothing bridges it."""
    picture = textured(0)[:, :WIDTH].astype(np.float32)
    for index in range(frames):
        picture = 0.67 * picture + 0.33 * textured(100 + index)[:, :WIDTH]
        yield Frame(first + index, first + index, picture.astype(np.uint8))


def written(path: Path, frames: Iterable[Frame]) -> Path:
    """As a video file, nearly without loss."""
    with VideoWriter(path, WIDTH, HEIGHT, Fraction(1, 24), crf=4) as writer:
        for frame in frames:
            writer.append(frame.picture, frame.index)
    return path
