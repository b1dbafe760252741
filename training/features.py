"""A published network as a judge inside the loss: its ONNX graph, run by torch so that it has slopes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from semvid.errors import InvalidInput, MissingComponent

_TAPS: Final = 4
_LEVELS: Final = 255.0


class Features(nn.Module):
    """What a convolutional network sees at its first four sizes.

    Taken is what goes into each of its first four convolutions with a stride, the first excepted where it
    looks at the picture itself. Made for YOLOX-nano: blue, green, red in 0..255 go in. Its weights stay
    as they are.

    Args:
        path: of the ONNX model, with one input [1, 3, h, w].

    Raises:
        MissingComponent: the package ``onnx`` is not installed.
        InvalidInput: no such model, or operators before the last tap that are not known here.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
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
            raise InvalidInput(f"training: --features {path} is no ONNX model; give YOLOX-nano's") from error
        self._constants = {
            one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer
        }
        self._input = graph.input[0].name
        self._nodes: list[tuple[str, list[str], str, dict[str, Any]]] = []
        self._taps: list[str] = []
        for node in graph.node:
            told = {one.name: helper.get_attribute_value(one) for one in node.attribute}
            strided = node.op_type == "Conv" and max(told.get("strides", [1])) > 1
            if strided and node.input[0] != self._input:
                self._taps.append(node.input[0])
            if len(self._taps) == _TAPS:
                break
            if node.op_type == "Constant":
                self._constants[node.output[0]] = torch.from_numpy(
                    numpy_helper.to_array(told["value"]).copy()
                )
            elif node.op_type in _OPERATORS:
                self._nodes.append((node.op_type, list(node.input), node.output[0], told))
            else:
                break
        if not self._taps:
            raise InvalidInput(
                f"training: --features {path} has no convolution with a stride that can be reached with "
                f"{', '.join(sorted(_OPERATORS))}; give YOLOX-nano's model"
            )

    def to_device(self, device: torch.device) -> Features:
        """Itself, on ``device``."""
        self._constants = {name: value.to(device) for name, value in self._constants.items()}
        return self

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Of float32 [n, 3, h, w], RGB 0..1; sides are multiples of 32."""
        values = self._constants | {self._input: picture.flip(1) * _LEVELS}
        for operator, names, result, told in self._nodes:
            values[result] = _OPERATORS[operator]([values[name] for name in names], told)
        return [values[tap] for tap in self._taps]

    def distance(self, made: Tensor, real: Tensor) -> Tensor:
        """Mean squared distance of the unit vectors at each place, over all taps."""
        with torch.no_grad():
            wanted = self(real)
        each = [
            ((functional.normalize(a, dim=1) - functional.normalize(b, dim=1)) ** 2).sum(1).mean()
            for a, b in zip(self(made), wanted, strict=True)
        ]
        return torch.stack(each).mean()


def _convolution(x: list[Tensor], told: dict[str, Any]) -> Tensor:
    pads = told.get("pads", [0] * 4)
    return functional.conv2d(
        functional.pad(x[0], (pads[1], pads[3], pads[0], pads[2])),
        x[1],
        x[2] if len(x) > 2 else None,
        stride=tuple(told.get("strides", [1, 1])),
        groups=int(told.get("group", 1)),
    )


def _slice(x: list[Tensor], told: dict[str, Any]) -> Tensor:  # noqa: ARG001
    data, firsts, ends, axes = x[0], *(one.tolist() for one in x[1:4])
    steps = x[4].tolist() if len(x) > 4 else [1] * len(firsts)
    taken = [slice(None)] * data.dim()
    for axis, first, end, step in zip(axes, firsts, ends, steps, strict=True):
        taken[axis] = slice(first, end, step)
    return data[tuple(taken)]


_OPERATORS: Final[dict[str, Callable[[list[Tensor], dict[str, Any]], Tensor]]] = {
    "Add": lambda x, _: x[0] + x[1],
    "Concat": lambda x, told: torch.cat(x, told["axis"]),
    "Conv": _convolution,
    "Identity": lambda x, _: x[0],
    "Mul": lambda x, _: x[0] * x[1],
    "Relu": lambda x, _: functional.relu(x[0]),
    "Sigmoid": lambda x, _: torch.sigmoid(x[0]),
    "Slice": _slice,
}
