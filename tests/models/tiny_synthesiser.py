"""A synthesiser without a convolution, whose pictures can be foretold."""

from __future__ import annotations

import numpy as np

from semvid.images.synthesiser import INPUTS, OUTPUTS
from semvid.rife.onnx_graph import OnnxGraph


def tiny_synthesiser(
    shift: tuple[float, float, float, float] = (0, 0, 0, 0),
    share: float | None = None,
    added: tuple[float, float, float] = (0, 0, 0),
    luma_added: float = 0,
    first_output: str = OUTPUTS[0],
) -> bytes:
    """Says the same of every place: shifts, places; the end's share (None: as it was); levels to be added."""
    graph = OnnxGraph()
    luma, colour, motion, counted, time = INPUTS
    zero = graph("Mul", counted, 0.0)
    one_luma = graph.slice(luma, 0, 1)
    said = (
        graph("Add", zero, np.array(shift, np.float32)[:, None, None]),
        counted if share is None else graph("Add", zero, share),
        graph("Add", zero, np.array(added, np.float32)[:, None, None] / 255),
        graph("Add", graph("Mul", one_luma, 0.0), luma_added / 255),
    )
    for name, x in zip((first_output, *OUTPUTS[1:]), said, strict=True):
        graph.name_output(name, x)
    full: tuple[int | str, ...] = ("H", "W")
    half: tuple[int | str, ...] = ("h", "w")
    return graph.model(
        "handmade",
        {
            luma: (1, 2, *full),
            colour: (1, 6, *half),
            motion: (1, 2, *half),
            counted: (1, 1, *half),
            time: (1, 1),
        },
        {
            first_output: (1, 4, *half),
            OUTPUTS[1]: (1, 1, *half),
            OUTPUTS[2]: (1, 3, *half),
            OUTPUTS[3]: (1, 1, *full),
        },
    )
