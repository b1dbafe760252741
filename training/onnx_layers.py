"""Layers of torch as nodes of ONNX, and whether the two say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from semvid.errors import SemvidError
from semvid.rife.onnx_graph import OnnxGraph

TOLERANCE: Final = 1e-3  # of RGB in 0..1; a quarter of a level


def layer_of(graph: OnnxGraph, layer: nn.Module, x: str) -> str:
    """What a convolution, plain or transposed, makes of ``x``."""
    assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    assert layer.bias is not None
    pads = [int(side) for side in layer.padding] * 2
    return graph(
        "Conv" if isinstance(layer, nn.Conv2d) else "ConvTranspose",
        x,
        array_of(layer.weight),
        array_of(layer.bias),
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.stride),
        pads=pads,
    )


def told_of(graph: OnnxGraph, layer: nn.Module, conditions: str, x: str) -> str:
    """``x`` [n, channels, h, w] and, in each place, what a linear layer makes of ``conditions`` [n, many]."""
    assert isinstance(layer, nn.Linear)
    shift = graph("Gemm", conditions, array_of(layer.weight), array_of(layer.bias), transB=1)
    return graph("Add", x, graph("Unsqueeze", shift, np.array([2, 3])))


def array_of(tensor: torch.Tensor) -> NDArray[np.float32]:
    """Its numbers, on the CPU."""
    array: NDArray[np.float32] = tensor.detach().cpu().contiguous().numpy()
    return array


def worst_difference(
    path: Path, feeds: Mapping[str, NDArray[Any]], trained: Mapping[str, torch.Tensor]
) -> float:
    """The largest difference between ONNX Runtime on the model at ``path`` and torch.

    Args:
        path: of the model.
        feeds: its inputs by name.
        trained: what torch gave for them, by the names of its outputs.

    Raises:
        SemvidError: it is no rounding.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    exported: Sequence[NDArray[np.float32]] = session.run(list(trained), dict(feeds))
    difference = max(
        float(np.abs(ours - array_of(theirs)).max())
        for ours, theirs in zip(exported, trained.values(), strict=True)
    )
    if not difference < TOLERANCE:
        raise SemvidError(f"training: the exported model differs from the trained one by {difference:.2g}")
    return difference
