"""A small picture with edges, texture and colour, made of arithmetic."""

import numpy as np
import pytest

from semvid.images.types import Picture


@pytest.fixture(scope="session")
def picture() -> Picture:
    y, x = np.mgrid[:96, :128]
    rng = np.random.default_rng(3)
    red = 128 + 80 * np.sin(x / 9) * np.cos(y / 13)
    green = np.where((x - 64) ** 2 + (y - 48) ** 2 < 900, 210, 60) + rng.normal(0, 6, x.shape)
    blue = 2 * y + 20 * ((x // 16 + y // 16) % 2)
    return np.stack([red, green, blue], -1).clip(0, 255).astype(np.uint8)
