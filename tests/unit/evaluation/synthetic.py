"""Small clips whose motion is known."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from evaluation.clips import Clip
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter


def pan(frames: int, pixels: int, width: int = 128, height: int = 72) -> list[np.ndarray]:
    """A texture that moves to the left, ``pixels`` a frame."""
    size = (width + frames * pixels, height)
    noise = np.random.default_rng(0).integers(0, 256, (size[1] // 8, size[0] // 8, 3), np.uint8)
    wide = np.asarray(cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    return [wide[:, i * pixels : i * pixels + width].copy() for i in range(frames)]


def moving_bar(path: Path, frames: int = 24, width: int = 64, height: int = 48) -> Clip:
    """A bright bar that moves two pixels a frame over a dim texture."""
    noise = np.random.default_rng(0).integers(40, 120, (height // 8, width // 8, 3), np.uint8)
    ground = np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    with VideoWriter(path, width, height, Fraction(1, 24), crf=6) as writer:
        for index in range(frames):
            picture = ground.copy()
            left = 2 + 2 * index
            picture[:, left : left + 8] = (235, 220, 200)
            writer.append(picture, index)
    source = probe(path)
    return Clip(path, source, [frame.picture for frame in read_frames(path, source)])
