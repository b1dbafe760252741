"""What the judging networks see in a picture, and how far two of their views lie apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.judges import depth, detection, small
from evaluation.judges.lpips import Lpips
from semvid.images.types import Picture

NETWORKS: Final = {
    "objects": "SSD-MobileNet v1",
    "embedding": "MobileNet v1",
    "class": "MobileNet v2",
    "depth": "PyD-Net",
    "LPIPS": "LPIPS, SqueezeNet",
    "flow": "RAFT small, 8 iterations",
}

Vector = NDArray[np.float64]


class Eyes:
    """The networks of a ``--judges`` folder; YOLOX-nano is none of them, since it chooses.

    Args:
        folder: with `judges.py`.

    Raises:
        MissingComponent: it is not there, or a package that runs it.
    """

    def __init__(self, folder: Path) -> None:
        self._networks = small.load(folder)
        self.objects = detection.small_detector(folder)
        self.depth = depth.small_estimator(folder)
        self.lpips = Lpips(folder / "lpips_squeeze.onnx")

    def embedding(self, picture: Picture) -> Vector:
        """Of unit length, [1024]."""
        return np.asarray(self._networks.embed(picture), np.float64)

    def classes(self, picture: Picture) -> Vector:
        """Probabilities of the ImageNet classes, [1001]."""
        found = np.asarray(self._networks.imagenet(picture), np.float64)
        return np.asarray(found / max(found.sum(), 1e-9))

    def flow(self, one: Picture, other: Picture) -> NDArray[np.float32]:
        """From one picture to the other, [2, 240, 424], pixels of that grid."""
        return np.asarray(self._networks.flow(one, other), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Everything that is seen in one frame.

    Attributes:
        boxes: of objects, down to a score of `evaluation.judges.detection.LEAST_SCORE`.
        embedding: of unit length.
        classes: probabilities.
        depth: a map.
    """

    boxes: Sequence[detection.Box]
    embedding: Vector
    classes: Vector
    depth: depth.Map


def view(eyes: Eyes, picture: Picture) -> View:
    """What all four networks that look at one picture see."""
    return View(eyes.objects(picture), eyes.embedding(picture), eyes.classes(picture), eyes.depth(picture))


def object_change(one: Sequence[detection.Box], other: Sequence[detection.Box]) -> float:
    """One minus the F1 of what the detector is sure of in each and finds in the other, 0..1.

    Where it is sure of nothing in both nothing changed; where in one of them, all did.
    """
    lost = [detection.objects_lost([a], [b]) for a, b in ((one, other), (other, one))]
    if lost[0] is None and lost[1] is None:
        return 0.0
    recall, precision = (0.0 if share is None else 1.0 - share for share in lost)
    return 1.0 - (2 * recall * precision / (recall + precision) if recall + precision else 0.0)


def divergence(one: Vector, other: Vector) -> float:
    """Jensen-Shannon divergence of two distributions, bits, 0..1."""
    middle = (one + other) / 2
    return float(np.mean([_relative_entropy(part, middle) for part in (one, other)]))


def depth_change(one: depth.Map, other: depth.Map) -> float:
    """One minus the rank correlation, 0..2."""
    return 1.0 - depth.rank_correlation(one, other)


def flow_length(flow: NDArray[np.float32]) -> float:
    """Mean, pixels."""
    return float(np.linalg.norm(flow, axis=0).mean())


def _relative_entropy(part: Vector, whole: Vector) -> float:
    there = part > 0
    return float((part[there] * np.log2(part[there] / whole[there])).sum())


TASKS: Final[dict[str, Callable[[View, View], float]]] = {
    "objects": lambda one, other: object_change(one.boxes, other.boxes),
    "class": lambda one, other: divergence(one.classes, other.classes),
    "depth": lambda one, other: depth_change(one.depth, other.depth),
}
