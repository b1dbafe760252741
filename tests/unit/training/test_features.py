from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from semvid.errors import InvalidInput
from semvid.rife.onnx_graph import OnnxGraph
from training.features import Features


def build(path: Path, last: str = "Relu") -> Path:
    """Three sizes; what goes into the second and third strided convolution are outputs too."""
    rng = np.random.default_rng(0)
    graph = OnnxGraph()

    def convolution(x: str, into: int, out: int, stride: int, groups: int = 1) -> str:
        weight = rng.normal(0, 0.3, (out, into // groups, 3, 3)).astype(np.float32)
        bias = rng.normal(0, 0.1, out).astype(np.float32)
        told = {"kernel_shape": [3, 3], "strides": [stride, stride], "group": groups}
        return graph("Conv", x, weight, bias, pads=[1, 1, 1, 1], **told)

    every_other = [np.array(number) for number in ([0, 0], [64, 64], [2, 3], [2, 2])]
    x = convolution(graph("Slice", "images", *every_other), 3, 8, 2)
    first = graph("Mul", x, graph("Sigmoid", x))
    x = graph(last, convolution(first, 8, 8, 2, groups=8))
    second = graph("Add", graph("Concat", x, x, axis=1), 0.5)
    graph.name_output("first", first)
    graph.name_output("second", second)
    graph.name_output("end", convolution(second, 16, 4, 2))
    shapes: dict[str, tuple[int | str, ...]] = dict.fromkeys(("first", "second", "end"), ("n", "c", "h", "w"))
    path.write_bytes(graph.model("eyes", {"images": (1, 3, 64, 64)}, shapes))
    return path


def test_it_sees_what_onnx_runtime_sees(tmp_path: Path) -> None:
    path = build(tmp_path / "eyes.onnx")
    picture = torch.rand((1, 3, 64, 64), generator=torch.Generator().manual_seed(1))
    bgr = (picture.flip(1) * 255).numpy()
    theirs = onnxruntime.InferenceSession(path.read_bytes()).run(["first", "second"], {"images": bgr})
    *ours, first, second = Features(path)(picture)
    assert len(ours) == 1  # what goes into the first one: the sliced picture
    for mine, its in zip((first, second), theirs, strict=True):
        assert np.allclose(mine.numpy(), its, rtol=1e-4, atol=1e-3)


def test_distance_is_none_for_equal_pictures_and_has_a_slope(tmp_path: Path) -> None:
    features = Features(build(tmp_path / "eyes.onnx"))
    real = torch.rand((2, 3, 64, 64), generator=torch.Generator().manual_seed(1))
    assert float(features.distance(real, real)) == 0
    made = (0.9 * real).requires_grad_()
    distance = features.distance(made, real.roll(1, 3))
    (slope,) = torch.autograd.grad(distance, made)
    assert distance > 0
    assert slope.abs().max() > 0


def test_other_files_and_networks_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no network")
    for path in (tmp_path / "text.onnx", tmp_path / "missing.onnx"):
        with pytest.raises(InvalidInput, match="no ONNX model"):
            Features(path)
    graph = OnnxGraph()
    graph.name_output("end", graph("Tanh", "images"))
    (tmp_path / "flat.onnx").write_bytes(graph.model("flat", {"images": (1, 3, 8, 8)}, {"end": (1, 3, 8, 8)}))
    with pytest.raises(InvalidInput, match="no convolution with a stride"):
        Features(tmp_path / "flat.onnx")
