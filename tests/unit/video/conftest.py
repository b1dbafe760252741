"""Clips made by PyAV while the tests run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
import pytest

from semvid.images.types import Picture


class Clip(Protocol):
    def __call__(self, name: str, **options: Any) -> Path: ...


def _gradient(height: int, width: int) -> Picture:
    """Red rises to the right, green downwards: every orientation looks different."""
    picture = np.full((height, width, 3), 60, np.uint8)
    picture[..., 0] = (np.arange(width) * 200 // max(1, width))[None, :]
    picture[..., 1] = (np.arange(height) * 200 // max(1, height))[:, None]
    return picture


def _write(
    path: Path,
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    width: int = 64,
    height: int = 48,
    frames: int = 6,
    rate: Fraction | int = 25,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    pictures: Sequence[Picture] | None = None,
    stamps: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    prepare: Callable[[Any], None] | None = None,
    format: str | None = None,
) -> Path:
    with av.open(str(path), "w", format=format, container_options=container_options) as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.codec_context.thread_count = 1
        if time_base is not None:
            stream.codec_context.time_base = time_base
        if prepare is not None:
            prepare(stream)
        for index in range(frames):
            picture = _gradient(height, width) if pictures is None else pictures[index]
            frame = av.VideoFrame.from_ndarray(picture).reformat(format=pixel_format)
            if stamps is not None:
                frame.pts, frame.time_base = stamps[index], time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """Writes a clip into a fresh folder; the suffix of its name chooses the container."""

    def make(name: str, **options: Any) -> Path:
        return _write(tmp_path / name, **options)

    return make


@pytest.fixture
def gradient() -> Callable[[int, int], Picture]:
    """Picture of a given height and width."""
    return _gradient


@pytest.fixture
def noise() -> Callable[[int], list[Picture]]:
    """A given number of pictures that compress badly, so that packets are large."""
    generator = np.random.default_rng(0)
    return lambda count: [generator.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(count)]
