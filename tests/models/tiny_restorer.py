"""A restorer without a convolution, whose pictures can be foretold."""

from __future__ import annotations

import numpy as np

from semvid.images.restorer import INPUTS, OUTPUT
from semvid.rife.onnx_graph import OnnxGraph


def tiny_restorer(output: str = OUTPUT) -> bytes:
    """Ten levels of grain over the picture, and the conditions added to red, green and blue, in levels."""
    graph = OnnxGraph()
    picture, conditions, grain = INPUTS
    offsets = graph("Mul", graph("Reshape", conditions, np.array([1, 3, 1, 1])), 1 / 255)
    graph.name_output(output, graph("Add", graph("Add", picture, graph("Mul", grain, 10 / 255)), offsets))
    plane: tuple[int | str, ...] = (1, 3, "h", "w")
    shapes = {picture: plane, conditions: (1, 3), grain: (1, 1, "h", "w")}
    return graph.model("handmade", shapes, {output: plane})
