"""What a judge is: everything that compares what is shown with the source, behind one small interface.

A judge looks at the source once per clip; what it saw is kept while every method is compared with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from semvid.errors import MissingComponent
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

    def file(self, judge: str, small: str) -> Path:
        """The model file of ``judge``: the one that was named, or the network ``small`` of the folder.

        Raises:
            MissingComponent: neither is there.
        """
        if judge in self.models or self.judges is None or not (self.judges / small).is_file():
            return Path(self.model(judge))
        return self.judges / small

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
