"""Who judges: everything that compares what is shown with the source, behind one small interface.

A judge looks at the source once per clip; what it saw is kept while every method is compared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

from evaluation.metrics.registry import METRICS, Models
from semvid.errors import InvalidInput, MissingComponent
from semvid.images.types import Picture


class Absent(Exception):
    """A measure cannot be taken here; the message says why and is shown in place of the number."""


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """The judged frames of one video.

    Attributes:
        indices: of the judged frames in the clip.
        pictures: those frames.
        following: the frame after each of them, for what judges motion.
    """

    indices: Sequence[int]
    pictures: Sequence[Picture]
    following: Sequence[Picture]


@dataclass(frozen=True, slots=True)
class Facts:
    """What people know of a clip; empty where nobody said it.

    Attributes:
        label: of the action in it.
        description: one sentence.
    """

    label: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Weights:
    """Where models are; none of them is shipped.

    Attributes:
        judges: folder with `judges.py` and its small networks; None: not given.
        models: model path or hub id by judge, for example ``{"action": "/models/timesformer"}``.
    """

    judges: Path | None = None
    models: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def model(self, judge: str) -> str:
        """The model of ``judge``.

        Raises:
            MissingComponent: none was named.
        """
        if judge not in self.models:
            raise MissingComponent(f"judge {judge}: needs a model; add --weights {judge}=PATH_OR_HUB_ID")
        return self.models[judge]

    def folder(self, judge: str) -> Path:
        """The folder of small networks.

        Raises:
            MissingComponent: it was not given.
        """
        if self.judges is None:
            raise MissingComponent(f"judge {judge}: needs its small network; add --judges DIR")
        return self.judges


class Judge(Protocol):
    """Compares what is shown with the source."""

    @property
    def measures(self) -> tuple[str, ...]:
        """What it measures, keys of `evaluation.measures.MEASURES`."""
        ...

    def look(self, source: Frames) -> Any:
        """What the judge sees in the source; given back to `compare`."""
        ...

    def compare(self, seen: Any, source: Frames, shown: Frames, facts: Facts) -> dict[str, float]:
        """The measures of ``shown``; one that is left out is reported absent.

        Raises:
            Absent: none of them can be taken on this clip.
        """
        ...


def _metric(name: str) -> Callable[[Weights], Judge]:
    def make(weights: Weights) -> Judge:
        from evaluation.metrics.metric import Metric
        from evaluation.tasks.fidelity import Fidelity

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
        from evaluation.tasks import small

        return small.JUDGES[name](weights.folder(name))

    return make


def _detection(weights: Weights) -> Judge:
    from evaluation.tasks import detection

    if "detection" in weights.models:
        return detection.Detection(detection.hub_detector(weights.model("detection")))
    return detection.Detection(detection.small_detector(weights.folder("detection")))


def _depth(weights: Weights) -> Judge:
    from evaluation.tasks import depth

    if "depth" in weights.models:
        return depth.Depth(depth.hub_estimator(weights.model("depth")))
    return depth.Depth(depth.small_estimator(weights.folder("depth")))


def _action(weights: Weights) -> Judge:
    from evaluation.tasks.action import Action

    return Action(weights.model("action"))


def _captions(weights: Weights) -> Judge:
    from evaluation.tasks.captions import Captions

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
