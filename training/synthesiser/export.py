"""A trained synthesiser as an ONNX model."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import nn

from semvid.images.synthesiser import INPUTS, OUTPUTS, STEP
from semvid.rife.onnx_graph import OnnxGraph
from training import onnx_layers
from training.onnx_layers import layer_of, told_of
from training.synthesiser.network import COLOUR, LUMA, MOTION_SCALE, SHARE, SHIFTS, SynthesiserNetwork

_HALVES: Final = (5 * STEP // 2, 7 * STEP // 2)  # sides of what is tried
_BOTH: Final = 2  # keyframes


def synthesiser_model(network: SynthesiserNetwork) -> bytes:
    """The network as ONNX, for pictures of any size whose sides are multiples of `STEP`.

    Raises:
        ImportError: the package ``onnx`` is not installed.
    """
    graph = OnnxGraph()
    luma, colour, motion, share, time = INPUTS
    # of one plane SpaceToDepth makes what pixel_unshuffle makes; of two it would mix them
    places = [
        graph("SpaceToDepth", graph.slice(luma, plane, plane + 1), blocksize=2) for plane in range(_BOTH)
    ]
    seen = graph("Concat", *places, colour, graph("Mul", motion, MOTION_SCALE), share, axis=1)
    half = graph("Relu", layer_of(graph, network.enter, seen))
    quarter = _blocks(graph, network.quarter_down, layer_of(graph, network.down[0], half))
    eighth = told_of(graph, network.told, time, layer_of(graph, network.down[1], quarter))
    eighth = _blocks(graph, network.eighth, eighth)
    quarter = _blocks(
        graph, network.quarter_up, graph("Add", quarter, layer_of(graph, network.up[1], eighth))
    )
    half = _blocks(graph, network.half_up, graph("Add", half, layer_of(graph, network.up[0], quarter)))
    said = layer_of(graph, network.leave, half)
    shift, more, added, detail = _split(graph, said, (SHIFTS, SHARE, COLOUR, LUMA))
    counted = graph("Clip", graph("Add", share, more), 0.0, 1.0)
    detail = graph("DepthToSpace", detail, blocksize=2)
    for name, x in zip(OUTPUTS, (shift, counted, added, detail), strict=True):
        graph.name_output(name, x)
    full, small = ("2 * height", "2 * width"), ("height", "width")
    return graph.model(
        "synthesiser",
        {
            luma: (1, _BOTH, *full),
            colour: (1, _BOTH * COLOUR, *small),
            motion: (1, 2, *small),
            share: (1, SHARE, *small),
            time: (1, 1),
        },
        dict(
            zip(
                OUTPUTS,
                ((1, SHIFTS, *small), (1, SHARE, *small), (1, COLOUR, *small), (1, 1, *full)),
                strict=True,
            )
        ),
    )


def worst_difference(path: Path, network: SynthesiserNetwork) -> float:
    """The largest difference between ONNX Runtime on the model at ``path`` and torch: RGB, shares and places.

    Raises:
        SemvidError: it is no rounding.
    """
    rng = np.random.default_rng(0)
    h, w = _HALVES
    shapes = ((_BOTH, 2 * h, 2 * w), (_BOTH * COLOUR, h, w), (2, h, w), (SHARE, h, w))
    feeds = {name: rng.random((1, *shape), np.float32) for name, shape in zip(INPUTS, shapes, strict=False)}
    feeds[INPUTS[-1]] = np.array([[0.3]], np.float32)
    device = next(network.parameters()).device
    with torch.no_grad():
        said = network(*(torch.from_numpy(feeds[name]).to(device) for name in INPUTS))
    return onnx_layers.worst_difference(path, feeds, dict(zip(OUTPUTS, said, strict=True)))


def _split(graph: OnnxGraph, x: str, planes: tuple[int, ...]) -> list[str]:
    ends = np.cumsum((0, *planes)).tolist()
    return [graph.slice(x, first, end) for first, end in pairwise(ends)]


def _blocks(graph: OnnxGraph, blocks: nn.Module, x: str) -> str:
    for block in blocks.children():
        inner = graph("Relu", layer_of(graph, block.first, x))
        x = graph("Add", x, layer_of(graph, block.second, inner))
    return x
