"""Every judge by name; what a judge needs is imported, and loaded, when it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from evaluation.judge import Judge, Weights
from evaluation.judges.registry import METRICS, Models
from semvid.errors import InvalidInput, MissingComponent


def _metric(name: str) -> Callable[[Weights], Judge]:
    def make(weights: Weights) -> Judge:
        from evaluation.judges.fidelity import Fidelity
        from evaluation.judges.metric import Metric

        metric = METRICS[name](_models(weights))
        if not isinstance(metric, Metric):
            raise MissingComponent(f"judge {name}: {metric.reason}")
        return Fidelity(metric)

    return make


def _models(weights: Weights) -> Models:
    """Models by name, or the small network of the ``--judges`` folder where it holds one."""

    def file(name: str, small: str) -> Path | None:
        if name in weights.models:
            return Path(weights.models[name])
        there = None if weights.judges is None else weights.judges / small
        return there if there is not None and there.is_file() else None

    return Models(
        lpips=file("lpips", "lpips_squeeze.onnx"),
        dists=Path(weights.models["dists"]) if "dists" in weights.models else None,
        clip=weights.models.get("clip"),
        embedding=file("embedding_cosine", "mobilenet_v1_embedding_1024.tflite"),
        ffmpeg=weights.models.get("vmaf", "ffmpeg"),
    )


def _small(name: str) -> Callable[[Weights], Judge]:
    def make(weights: Weights) -> Judge:
        from evaluation.judges import small

        return small.JUDGES[name](weights.folder(name))

    return make


def _detection(weights: Weights) -> Judge:
    from evaluation.judges import detection

    if "detection" in weights.models:
        return detection.Detection(detection.hub_detector(weights.model("detection")))
    return detection.Detection(detection.small_detector(weights.folder("detection")))


def _depth(weights: Weights) -> Judge:
    from evaluation.judges import depth

    if "depth" in weights.models:
        return depth.Depth(depth.hub_estimator(weights.model("depth")))
    return depth.Depth(depth.small_estimator(weights.folder("depth")))


def _action(weights: Weights) -> Judge:
    from evaluation.judges.action import Action

    return Action(weights.model("action"))


def _captions(weights: Weights) -> Judge:
    from evaluation.judges.captions import Captions

    return Captions(weights.model("captions"), weights.models.get("bert_score"))


JUDGES: Final[dict[str, Callable[[Weights], Judge]]] = {
    **{name: _metric(name) for name in METRICS},
    "embedding": _small("embedding"),
    "flow": _small("flow"),
    "detection": _detection,
    "depth": _depth,
    "action": _action,
    "captions": _captions,
}


def check(names: Sequence[str]) -> None:
    """Refuses a judge that does not exist.

    Raises:
        InvalidInput: names it and those that there are.
    """
    for name in names:
        if name not in JUDGES:
            raise InvalidInput(f"judge {name!r}: there is none; choose from {', '.join(sorted(JUDGES))}")
