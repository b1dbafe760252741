from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import av
import cv2
import numpy as np
import pytest

from semvid.images.types import Picture


@pytest.fixture(scope="session")
def frames(real_clip: Callable[[str], dict[str, Any]]) -> Callable[..., Iterator[Picture]]:
    """``frames(name, step)``: every ``step``-th frame of a real clip, 256 pixels on the longer side."""

    def read(name: str, step: int = 1) -> Iterator[Picture]:
        with av.open(str(real_clip(name)["path"])) as container:
            for index, frame in enumerate(container.decode(container.streams.video[0])):
                if index % step == 0:
                    picture = frame.to_ndarray(format="rgb24")
                    scale = 256 / max(picture.shape)
                    yield cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)

    return read


def textured(seed: int, height: int = 144, width: int = 256) -> Picture:
    """A smooth random picture with structure at all scales."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float32)
    for cells, weight in ((4, 90.0), (12, 60.0), (40, 40.0)):
        noise = rng.uniform(-1, 1, (cells, cells, 3)).astype(np.float32)
        picture += weight * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture + 128, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def scene() -> Callable[..., Picture]:
    return textured
