"""The graph computes what the published network does: compared with it in torch, at random weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from semvid.errors import InvalidInput, MissingComponent
from semvid.rife.checkpoint import read_checkpoint
from semvid.rife.graph import CELLS, STEP, rife_model
from tests.models.tiny_rife import Rife, planes, tiny_checkpoint, tiny_rife
from tests.unit.rife.scene import scene

SIZES = ((128, 192), (64, 64), (192, 128))


def run(model: bytes, start: torch.Tensor, end: torch.Tensor, t: float) -> dict[str, np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feeds = {"start": start.numpy(), "end": end.numpy(), "time": np.array([t], np.float32)}
    return dict(zip(("flow", "mask"), session.run(["flow", "mask"], feeds), strict=True))


def reference(net: Rife, *inputs: Any) -> dict[str, np.ndarray]:
    with torch.no_grad():
        return {name: plane.numpy() for name, plane in net(*inputs).items()}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("t", [0.1, 0.5])
def test_it_is_the_published_network_but_for_where_blocks_look(
    model: bytes, size: tuple[int, int], t: float
) -> None:
    start, end = planes(scene(0, *size)), planes(scene(6, *size))
    got = run(model, start, end, t)
    same = reference(tiny_rife(), start, end, t, True)
    for name, found in got.items():
        assert found.shape == same[name].shape
        np.testing.assert_allclose(found, same[name], atol=3e-5, err_msg=name)
    assert np.abs(got["flow"]).max() > 1  # something moved, so something was compared
    assert got["mask"].std() > 0.005


def test_where_blocks_look_hardly_matters_while_motion_is_smooth(model: bytes) -> None:
    """By 0.02 pixels at most in these pictures; other weights, order or times by 20 times as much."""
    start, end = planes(scene(0, *SIZES[0])), planes(scene(6, *SIZES[0]))
    got = run(model, start, end, 0.3)
    published = reference(tiny_rife(), start, end, 0.3)
    np.testing.assert_allclose(got["flow"], published["flow"], atol=0.02)
    np.testing.assert_allclose(got["mask"], published["mask"], atol=0.001)
    for wrong in (
        (tiny_rife(1), start, end, 0.3),
        (tiny_rife(), end, start, 0.3),
        (tiny_rife(), start, end, 0.5),
    ):
        assert np.abs(got["flow"] - reference(*wrong)["flow"]).max() > 0.4


def test_numbers_of_channels_are_read_off_the_weights() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        net = Rife(widths=(6, 8, 4, 6, 4), features=4, memory=2).eval()
    model = rife_model({name: weight.numpy() for name, weight in net.state_dict().items()})
    start, end = planes(scene(0, 64, 128)), planes(scene(3, 64, 128))
    same = reference(net, start, end, 0.5, True)
    for name, found in run(model, start, end, 0.5).items():
        np.testing.assert_allclose(found, same[name], atol=1e-5, err_msg=name)


def test_the_same_weights_give_the_same_bytes(model: bytes, checkpoint: bytes) -> None:
    assert rife_model(read_checkpoint(checkpoint)) == model
    assert onnx.load_from_string(model).opset_import[0].version == 17
    assert 4 * CELLS[0] == STEP


def test_weights_of_another_network_are_refused() -> None:
    weights = read_checkpoint(tiny_checkpoint())
    for gone in ("encode.cnn3.bias", "block4.convblock.7.beta", "block0.lastconv.0.bias"):
        with pytest.raises(InvalidInput, match=f"no weight {gone}"):
            rife_model({name: weight for name, weight in weights.items() if name != gone})
    with pytest.raises(InvalidInput, match=r"block1.conv0.0.0.weight has shape .* where any x 23 x 3 x 3"):
        rife_model(weights | {"block1.conv0.0.0.weight": np.zeros((6, 5, 3, 3), np.float32)})
    fewer = {"weight": np.zeros((12, 36, 4, 4), np.float32), "bias": np.zeros(36, np.float32)}
    with pytest.raises(InvalidInput, match=r"block1.lastconv.0 gives 9 planes"):
        rife_model(weights | {f"block1.lastconv.0.{name}": weight for name, weight in fewer.items()})


def test_without_the_package_onnx_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(MissingComponent, match=r"semvid\[rife\]"):
        rife_model({})
