"""Tiny checkpoints, built once for the whole run of the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from semvid.images.types import Picture
from tests.models.tiny_mllm import build


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """``checkpoint(family)``: the folder of its checkpoint."""
    root = tmp_path_factory.mktemp("checkpoints")

    def folder(family: str) -> Path:
        path = root / family
        return path if path.exists() else build(family, path)

    return folder


@pytest.fixture(scope="session")
def pictures() -> list[Picture]:
    """Four pictures of 96x64 in very different colours."""
    rng = np.random.default_rng(0)
    grain = rng.integers(0, 60, (64, 96, 3), dtype=np.uint8)
    return [
        grain + np.array(colour, np.uint8) for colour in ((0, 0, 0), (190, 0, 0), (0, 190, 60), (190,) * 3)
    ]
