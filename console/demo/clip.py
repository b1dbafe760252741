"""The clip that `semvid demo` sends when it is given none: two painted scenes and a hard cut between them.

Nine seconds of 576x320 at 24 frames per second, the format of the reference's experiments (paper,
operating points). Everything is drawn from a seed, so nothing needs a licence or a download.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from console.demo.scenes.lake import LakeScene
from console.demo.scenes.table import TableScene
from semvid.video.writer import VideoWriter

WIDTH, HEIGHT = 576, 320
FRAME_RATE = 24
FRAMES = 9 * FRAME_RATE
_FIRST_SCENE = 0.58  # of the frames
_GRAIN = 0.008  # standard deviation of the film grain, of full scale
_GRAIN_FIELDS = 8


def clip_frames(
    seed: int = 0, frames: int = FRAMES, width: int = WIDTH, height: int = HEIGHT
) -> Iterator[NDArray[np.uint8]]:
    """Paints the clip frame by frame.

    Args:
        seed: the same seed gives the same pictures.
        frames: number of frames; the action is spread over them.
        width, height: pixels; at least 32 each.

    Yields:
        uint8 RGB ``[height, width, 3]``.
    """
    rng = np.random.default_rng(seed)
    scenes = (LakeScene(rng, width, height), TableScene(rng, width, height))
    grain = rng.normal(0, _GRAIN, (_GRAIN_FIELDS, height, width, 1)).astype(np.float32)
    grain = (grain + np.roll(grain, 1, axis=2)) / np.float32(np.sqrt(2))
    cut = max(1, round(_FIRST_SCENE * frames))
    for index in range(frames):
        scene, start, length = (scenes[0], 0, cut) if index < cut else (scenes[1], cut, frames - cut)
        picture = scene.picture((index - start) / max(1, length - 1)) + grain[rng.integers(_GRAIN_FIELDS)]
        yield (np.clip(picture, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)


def write_clip(path: Path, seed: int = 0, frames: int = FRAMES) -> None:
    """Paints the clip into an MP4 file at ``path``."""
    rate = Fraction(FRAME_RATE)
    with VideoWriter(path, WIDTH, HEIGHT, 1 / rate, frame_rate=rate) as writer:
        for index, picture in enumerate(clip_frames(seed, frames)):
            writer.append(picture, index)
