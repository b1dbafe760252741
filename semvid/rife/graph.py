"""RIFE's network (version 4.25 of its authors' practical models) as an ONNX graph, from its weights.

Five blocks look at the two pictures on grids of 1/16, 1/8, 1/4, 1/2 and 1/1 of the sides. Each sees the
pictures moved by what the blocks before found, and adds to the flow; the last one's mask says from which
picture a pixel comes. The graph computes what the published code does in another order, made for CPUs:

- Flow, mask and memory of a block stay on its own grid. The published code enlarges them to the full size and
  makes them smaller for the next block, which gives the same numbers.
- A block sees the pictures at the middle of its cells. The published code moves them at full size and then
  takes the mean of the four pixels around the middle: the same where those four move alike.
- A convolution that is scaled and added to its input is one convolution; a transposed convolution is a
  convolution with four times the channels; what nobody reads of the last block is left out. Exact.
- The pictures themselves are moved outside, by the caller: `semvid.rife.bridge`.

The ``onnx`` package is needed here only.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, MissingComponent
from semvid.rife.onnx_graph import OnnxGraph

CELLS: Final = (16, 8, 4, 2, 1)
"""Pixels between neighbours on the grid of each block."""
STEP: Final = 64
"""Sides of pictures are multiples of this many pixels: the coarsest grid, halved twice by its block."""

_RESIDUALS: Final = 8  # convolutions of a block that are added to their input
_RGB: Final = 3
_FLOW: Final = 4  # planes: x and y from the picture in between to the start, and to the end
_MASK: Final = 1
_SLOPE: Final = 0.2  # of the leaky rectifier below zero

Weights = Mapping[str, NDArray[Any]]


def rife_model(weights: Weights) -> bytes:
    """The network as a serialised ONNX model (opset 17).

    Inputs: ``start`` and ``end``, float32 [1, 3, height, width] RGB in 0..1, sides multiples of `STEP`;
    ``time`` float32 [1], 0..1. Outputs: ``flow`` float32 [1, 4, height, width], pixels (x, y) from the
    picture at ``time`` to the start, then to the end; ``mask`` float32 [1, 1, height, width], the share of
    the start.

    Args:
        weights: by the names of the published code; the numbers of channels are read off their shapes.

    Raises:
        InvalidInput: a weight is missing or has another shape than the architecture wants.
        MissingComponent: the package ``onnx`` is not installed.
    """
    try:
        graph = OnnxGraph()
    except ImportError as error:
        raise MissingComponent(
            'rife: the package onnx, which converts its weights, is not installed; pip install "semvid[rife]"'
        ) from error
    _Network(graph, weights).build()
    return graph.model(
        "rife",
        inputs={"start": (1, _RGB, "H", "W"), "end": (1, _RGB, "H", "W"), "time": (1,)},
        outputs={"flow": (1, _FLOW, "H", "W"), "mask": (1, _MASK, "H", "W")},
    )


class _Network:
    """Adds RIFE to a graph; methods take and give names of tensors."""

    def __init__(self, graph: OnnxGraph, weights: Weights) -> None:
        self._graph, self._weights = graph, weights
        shape = graph("Shape", "start")
        self._features_of_picture = len(self._get("encode.cnn3.bias", (None,)))
        self._memory = len(self._get("block0.lastconv.0.bias", (None,))) // 4 - _FLOW - _MASK
        self._height, self._width = (graph.slice(shape, axis, axis + 1, axis=0) for axis in (2, 3))

    def build(self) -> None:
        graph = self._graph
        pair = graph("Clip", graph("Concat", "start", "end", axis=0), 0.0, 1.0)
        features = self._features(pair)
        seen = graph("Concat", pair, features, axis=1)  # both pictures: [2, channels, height, width]
        # the mean of the four pixels around each corner of pixels, where the middles of even cells lie
        corners = graph("AveragePool", seen, kernel_shape=[2, 2], strides=[1, 1])
        flows: list[tuple[str, int]] = []  # what each block found, in cells of so many pixels
        mask = memory = ""
        for index, cell in enumerate(CELLS):
            height, width = (graph("Div", side, np.array([cell])) for side in (self._height, self._width))
            time = graph("Expand", graph("Reshape", "time", np.array([1, 1, 1, 1])),
                         graph("Concat", np.array([1, 1]), height, width, axis=0))  # fmt: skip
            if index == 0:
                known = [self._side_by_side(graph.resize(seen, 1 / cell)), time]
            else:
                flow = self._sum(flows, cell)
                moved = self._moved(seen if cell == 1 else corners, flow, cell, height, width)
                known = [moved, time, graph.resize(mask, 2), graph.resize(memory, 2), flow]
            last = cell == CELLS[-1]
            found = self._block(f"block{index}", graph("Concat", *known, axis=1), first=index == 0, last=last)
            flows.append((graph.slice(found, 0, _FLOW), cell))
            mask = graph.slice(found, _FLOW, _FLOW + _MASK)
            if not last:
                memory = graph.slice(found, _FLOW + _MASK, _FLOW + _MASK + self._memory)
        graph.name_output("flow", self._sum(flows, 1))
        graph.name_output("mask", graph("Sigmoid", mask))

    def _features(self, pictures: str) -> str:
        """The encoder: a few planes of features for each picture, at its size."""
        x, channels = pictures, _RGB
        for layer, stride in enumerate((2, 1, 1)):
            x, channels = self._convolution(x, f"encode.cnn{layer}", channels, stride)
        weight, bias = self._transposed("encode.cnn3", channels)
        return self._enlarged(self._graph("Conv", x, weight, bias, pads=[1] * 4, kernel_shape=[3, 3]))

    def _side_by_side(self, both: str) -> str:
        """[2, channels, height, width] as [1, 2 channels, height, width]: the start's, then the end's."""
        channels = 2 * (_RGB + self._features_of_picture)
        return self._graph("Reshape", both, np.array([1, channels, 0, 0]))

    def _moved(self, source: str, flow: str, cell: int, height: str, width: str) -> str:
        """What both pictures show where ``flow`` leads from the middles of the cells, side by side.

        In a picture, the middle of cell j lies at pixel j cell + (cell - 1) / 2. `GridSample` counts from -1
        at the outer edge of the first pixel to 1 at that of the last: pixel p of n is at (2 p + 1) / n - 1.
        Corner p lies between pixels p and p + 1, and there is one fewer.
        """
        graph, pixel = self._graph, cell == 1
        lengths = graph("Cast", graph("Concat", self._width, self._height, axis=0), to=graph.FLOAT)
        counted = graph("Reshape", lengths if pixel else graph("Sub", lengths, 1.0), np.array([1, 2, 1, 1]))
        slope = graph("Div", 2.0 * cell, counted)
        edge = graph("Sub", graph("Div", 1.0 if pixel else cell - 1.0, counted), 1.0)
        plane = graph("Concat", np.array([1, 1]), height, width, axis=0)
        columns, rows = (
            graph("Expand", graph("Reshape", graph.count(length), np.array(shape)), plane)
            for length, shape in ((width, [1, 1, 1, -1]), (height, [1, 1, -1, 1]))
        )
        middles = graph("Add", graph("Mul", graph("Concat", columns, rows, axis=1), slope), edge)
        ways = graph("Reshape", flow, np.array([2, 2, 0, 0]))  # to the start, to the end
        places = graph("Transpose", graph("Add", graph("Mul", ways, slope), middles), perm=[0, 2, 3, 1])
        return self._side_by_side(
            graph("GridSample", source, places, mode="bilinear", padding_mode="border", align_corners=0)
        )

    def _sum(self, flows: list[tuple[str, int]], cell: int) -> str:
        """All flows together on the grid of ``cell``, in its cells."""
        graph, total = self._graph, ""
        for flow, own in flows:
            times = own // cell
            fine = graph.resize(graph("Mul", flow, float(times)), times) if times > 1 else flow
            total = graph("Add", total, fine) if total else fine
        return total

    def _block(self, name: str, x: str, first: bool, last: bool) -> str:
        """One block: [1, flow + mask + memory, height, width] on its grid; the last one has no memory."""
        graph = self._graph
        channels = 2 * (_RGB + self._features_of_picture) + 1
        if not first:
            channels += _MASK + self._memory + _FLOW
        x, channels = self._convolution(x, f"{name}.conv0.0.0", channels, 2, self._published_order(channels))
        x, channels = self._convolution(x, f"{name}.conv0.1.0", channels, 2)
        for layer in range(_RESIDUALS):
            weight, bias = self._convolution_weights(f"{name}.convblock.{layer}.conv", channels, channels)
            scale = self._get(f"{name}.convblock.{layer}.beta", (1, channels, 1, 1)).reshape(-1)
            weight = weight * scale[:, None, None, None]
            weight[np.arange(channels), np.arange(channels), 1, 1] += 1
            x = self._rectified(graph("Conv", x, weight, bias * scale, pads=[1] * 4, kernel_shape=[3, 3]))
        weight, bias = self._transposed(f"{name}.lastconv.0", channels)
        planes = len(bias) // 16  # the transposed convolution doubles the sides, and a shuffle does again
        if planes != _FLOW + _MASK + self._memory or self._memory < 1:
            raise InvalidInput(f"rife: {name}.lastconv.0 gives {planes} planes; give weights of version 4.25")
        kept = 16 * (_FLOW + _MASK if last else planes)
        x = graph("Conv", x, weight[:kept], bias[:kept], pads=[1] * 4, kernel_shape=[3, 3])
        return self._enlarged(self._enlarged(x))

    def _published_order(self, channels: int) -> list[int]:
        """For each plane that a block sees here, its place in the published code: pictures, then features."""
        features = self._features_of_picture
        start, end = list(range(_RGB)), list(range(_RGB, 2 * _RGB))
        start += range(2 * _RGB, 2 * _RGB + features)
        end += range(2 * _RGB + features, 2 * (_RGB + features))
        return start + end + list(range(2 * (_RGB + features), channels))

    def _convolution(
        self, x: str, name: str, channels: int, stride: int, order: list[int] | None = None
    ) -> tuple[str, int]:
        """A rectified convolution, and how many channels it gives."""
        weight, bias = self._convolution_weights(name, None, channels)
        weight = weight if order is None else weight[:, order]
        y = self._graph("Conv", x, weight, bias, strides=[stride] * 2, pads=[1] * 4, kernel_shape=[3, 3])
        return self._rectified(y), len(bias)

    def _rectified(self, x: str) -> str:
        return self._graph("LeakyRelu", x, alpha=_SLOPE)

    def _enlarged(self, x: str) -> str:
        """Four channels become one of twice the sides."""
        return self._graph("DepthToSpace", x, blocksize=2, mode="CRD")

    def _convolution_weights(
        self, name: str, given: int | None, taken: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        weight = self._get(f"{name}.weight", (given, taken, 3, 3))
        return weight, self._get(f"{name}.bias", (len(weight),))

    def _transposed(self, name: str, taken: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """A transposed convolution (kernel 4, stride 2, padding 1) as a convolution for `_enlarged`.

        Pixel 2 i + p of the result is the sum over taps -1, 0, 1 of input i + tap times kernel p + 1 - 2 tap.
        """
        kernel = self._get(f"{name}.weight", (taken, None, 4, 4))
        given = kernel.shape[1]
        weight = np.zeros((given, 2, 2, taken, 3, 3), np.float32)
        taps = [(p, tap, p + 1 - 2 * tap) for p in (0, 1) for tap in (-1, 0, 1) if 0 <= p + 1 - 2 * tap < 4]
        for row, up, from_row in taps:
            for column, left, from_column in taps:
                weight[:, row, column, :, up + 1, left + 1] = kernel[:, :, from_row, from_column].T
        bias = np.repeat(self._get(f"{name}.bias", (given,)), 4)
        return weight.reshape(4 * given, taken, 3, 3), bias

    def _get(self, name: str, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
        """One weight; None in ``shape`` is any length."""
        if name not in self._weights:
            raise InvalidInput(f"rife: there is no weight {name}; give weights of version 4.25")
        weight = np.array(self._weights[name], np.float32)
        fits = len(weight.shape) == len(shape) and all(
            want in (None, length) for want, length in zip(shape, weight.shape, strict=True)
        )
        if not fits or 0 in weight.shape:
            wanted = " x ".join("any" if length is None else str(length) for length in shape)
            raise InvalidInput(
                f"rife: weight {name} has shape {weight.shape} where {wanted} belongs; "
                "give weights of version 4.25"
            )
        return weight
