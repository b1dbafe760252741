from __future__ import annotations

import pytest

from semvid.rife.checkpoint import read_checkpoint
from semvid.rife.graph import rife_model
from semvid.rife.network import RifeNetwork
from tests.models.tiny_rife import tiny_checkpoint


@pytest.fixture(scope="session")
def checkpoint() -> bytes:
    """A tiny random RIFE as torch saves it."""
    return tiny_checkpoint()


@pytest.fixture(scope="session")
def model(checkpoint: bytes) -> bytes:
    """The same as an ONNX model."""
    return rife_model(read_checkpoint(checkpoint))


@pytest.fixture(scope="session")
def network(model: bytes) -> RifeNetwork:
    """The same, loaded."""
    return RifeNetwork(model, "cpu", threads=1)
