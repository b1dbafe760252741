"""The trained code as two ONNX models, their weights in 16 bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from semvid.errors import SemvidError
from semvid.images.jscc.levels import CHANNELS, LEVELS, PATCH
from semvid.images.jscc.networks import (
    DECODER,
    DECODER_INPUTS,
    DECODER_OUTPUTS,
    ENCODER,
    ENCODER_INPUTS,
    ENCODER_OUTPUTS,
    Networks,
)
from semvid.rife.onnx_graph import OnnxGraph
from semvid.service.files import write_atomically
from training.jscc.network import (
    COMPONENTS,
    DEPTHS,
    SAMPLES,
    SEGMENTS,
    SENT,
    WIDTHS,
    Film,
    JsccNetwork,
    Table,
    channels_of,
)

_TOLERANCE: Final = 2e-3  # of RGB in 0..1; half a level
_SIDES: Final = (5 * PATCH, 7 * PATCH)  # of the picture that is tried
_CHANNEL_AXES: Final = np.array([2, 3])


def rounded(network: JsccNetwork) -> JsccNetwork:
    """The same network, on the CPU, with the weights of its convolutions rounded to what is exported."""
    network = network.cpu()
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight.copy_(layer.weight.half().float())
    return network


def write_models(network: JsccNetwork, folder: Path) -> None:
    """Writes `ENCODER` and `DECODER`, for pictures of any size whose sides are multiples of 16.

    Raises:
        ImportError: the package ``onnx`` is not installed.
    """
    write_atomically(folder / ENCODER, encoder_model(network))
    write_atomically(folder / DECODER, decoder_model(network))


def encoder_model(network: JsccNetwork) -> bytes:
    """The encoder's half, see `semvid.images.jscc.networks`."""
    graph, half = OnnxGraph(), network.analysis
    picture, planned = ENCODER_INPUTS
    centred = graph("Sub", picture, 0.5)
    patches = _unshuffle(graph, centred, 3, PATCH)
    linear = _conv(graph, half.linear, patches)
    x = _blocks(graph, half.quarter, _conv(graph, half.enter, _unshuffle(graph, centred, 3, 4)))
    x = _blocks(graph, half.eighth, _conv(graph, half.to_eighth, _unshuffle(graph, x, WIDTHS[0], 2)))
    x = _conv(graph, half.to_sixteenth, _unshuffle(graph, x, WIDTHS[1], 2))
    told = graph("Unsqueeze", planned, _CHANNEL_AXES)
    x = _blocks(graph, half.sixteenth, _film(graph, half.film, x, told))
    correction = _conv(graph, half.leave, graph("Relu", x))
    correction = graph("Mul", correction, _array(half.spread)[:, None, None])
    components = graph("Add", linear, correction)
    channels, expected, gain, rate = ENCODER_OUTPUTS
    graph.name_output(channels, graph("Gather", components, network.order.component, axis=1))

    energy = graph("Mul", linear, linear)
    one = np.ones((1, SAMPLES, 1, 1), np.float32)
    whole = graph("Conv", graph("Mul", patches, patches), one)
    known = graph("Conv", energy, one[:, :COMPONENTS])
    outside = graph("Relu", graph("Sub", whole, known))
    left = graph("Add", graph("Conv", energy, _array(half.unsent)), outside)
    noise = graph("Unsqueeze", graph("Exp", _table(graph, half.log_noise, planned)), np.array([0, 3]))
    first = graph("Log", graph("Add", graph("Div", left, float(SAMPLES)), noise))
    inner = graph("Relu", _conv(graph, half.head, graph("Concat", x, first, axis=1)))
    graph.name_output(expected, graph("Add", first, _conv(graph, half.head_out, inner)))

    scales = graph("Exp", _table(graph, network.tables.log_gain, planned))
    graph.name_output(gain, graph("Mul", scales, SENT))
    folded = (network.order.depth > 0).astype(np.float32)[None]
    graph.name_output(
        rate, graph("Mul", graph("Exp", _table(graph, network.tables.log_rate, planned)), folded)
    )
    rows, columns = "rows", "columns"
    table = (len(LEVELS), CHANNELS)
    return graph.model(
        "jscc_encoder",
        {picture: (1, 3, "height", "width"), planned: (1, 1)},
        {
            channels: (1, CHANNELS, rows, columns),
            expected: (1, len(LEVELS), rows, columns),
            gain: table,
            rate: table,
        },
    )


