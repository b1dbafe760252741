from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from semvid.errors import InvalidInput
from semvid.rife.onnx_graph import OnnxGraph
from training.features import Features, Lpips
from training.losses import GLANCE_WEIGHT, LPIPS_WEIGHT, Loss


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


def test_distances_are_none_for_equal_pictures_and_have_a_slope(tmp_path: Path) -> None:
    features = Features(build(tmp_path / "eyes.onnx"))
    real = torch.rand((2, 3, 128, 128), generator=torch.Generator().manual_seed(1))
    assert [float(each) for each in features.distances(real, real)] == pytest.approx([0, 0], abs=1e-6)
    for number in (0, 1):
        made = (0.9 * real).requires_grad_()
        distance = features.distances(made, real.roll(1, 3))[number]
        (slope,) = torch.autograd.grad(distance, made)
        assert distance > 0
        assert slope.abs().max() > 0


def test_what_has_moved_is_unlike_at_its_places_and_hardly_on_the_whole(tmp_path: Path) -> None:
    features = Features(build(tmp_path / "eyes.onnx"))
    real = torch.rand((1, 3, 128, 128), generator=torch.Generator().manual_seed(1))
    places, whole = (float(each) for each in features.distances(real.roll(16, 3), real))
    flat_places, flat_whole = (float(each) for each in features.distances(torch.full_like(real, 0.5), real))
    assert whole / places < 0.1 * flat_whole / flat_places


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


def lpips_like(path: Path) -> Path:
    """A convolution, a pool, unit vectors, weighted squares, means: every operator of the real one."""
    rng = np.random.default_rng(0)
    graph = OnnxGraph()
    weight, bias = rng.normal(0, 0.3, (8, 3, 3, 3)).astype(np.float32), np.zeros(8, np.float32)
    seen = []
    for name in ("a", "b"):
        x = graph("Div", graph("Sub", name, 0.1), 0.5)
        x = graph("Relu", graph("Conv", x, weight, bias, kernel_shape=[3, 3], strides=[2, 2]))
        x = graph("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
        length = graph("Sqrt", graph("ReduceSum", graph("Pow", x, 2.0), np.array([1]), keepdims=1))
        seen.append(graph("Div", x, graph("Add", length, 1e-6)))
    weighted = graph(
        "Mul", graph("Pow", graph("Sub", *seen), 2.0), rng.random((1, 8, 1, 1)).astype(np.float32)
    )
    summed = graph("ReduceSum", weighted, np.array([1]), keepdims=0)
    graph.name_output("d", graph("ReduceMean", summed, axes=[1, 2], keepdims=0))
    inputs: dict[str, tuple[int | str, ...]] = dict.fromkeys(("a", "b"), ("n", 3, "h", "w"))
    path.write_bytes(graph.model("distance", inputs, {"d": ("n",)}))
    return path


def test_lpips_is_what_onnx_runtime_makes_of_it_and_has_a_slope_everywhere(tmp_path: Path) -> None:
    path = lpips_like(tmp_path / "lpips.onnx")
    made, real = torch.rand((2, 2, 3, 65, 70), generator=torch.Generator().manual_seed(1))
    feeds = {"a": (2 * made - 1).numpy(), "b": (2 * real - 1).numpy()}
    (theirs,) = onnxruntime.InferenceSession(path.read_bytes()).run(None, feeds)
    loss = Loss(lpips=Lpips(path))
    parts = loss.parts(made.requires_grad_(), real)
    assert loss.lpips is not None
    assert loss.lpips(made, real).item() == pytest.approx(theirs.mean(), rel=1e-4)
    # and no other idea of texture beside it
    wanted = parts["difference"] + LPIPS_WEIGHT * parts["lpips"] + GLANCE_WEIGHT * parts["glance"]
    assert loss.total(parts).item() == pytest.approx(wanted.item())
    for number in (0, 1):
        distance = Lpips(path).distances(made, torch.zeros_like(made))[number]
        (slope,) = torch.autograd.grad(distance, made)
        assert torch.isfinite(slope).all()
        assert slope.abs().max() > 0


def test_what_lpips_sees_last_differs_on_the_whole_where_something_else_is_there(tmp_path: Path) -> None:
    lpips = Lpips(lpips_like(tmp_path / "lpips.onnx"))
    real = torch.rand((1, 3, 64, 64), generator=torch.Generator().manual_seed(1))
    equal, moved, flat = (
        float(lpips.distances(made, real)[1]) for made in (real, real.roll(16, 3), torch.full_like(real, 0.5))
    )
    assert equal == pytest.approx(0, abs=1e-6)
    assert moved < 0.1 * flat


def test_what_is_not_lpips_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="takes images"):
        Lpips(build(tmp_path / "eyes.onnx"))
