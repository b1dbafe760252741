from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from receiver.decoders import make_decoder
from receiver.decoders.decoder import SegmentRequest
from receiver.decoders.options import DecoderOptions
from tests.models.tiny_video import checkpoint

Picture = np.ndarray


@pytest.fixture(scope="session")
def tiny_decoder() -> Callable[..., Any]:
    """A decoder over a tiny pipeline of some kind, two steps, without guidance unless asked for."""

    @functools.cache
    def load(kind: str, **options: Any) -> Any:
        return make_decoder(
            f"hf:{checkpoint(kind)}", DecoderOptions(**{"steps": 2, "guidance": 1.0, **options})
        )

    return load


@pytest.fixture(scope="session")
def pictures() -> list[Picture]:
    """Four pictures of 96 x 64."""
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (64, 96, 3), np.uint8) for _ in range(4)]


@pytest.fixture(scope="session")
def generate() -> Callable[..., list[Picture]]:
    """Calls a decoder as the receiver does."""

    def run(decoder: Any, start: Picture, end: Picture, count: int, **changes: Any) -> list[Picture]:
        calls = {"progress": lambda share: None, "cancelled": lambda: False}
        calls |= {name: changes.pop(name) for name in calls if name in changes}
        height, width = start.shape[:2]
        request = SegmentRequest(start, end, width, height, "a boat moves", 0.002, count, 24.0, 2**64 - 1)
        return list(decoder.generate(replace(request, **changes), **calls))

    return run