def decoder_model(network: JsccNetwork) -> bytes:
    """The receiver's half, see `semvid.images.jscc.networks`."""
    graph, half = OnnxGraph(), network.synthesis
    received, levels, log_no, planned = DECODER_INPUTS
    estimate, variance = _estimate(graph, network)
    base = _shuffle(graph, _conv(graph, half.linear, estimate), PATCH)
    noise = graph("Div", graph("ReduceMean", log_no, axes=[1], keepdims=1), 4.0)
    told = graph("Concat", levels, noise, axis=1)
    narrow = _array(half.narrow)
    seen = graph(
        "Concat",
        graph("Mul", estimate, narrow),
        graph("Mul", graph("Sqrt", variance), narrow),
        told,
        axis=1,
    )
    x = graph("Relu", _conv(graph, half.enter, seen))
    x = _blocks(graph, half.sixteenth, _film(graph, half.film_sixteenth, x, told))
    x = _blocks(graph, half.eighth, _shuffle(graph, _conv(graph, half.to_eighth, x), 2))
    x = _shuffle(graph, _conv(graph, half.to_quarter, x), 2)
    x = _conv(graph, half.join, graph("Concat", x, _unshuffle(graph, base, 3, 4), axis=1))
    mean = graph("ReduceMean", noise, axes=[2, 3], keepdims=1)
    x = _blocks(graph, half.quarter, _film(graph, half.film_quarter, graph("Relu", x), mean))
    shown = graph("Add", base, _shuffle(graph, _conv(graph, half.leave, x), 4))
    graph.name_output(DECODER_OUTPUTS[0], graph("Add", shown, 0.5))
    numbers = (1, CHANNELS, "rows", "columns")
    return graph.model(
        "jscc_decoder",
        {
            received: numbers,
            levels: (1, len(LEVELS), "rows", "columns"),
            log_no: numbers,
            planned: (1, 1),
        },
        {DECODER_OUTPUTS[0]: (1, 3, "height", "width")},
    )


def worst_difference(folder: Path, network: JsccNetwork) -> float:
    """The largest difference between ONNX Runtime on the models in ``folder`` and torch, of RGB in 0..1.

    Raises:
        SemvidError: it is no rounding.
    """
    networks = Networks(folder)
    rng = np.random.default_rng(0)
    picture = rng.random((1, 3, *_SIDES), np.float32)
    planned = np.full((1, 1), 0.3, np.float32)
    shape = _SIDES[0] // PATCH, _SIDES[1] // PATCH
    levels = rng.integers(0, len(LEVELS), shape)
    onehot = (np.arange(len(LEVELS))[:, None, None] == levels).astype(np.float32)[None]
    log_no = np.full((1, CHANNELS, *shape), -1.5, np.float32)
    channels, expected, gain, rate = networks.analyse(picture, planned)
    with torch.no_grad():
        told = torch.from_numpy(planned)
        components, theirs = network.analysis(torch.from_numpy(picture), told)
        tables = network.tables.log_gain(told), network.tables.log_rate(told)
        every = torch.from_numpy(rate)[levels].permute(2, 0, 1)[None]
        sent = channels_of(components, network.order, every)
        shown = network.synthesis(
            sent, *map(torch.from_numpy, (onehot, log_no)), *tables, network.synthesis.log_power(told)
        )
    gathered = components.numpy()[:, network.order.component]
    made = networks.synthesise(sent.numpy(), onehot, log_no, planned)
    difference = max(
        float(np.abs(ours - other).max())
        for ours, other in (
            (shown.numpy(), made),
            (gathered / 100, channels / 100),  # of components, which are sums of many samples
            (theirs.numpy() / 10, expected / 10),
            (torch.exp(tables[0]).numpy() * SENT / 100, gain / 100),
        )
    )
    if not difference < _TOLERANCE:
        raise SemvidError(f"training: the exported models differ from the trained ones by {difference:.2g}")
    return difference


def _estimate(graph: OnnxGraph, network: JsccNetwork) -> tuple[str, str]:
    """Components and their variances; `Synthesis._estimate` as a graph."""
    received, levels, log_no, planned = DECODER_INPUTS
    tables = network.tables.log_gain, network.tables.log_rate, network.synthesis.log_power
    gain, rate, power = (graph("Exp", _by_level(graph, _table(graph, one, planned))) for one in tables)
    sent = _by_level(graph, graph("Identity", SENT))
    plain, no = graph("Div", received, gain), graph("Exp", log_no)

    def of(x: str, channels: NDArray[np.int64]) -> str:
        return graph("Gather", x, channels, axis=1)

    channels, components = network.order.at(0)
    own = of(power, channels)
    weight = graph("Mul", of(sent, channels), graph("Div", own, graph("Add", own, of(no, channels))))
    nothing = graph("Conv", levels, np.zeros((COMPONENTS, len(LEVELS), 1, 1), np.float32))
    estimate = _put(graph, nothing, components, graph("Mul", of(plain, channels), weight))
    scale = of(gain, channels)
    prior = graph("Div", own, graph("Mul", scale, scale))
    variance = graph("Mul", prior, graph("Sub", 1.0, weight))
    variance = _put(graph, graph("Add", nothing, 1.0), components, variance)
    for depth in range(1, DEPTHS):
        channels, components = network.order.at(depth)
        if not len(channels):
            continue
        a, scale, there = (of(one, channels) for one in (rate, gain, sent))
        before, spread = (graph("Gather", one, components, axis=1) for one in (estimate, variance))
        square = graph("Mul", a, a)
        error = graph("Div", of(no, channels), graph("Mul", scale, scale))
        finer, narrower = _unfold(
            graph, of(plain, channels), error, graph("Mul", a, before), graph("Mul", square, spread)
        )
        estimate = _put(graph, estimate, components, _lerp(graph, before, graph("Div", finer, a), there))
        variance = _put(
            graph, variance, components, _lerp(graph, spread, graph("Div", narrower, square), there)
        )
    return estimate, variance


