"""Published networks inside the loss: how far what they see of two pictures differs.

Both look twice, at pictures as large as they are shown and at half the size: an eye or a network that stands
further back sees no grain, and is misled by shapes that are wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from semvid.errors import InvalidInput
from training.graph import Graph, Node, is_known, known_operators

_ENLARGES: Final = "Resize"
_LEVELS: Final = 255.0
_DEEPEST: Final = 3  # layers of LPIPS that are asked what there is


class Features:
    """What a convolutional network sees at each of its sizes.

    Taken is what goes into each of its convolutions with a stride, the first excepted where it looks at the
    picture itself, and what is enlarged again after the smallest size. Made for YOLOX-nano: blue, green, red
    in 0..255 go in.

    Args:
        path: of the ONNX model, with one input [1, 3, h, w].

    Raises:
        MissingComponent: the package ``onnx`` is not installed.
        InvalidInput: no such model, or operators before the first tap that are not known here.
    """

    def __init__(self, path: Path) -> None:
        self._graph = Graph(path, "--features")
        (self._input, *_) = self._graph.inputs
        self._nodes: list[Node] = []
        self._taps: list[str] = []
        for node in self._graph.nodes:
            strided = node.operator == "Conv" and max(node.told.get("strides", [1])) > 1
            if (strided or node.operator == _ENLARGES) and node.inputs[0] != self._input:
                self._taps.append(node.inputs[0])
            if not is_known(node):
                break
            self._nodes.append(node)
        if not self._taps:
            raise InvalidInput(
                f"training: --features {path} has no convolution with a stride that can be reached with "
                f"{known_operators()}; give YOLOX-nano's model"
            )

    def to_device(self, device: torch.device) -> Features:
        """Itself, on ``device``."""
        self._graph.to_device(device)
        return self

    def __call__(self, picture: Tensor) -> list[Tensor]:
        """Of float32 [n, 3, h, w], RGB 0..1; sides are multiples of 32."""
        values = self._graph.run(self._nodes, {self._input: picture.flip(1) * _LEVELS})
        return [values[tap] for tap in self._taps]

    def distances(self, made: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """How far what is seen differs place by place, and on the whole; means over taps and both sizes.

        Args:
            made, real: float32 [n, 3, h, w], RGB 0..1; sides are multiples of 64.

        Returns:
            The squared distance of the unit vectors at each place, 0 .. 4; and one minus the cosine of the
            means over all places, which asks what there is and not where, 0 .. 2.
        """
        places, wholes = [], []
        for ours, theirs in zip(_sizes(made), _sizes(real), strict=True):
            with torch.no_grad():
                wanted = self(theirs)
            for a, b in zip(self(ours), wanted, strict=True):
                unlike = (functional.normalize(a, dim=1) - functional.normalize(b, dim=1)) ** 2
                places.append(unlike.sum(1).mean())
                wholes.append(_unlike_on_the_whole(a, b))
        return torch.stack(places).mean(), torch.stack(wholes).mean()


class Lpips:
    """LPIPS (Zhang et al., CVPR 2018) from an ONNX model of it: inputs ``a`` and ``b``, one output.

    Who trains with it has one judge fewer: every LPIPS figure of what was made then has to say so.

    Raises:
        MissingComponent: the package ``onnx`` is not installed.
        InvalidInput: no such model, or operators that are not known here.
    """

    def __init__(self, path: Path) -> None:
        self._graph = Graph(path, "--lpips")
        unknown = sorted({node.operator for node in self._graph.nodes if not is_known(node)})
        if sorted(self._graph.inputs) != ["a", "b"] or len(self._graph.outputs) != 1 or unknown:
            raise InvalidInput(
                f"training: --lpips {path} takes {', '.join(self._graph.inputs)}"
                + (f" through {', '.join(unknown)}, unknown here," if unknown else "")
                + f" to {', '.join(self._graph.outputs)}; give a model of two pictures `a` and `b` in -1..1 "
                f"made of {known_operators()}"
            )
        (self._output,) = self._graph.outputs
        made_of_both = [
            node.inputs
            for node in self._graph.nodes
            if node.operator == "Sub" and not any(map(self._graph.is_constant, node.inputs))
        ]
        self._deepest = made_of_both[-_DEEPEST:]

    def to_device(self, device: torch.device) -> Lpips:
        """Itself, on ``device``."""
        self._graph.to_device(device)
        return self

    def __call__(self, made: Tensor, real: Tensor) -> Tensor:
        """The mean over pairs of float32 [n, 3, h, w], RGB 0..1."""
        return self._run(made, real)[self._output].mean()

    def distances(self, made: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """LPIPS, and how far what its network sees last differs on the whole; means of both sizes.

        Args:
            made, real: float32 [n, 3, h, w], RGB 0..1.

        Returns:
            The distance; and one minus the cosine of the means over all places of the unit vectors that its
            last layers compare, which asks what there is and not where, 0 .. 2.
        """
        distances, wholes = [], []
        for ours, theirs in zip(_sizes(made), _sizes(real), strict=True):
            values = self._run(ours, theirs)
            distances.append(values[self._output].mean())
            wholes += [_unlike_on_the_whole(values[a], values[b]) for a, b in self._deepest]
        return torch.stack(distances).mean(), torch.stack(wholes).mean()

    def _run(self, made: Tensor, real: Tensor) -> dict[str, Tensor]:
        return self._graph.run(self._graph.nodes, {"a": 2 * made - 1, "b": 2 * real - 1})


def _unlike_on_the_whole(ours: Tensor, theirs: Tensor) -> Tensor:
    """One minus the cosine of the means over all places of float32 [n, c, h, w], mean."""
    return 1 - functional.cosine_similarity(ours.mean((2, 3)), theirs.mean((2, 3))).mean()


def _sizes(picture: Tensor) -> tuple[Tensor, Tensor]:
    return picture, functional.avg_pool2d(picture, 2)
