from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from semvid.errors import InvalidInput, MissingComponent
from semvid.rife.network import RifeNetwork, providers_of
from tests.models.tiny_rife import planes, tiny_rife
from tests.unit.rife.scene import scene

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def test_motion_is_that_of_the_published_network(network: RifeNetwork) -> None:
    start, end = scene(0, 128, 192), scene(6, 128, 192)
    motion = network.motion(network.seen(start), network.seen(end), 0.4, (192, 128))
    with torch.no_grad():
        expected = {
            name: plane[0].numpy() for name, plane in tiny_rife()(planes(start), planes(end), 0.4).items()
        }
    flow = expected["flow"].transpose(1, 2, 0)
    np.testing.assert_allclose(motion.to_start, flow[..., :2], atol=0.02)
    np.testing.assert_allclose(motion.to_end, flow[..., 2:], atol=0.02)
    np.testing.assert_allclose(motion.share_of_start, expected["mask"][0], atol=0.001)


def test_sides_are_padded_by_what_is_at_the_edge(network: RifeNetwork) -> None:
    start, end = scene(0, 65, 130), scene(4, 65, 130)
    seen = network.seen(start)
    assert (seen.shape, seen.dtype) == ((1, 3, 128, 192), np.float32)
    np.testing.assert_array_equal(seen[0, :, :65, :130] * 255, start.transpose(2, 0, 1))
    assert (seen[0, :, 65:, :130] == seen[0, :, 64:65, :130]).all()
    assert (seen[0, :, :, 130:] == seen[0, :, :, 129:130]).all()
    motion = network.motion(seen, network.seen(end), 0.5, (130, 65))
    assert motion.to_start.shape == motion.to_end.shape == (65, 130, 2)
    assert motion.share_of_start.shape == (65, 130)


def test_of_large_pictures_it_sees_small_copies_and_motion_is_in_pixels_of_the_large(model: bytes) -> None:
    whole = RifeNetwork(model, "cpu", 1)
    half = RifeNetwork(model, "cpu", 1, pixels=64 * 128)
    small = [scene(shift, 64, 128) for shift in (0, 4)]
    large = [np.repeat(np.repeat(picture, 2, 0), 2, 1) for picture in small]
    assert half.seen(large[0]).shape == (1, 3, 64, 128)
    got = half.motion(half.seen(large[0]), half.seen(large[1]), 0.5, (256, 128))
    fine = whole.motion(whole.seen(small[0]), whole.seen(small[1]), 0.5, (128, 64))
    for mine, theirs in ((got.to_start, fine.to_start), (got.to_end, fine.to_end)):
        np.testing.assert_allclose(mine, cv2.resize(2 * theirs, (256, 128)), atol=1e-4)
        assert np.abs(theirs).max() > 1
    np.testing.assert_allclose(got.share_of_start, cv2.resize(fine.share_of_start, (256, 128)), atol=1e-4)


def test_any_thread_gets_the_same(network: RifeNetwork, model: bytes) -> None:
    pairs = [(network.seen(scene(0, 64, 128)), network.seen(scene(shift, 64, 128))) for shift in range(1, 9)]
    for one in (network, RifeNetwork(model, "cpu", threads=2)):
        alone = [one.motion(*pair, 0.5, (128, 64)).to_start for pair in pairs]
        with ThreadPoolExecutor(4) as threads:
            together = list(threads.map(lambda pair, n=one: n.motion(*pair, 0.5, (128, 64)).to_start, pairs))
        for expected, got in zip(alone, together, strict=True):
            np.testing.assert_array_equal(got, expected)


def test_which_device_it_takes() -> None:
    assert providers_of("cpu", [CUDA, CPU]) == [CPU]
    assert providers_of("auto", [CPU]) == [CPU]
    for device, number in (("auto", 0), ("cuda", 0), ("cuda:3", 3)):
        (name, settings), last = providers_of(device, [CUDA, CPU])
        assert (name, settings["device_id"], last) == (CUDA, number, CPU)
    with pytest.raises(MissingComponent, match="onnxruntime-gpu"):
        providers_of("cuda:1", [CPU])
    for wrong in ("gpu", "cuda:x", "cuda:", ""):
        with pytest.raises(InvalidInput, match="no device"):
            providers_of(wrong, [CUDA, CPU])


def test_another_model_is_refused() -> None:
    plane = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "other", plane[:1], plane[1:])
    other = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(other)
    with pytest.raises(InvalidInput, match="turns x into y, which is not RIFE"):
        RifeNetwork(other.SerializeToString(), "cpu")
    with pytest.raises(InvalidInput, match="does not take the model"):
        RifeNetwork(b"no model", "cpu")


def test_without_onnx_runtime_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingComponent, match=r"pip install onnxruntime"):
        RifeNetwork(model)