def _unfold(graph: OnnxGraph, folded: str, error: str, mean: str, variance: str) -> tuple[str, str]:
    """See `training.jscc.network.unfold`."""
    middle = graph("Round", graph("Div", mean, 2.0))
    both = graph("Add", variance, error)
    known = graph("Mul", mean, error)
    values, logs = [], []
    for offset in SEGMENTS:
        segment = graph("Add", middle, float(offset))
        odd = graph("Sub", segment, graph("Mul", graph("Floor", graph("Div", segment, 2.0)), 2.0))
        sign = graph("Sub", 1.0, graph("Mul", odd, 2.0))
        seen = graph("Add", graph("Mul", segment, 2.0), graph("Mul", sign, folded))
        values.append(graph("Div", graph("Add", known, graph("Mul", seen, variance)), both))
        far = graph("Sub", seen, mean)
        logs.append(graph("Neg", graph("Div", graph("Mul", far, far), graph("Mul", both, 2.0))))
    first = np.array([0])
    stacked = graph("Concat", *(graph("Unsqueeze", one, first) for one in values), axis=0)
    weights = graph("Concat", *(graph("Unsqueeze", one, first) for one in logs), axis=0)
    weights = graph("Softmax", weights, axis=0)
    best = _sum(graph, graph("Mul", weights, stacked))
    apart = graph("Sub", stacked, best)
    spread = _sum(graph, graph("Mul", weights, graph("Mul", apart, apart)))
    return best, graph("Add", spread, graph("Div", graph("Mul", variance, error), both))


def _sum(graph: OnnxGraph, x: str) -> str:
    return graph("ReduceSum", x, np.array([0]), keepdims=0)


def _lerp(graph: OnnxGraph, a: str, b: str, share: str) -> str:
    return graph("Add", a, graph("Mul", graph("Sub", b, a), share))


def _put(graph: OnnxGraph, x: str, components: NDArray[np.int64], values: str) -> str:
    """``x`` [1, COMPONENTS, h, w] with ``values`` in the place of some of its components."""
    places = len(components) + np.arange(COMPONENTS)
    places[components] = np.arange(len(components))
    return graph("Gather", graph("Concat", values, x, axis=1), places, axis=1)


def _by_level(graph: OnnxGraph, table: str) -> str:
    """The row of every patch's level, [1, CHANNELS, h, w]."""
    kernel = graph("Unsqueeze", graph("Transpose", table, perm=[1, 0]), _CHANNEL_AXES)
    return graph("Conv", DECODER_INPUTS[1], kernel)


def _table(graph: OnnxGraph, table: nn.Module, planned: str) -> str:
    assert isinstance(table, Table)
    return graph("Add", _array(table.at_10_db), graph("Mul", planned, _array(table.by_10_db)))


def _film(graph: OnnxGraph, film: nn.Module, x: str, told: str) -> str:
    assert isinstance(film, Film)
    both = _conv(graph, film.told, told)
    half = film.told.out_channels // 2
    scale = graph("Add", graph.slice(both, 0, half), 1.0)
    return graph("Add", graph("Mul", x, scale), graph.slice(both, half, 2 * half))


def _blocks(graph: OnnxGraph, blocks: nn.Module, x: str) -> str:
    for block in blocks.children():
        inner = graph("Relu", _conv(graph, block.first, x))
        x = graph("Add", x, _conv(graph, block.second, inner))
    return x


def _conv(graph: OnnxGraph, layer: Any, x: str) -> str:
    assert isinstance(layer, nn.Conv2d)
    bias = [] if layer.bias is None else [_array(layer.bias)]
    pads = [int(side) for side in layer.padding] * 2
    weight = graph.halved(_array(layer.weight))
    return graph("Conv", x, weight, *bias, kernel_shape=list(layer.kernel_size), pads=pads)


def _unshuffle(graph: OnnxGraph, x: str, channels: int, factor: int) -> str:
    """torch's pixel_unshuffle, which keeps channels together where SpaceToDepth keeps places together."""
    places = np.arange(channels * factor**2).reshape(factor**2, channels).T.ravel()
    return graph("Gather", graph("SpaceToDepth", x, blocksize=factor), places, axis=1)


def _shuffle(graph: OnnxGraph, x: str, factor: int) -> str:
    """torch's pixel_shuffle."""
    return graph("DepthToSpace", x, blocksize=factor, mode="CRD")


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().cpu().contiguous().numpy()
    return array
