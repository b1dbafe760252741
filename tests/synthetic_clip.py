"""A clip for tests: shapes that move over a textured ground, and a hard cut at 58 % of the frames."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from semvid.images.types import Picture
from semvid.video.writer import VideoWriter

WIDTH, HEIGHT, FRAME_RATE = 576, 320, 24
CUT = 0.58  # of the frames


def clip_frames(
    seed: int = 0, frames: int = 216, width: int = WIDTH, height: int = HEIGHT
) -> Iterator[Picture]:
    """Uint8 RGB [height, width, 3]; the action spreads over ``frames``; a seed gives the same pictures."""
    rng = np.random.default_rng(seed)
    cut = max(1, round(CUT * frames))
    for length in (cut, frames - cut):
        coarse = rng.uniform(40, 215, (6, 10, 3)).astype(np.float32)
        ground = cv2.resize(coarse, (width + 32, height), interpolation=cv2.INTER_CUBIC)
        ground += rng.normal(0, 4, ground.shape).astype(np.float32)
        ground = np.clip(ground, 0, 255).astype(np.uint8)
        shapes = [(rng.uniform(0.1, 0.9, 4), rng.integers(0, 256, 3).tolist()) for _ in range(3)]
        for index in range(length):
            t = index / max(1, length - 1)
            left = round(32 * t)
            picture = np.ascontiguousarray(ground[:, left : left + width])
            for n, ((x0, y0, x1, y1), colour) in enumerate(shapes):
                centre = (round((x0 + (x1 - x0) * t) * width), round((y0 + (y1 - y0) * t) * height))
                radius = max(1, round(height * (0.08 + 0.05 * n)))
                if n % 2:
                    corners = [(centre[0] + d * radius, centre[1] + d * radius) for d in (-1, 1)]
                    cv2.rectangle(picture, *corners, colour, -1)
                else:
                    cv2.circle(picture, centre, radius, colour, -1, cv2.LINE_AA)
            yield picture


def write_clip(
    path: Path, seed: int = 0, frames: int = 216, width: int = WIDTH, height: int = HEIGHT
) -> None:
    """The clip as MP4, 24 frames per second."""
    rate = Fraction(FRAME_RATE)
    with VideoWriter(path, width, height, 1 / rate, frame_rate=rate) as writer:
        for index, picture in enumerate(clip_frames(seed, frames, width, height)):
            writer.append(picture, index)
