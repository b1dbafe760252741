"""A published network, read from its ONNX file and run by torch, so that a loss through it has slopes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from semvid.errors import InvalidInput, MissingComponent

_STEEPEST_ROOT: Final = 1e-10  # keeps the slope of a root finite where it is zero


@dataclass(frozen=True, slots=True)
class Node:
    """One operator.

    Attributes:
        operator: of ONNX.
        inputs, output: names of values.
        told: its attributes.
    """

    operator: str
    inputs: tuple[str, ...]
    output: str
    told: Mapping[str, Any]


class Graph:
    """Operators in the order of the file; weights stay as they are.

    Args:
        path: of the ONNX model.
        asked: how the user named it, for errors; for example ``--features``.

    Attributes:
        inputs, outputs: names.
        nodes: constants excepted.

    Raises:
        MissingComponent: the package ``onnx`` is not installed.
        InvalidInput: the file is no ONNX model.
    """

    def __init__(self, path: Path, asked: str) -> None:
        try:
            import onnx
            from onnx import helper, numpy_helper
        except ImportError as error:
            raise MissingComponent(
                'training: onnx is not installed; pip install "semvid[training]"'
            ) from error
        try:
            graph = onnx.load(str(path)).graph
        except Exception as error:  # protobuf's own errors, and those of the file system
            raise InvalidInput(f"training: {asked} {path} is no ONNX model") from error
        self._constants = {
            one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer
        }
        self.inputs = [one.name for one in graph.input]
        self.outputs = [one.name for one in graph.output]
        self.nodes: list[Node] = []
        for node in graph.node:
            told = {one.name: helper.get_attribute_value(one) for one in node.attribute}
            if node.op_type == "Constant":
                value = numpy_helper.to_array(told["value"]).copy()
                self._constants[node.output[0]] = torch.from_numpy(value)
            else:
                self.nodes.append(Node(node.op_type, tuple(node.input), node.output[0], told))

    def to_device(self, device: torch.device) -> None:
        """Moves its weights."""
        self._constants = {name: value.to(device) for name, value in self._constants.items()}

    def is_constant(self, name: str) -> bool:
        """Whether the value of ``name`` stands in the file."""
        return name in self._constants

    def run(self, nodes: list[Node], feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """All values by name after ``nodes``, each of which `is_known`."""
        values = self._constants | dict(feeds)
        for node in nodes:
            values[node.output] = _OPERATORS[node.operator]([values[name] for name in node.inputs], node.told)
        return values


def is_known(node: Node) -> bool:
    """Whether torch can run it here."""
    return node.operator in _OPERATORS


def known_operators() -> str:
    """For errors."""
    return ", ".join(sorted(_OPERATORS))


def _convolution(x: list[Tensor], told: Mapping[str, Any]) -> Tensor:
    pads = told.get("pads", [0] * 4)
    return functional.conv2d(
        functional.pad(x[0], (pads[1], pads[3], pads[0], pads[2])),
        x[1],
        x[2] if len(x) > 2 else None,
        stride=tuple(told.get("strides", [1, 1])),
        groups=int(told.get("group", 1)),
    )


def _slice(x: list[Tensor], told: Mapping[str, Any]) -> Tensor:  # noqa: ARG001
    data, firsts, ends, axes = x[0], *(one.tolist() for one in x[1:4])
    steps = x[4].tolist() if len(x) > 4 else [1] * len(firsts)
    taken = [slice(None)] * data.dim()
    for axis, first, end, step in zip(axes, firsts, ends, steps, strict=True):
        taken[axis] = slice(first, end, step)
    return data[tuple(taken)]


def _largest(x: list[Tensor], told: Mapping[str, Any]) -> Tensor:
    pads = told.get("pads", [0] * 4)
    return functional.max_pool2d(
        functional.pad(x[0], (pads[1], pads[3], pads[0], pads[2]), value=-torch.inf),
        tuple(told["kernel_shape"]),
        tuple(told.get("strides", [1, 1])),
        ceil_mode=bool(told.get("ceil_mode", 0)),
    )


def _axes(x: list[Tensor], told: Mapping[str, Any]) -> list[int]:
    """A second input from some version of ONNX on, an attribute before."""
    return list(x[1].tolist() if len(x) > 1 else told["axes"])


_OPERATORS: Final[dict[str, Callable[[list[Tensor], Mapping[str, Any]], Tensor]]] = {
    "Add": lambda x, _: x[0] + x[1],
    "Concat": lambda x, told: torch.cat(x, told["axis"]),
    "Conv": _convolution,
    "Div": lambda x, _: x[0] / x[1],
    "Identity": lambda x, _: x[0],
    "MaxPool": _largest,
    "Mul": lambda x, _: x[0] * x[1],
    "Pow": lambda x, _: x[0] ** x[1],
    "ReduceMean": lambda x, told: x[0].mean(_axes(x, told), keepdim=bool(told.get("keepdims", 1))),
    "ReduceSum": lambda x, told: x[0].sum(_axes(x, told), keepdim=bool(told.get("keepdims", 1))),
    "Relu": lambda x, _: functional.relu(x[0]),
    "Sigmoid": lambda x, _: torch.sigmoid(x[0]),
    "Slice": _slice,
    "Sqrt": lambda x, _: torch.sqrt(x[0] + _STEEPEST_ROOT),
    "Sub": lambda x, _: x[0] - x[1],
}
