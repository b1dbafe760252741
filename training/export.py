"""A trained restorer as an ONNX model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from semvid.errors import InvalidInput
from semvid.images.restorer import INPUTS, OUTPUT, STEP
from semvid.rife.onnx_graph import OnnxGraph
from training import onnx_layers
from training.network import CONDITIONS, RestorerNetwork
from training.onnx_layers import layer_of, told_of

_SIDES: Final = (5 * STEP, 7 * STEP)  # of the picture that is tried


def restorer_model(network: RestorerNetwork) -> bytes:
    """The network as ONNX, for pictures of any size whose sides are multiples of `STEP`.

    Raises:
        ImportError: the package ``onnx`` is not installed.
    """
    graph = OnnxGraph()
    picture, conditions, grain = INPUTS
    x = layer_of(graph, network.enter, graph("Concat", picture, grain, axis=1))
    levels: list[str] = []
    for level, blocks in enumerate(network.before):
        if level:
            x = layer_of(graph, network.down[level - 1], x)
        x = told_of(graph, network.told[level], conditions, x)
        x = _blocks(graph, blocks, x)
        levels.append(x)
    for level in (1, 0):
        x = _blocks(
            graph, network.after[level], graph("Add", levels[level], layer_of(graph, network.up[level], x))
        )
    graph.name_output(OUTPUT, graph("Add", picture, layer_of(graph, network.leave, x)))
    shapes: dict[str, tuple[int | str, ...]] = {
        picture: (1, 3, "height", "width"),
        conditions: (1, CONDITIONS),
        grain: (1, 1, "height", "width"),
    }
    return graph.model("restorer", shapes, {OUTPUT: (1, 3, "height", "width")})


def take_weights(path: Path, network: RestorerNetwork) -> None:
    """Gives ``network`` the weights of a model that `restorer_model` wrote.

    Raises:
        ImportError: the package ``onnx`` is not installed.
        InvalidInput: the file is none.
    """
    import onnx
    from onnx import numpy_helper

    try:
        constants = onnx.load(str(path)).graph.initializer
    except Exception as error:  # protobuf's own errors, and those of the file system
        raise InvalidInput(f"training: --start {path} is no ONNX model; leave --start away") from error
    weights = [numpy_helper.to_array(one) for one in constants if one.data_type == onnx.TensorProto.FLOAT]
    wanted = [tensor for layer in _in_order(network) for tensor in (layer.weight, layer.bias)]
    if [weight.shape for weight in weights] != [tuple(tensor.shape) for tensor in wanted]:
        raise InvalidInput(
            f"training: --start {path} is no restorer of this shape; give one that "
            "`semvid train restorer` wrote"
        )
    with torch.no_grad():
        for tensor, weight in zip(wanted, weights, strict=True):
            tensor.copy_(torch.from_numpy(weight.copy()))


def worst_difference(path: Path, network: RestorerNetwork) -> float:
    """The largest difference between ONNX Runtime on the model at ``path`` and torch, of RGB in 0..1.

    Raises:
        SemvidError: it is no rounding.
    """
    rng = np.random.default_rng(0)
    feeds = {
        "picture": rng.random((1, 3, *_SIDES), np.float32),
        "conditions": rng.random((1, CONDITIONS), np.float32),
        "grain": rng.standard_normal((1, 1, *_SIDES), np.float32),
    }
    device = next(network.parameters()).device
    with torch.no_grad():
        made = network(*(torch.from_numpy(feeds[name]).to(device) for name in INPUTS))
    return onnx_layers.worst_difference(path, feeds, {OUTPUT: made})


def _in_order(network: RestorerNetwork) -> Iterator[Any]:
    """Its layers in the order of `restorer_model`."""

    def of_blocks(blocks: nn.Module) -> Iterator[Any]:
        for block in blocks.children():
            yield from (block.first, block.second)

    yield network.enter
    for level, blocks in enumerate(network.before):
        if level:
            yield network.down[level - 1]
        yield network.told[level]
        yield from of_blocks(blocks)
    for level in (1, 0):
        yield network.up[level]
        yield from of_blocks(network.after[level])
    yield network.leave


def _blocks(graph: OnnxGraph, blocks: nn.Module, x: str) -> str:
    for block in blocks.children():
        inner = layer_of(graph, block.first, x)
        inner = graph("Mul", inner, graph("Sigmoid", inner))
        x = graph("Add", x, layer_of(graph, block.second, inner))
    return x
