"""The exported model is the trained network, for any size of picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from semvid.errors import InvalidInput, SemvidError
from semvid.images import restorer as module
from semvid.images.detail import grain_pattern
from semvid.images.restorer import Coding, Restorer
from semvid.rife.onnx_graph import OnnxGraph
from training.export import restorer_model, take_weights, worst_difference
from training.network import RestorerNetwork


@pytest.fixture(scope="module")
def network() -> RestorerNetwork:
    """Random weights, so that every one of them matters."""
    torch.manual_seed(3)
    made = RestorerNetwork()
    torch.nn.init.normal_(made.leave.weight, std=0.02)
    return made


@pytest.fixture(scope="module")
def model(network: RestorerNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "restorer.onnx"
    path.write_bytes(restorer_model(network))
    return path


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_onnx_runtime_gives_what_torch_gives(network: RestorerNetwork, model: Path) -> None:
    assert worst_difference(model, network) < 1e-4
    assert model.stat().st_size < 5e6
    torch.manual_seed(4)
    with pytest.raises(SemvidError, match="differs from the trained one"):
        worst_difference(model, RestorerNetwork())


def test_a_picture_of_uneven_sides_is_restored_as_torch_would(network: RestorerNetwork, model: Path) -> None:
    picture, coding = noise(48, 64), Coding(200, 0.5, 2)
    planes = torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32) / 255)
    grain = torch.from_numpy(grain_pattern(48, 64)[None, None])
    with torch.no_grad():
        wanted = network(planes, torch.from_numpy(coding.conditions()[None]), grain)[0]
    ours = Restorer(model).restore(picture, coding)
    assert np.abs(ours - (255 * wanted).clamp(0, 255).numpy().transpose(1, 2, 0)).max() < 0.6
    for height, width in ((45, 61), (7, 9), (1, 1)):
        made = Restorer(model).restore(noise(height, width), coding)
        assert made.shape == (height, width, 3)
        assert made.dtype == np.uint8


def test_conditions_are_heeded(model: Path) -> None:
    made = [
        Restorer(model).restore(noise(24, 32), Coding(*coding))
        for coding in ((200, 1.0, 0), (90, 1.0, 0), (200, 0.25, 0), (200, 1.0, 3))
    ]
    assert all(not np.array_equal(made[0], other) for other in made[1:])


def test_tall_pictures_are_restored_in_bands_without_a_seam(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, coding, restorer = noise(320, 24), Coding(200, 1.0, 0), Restorer(model)
    whole = restorer.restore(picture, coding)
    monkeypatch.setattr(module, "_BAND", 104)
    assert np.abs(restorer.restore(picture, coding).astype(int) - whole).max() <= 1


def test_a_network_takes_the_weights_of_a_model_and_nothing_else(
    network: RestorerNetwork, model: Path, tmp_path: Path
) -> None:
    torch.manual_seed(4)
    other = RestorerNetwork()
    take_weights(model, other)
    assert restorer_model(other) == model.read_bytes()
    (tmp_path / "text.onnx").write_text("no network")
    for path, complaint in (
        (tmp_path / "text.onnx", "no ONNX model"),
        (tmp_path / "none.onnx", "no ONNX model"),
    ):
        with pytest.raises(InvalidInput, match=complaint):
            take_weights(path, other)
    graph = OnnxGraph()
    graph.name_output("end", graph("Add", "images", np.ones((3, 1), np.float32)))
    (tmp_path / "flat.onnx").write_bytes(graph.model("flat", {"images": (1, 3, 8, 8)}, {"end": (1, 3, 8, 8)}))
    with pytest.raises(InvalidInput, match="no restorer of this shape"):
        take_weights(tmp_path / "flat.onnx", other)
