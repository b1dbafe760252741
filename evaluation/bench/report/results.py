"""The records of a sweep, and how they are grouped and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from evaluation.bench import records
from evaluation.bench.records import Record
from evaluation.bench.sets import SweepSet, Target
from evaluation.measures import MEASURES
from semvid.errors import InvalidInput

_TOLERANCE = 1.02  # a budget is counted in whole blocks


class Link(NamedTuple):
    """A channel."""

    snr_db: float
    channel_model: str
    coherence_symbols: int | None

    def __str__(self) -> str:
        return f"{self.channel_model.upper()} {self.snr_db:g} dB"


class Setting(NamedTuple):
    """What all methods had in common in one comparison; equal to a point of the set."""

    snr_db: float
    channel_model: str
    coherence_symbols: int | None
    target: Target

    @property
    def link(self) -> Link:
        """The channel."""
        return Link(*self[:3])

    def __str__(self) -> str:
        coherence = "" if self.coherence_symbols is None else f", coherence {self.coherence_symbols} symbols"
        if self.target == "default":
            budget = "each method at its own default"
        elif self.target == "reference":
            budget = "as many symbols as the reference spends by default"
        else:
            budget = f"CBR at most {self.target:.3g}"
        return f"{self.link}{coherence}, {budget}"


@dataclass(frozen=True, slots=True)
class Results:
    """A set and its records.

    Attributes:
        records: of transmissions, in the order of the set.
        selections: of the ablations of keyframe selection.
        not_run: cells for which the machine was to blame; no method is charged with them.
    """

    folder: Path
    chosen: SweepSet
    records: Sequence[Record]
    selections: Sequence[Record]
    not_run: Sequence[Record]

    @classmethod
    def read(cls, folder: Path) -> Results:
        """Reads a folder that `semvid bench run` filled; only cells of its set count.

        Raises:
            InvalidInput: it holds none.
        """
        chosen, everything = records.read_all(folder)
        found = [r for r in everything if r["clip"] in chosen.clips]
        variants = {variant.name for variant in chosen.variant}
        points = set(chosen.points())
        order = {method: number for number, method in enumerate(chosen.methods)}
        sent = [r for r in found if r["method"] in order and setting_of(r) in points]
        selected = [r for r in found if r.get("kind") == "selection" and r["method"] in variants]
        if not sent and not selected:
            raise InvalidInput(f"{folder}: holds no record of its set; run semvid bench run --out {folder}")
        clips = {clip: number for number, clip in enumerate(chosen.clips)}
        sent.sort(key=lambda r: (clips[r["clip"]], order[r["method"]]))
        sent, selected = ([r for r in some if not r.get("environment")] for some in (sent, selected))
        return cls(folder, chosen, sent, selected, [r for r in found if r.get("environment")])

    def settings(self) -> Iterator[Setting]:
        """All comparisons that were made, in the order of the set."""
        there = {setting_of(record) for record in self.records}
        return (Setting(*point) for point in self.chosen.points() if point in there)

    def at(self, setting: Setting, method: str | None = None) -> list[Record]:
        """Records of one comparison."""
        return [r for r in self.records if setting_of(r) == setting and method in (None, r["method"])]

    def methods(self) -> list[str]:
        """Methods with records, in the order of the set."""
        there = {record["method"] for record in self.records}
        return [method for method in self.chosen.methods if method in there]

    def rivals(self) -> list[str]:
        """Methods other than the reference; the source itself is nobody's rival."""
        return [m for m in self.methods() if m != self.chosen.reference and not is_original(m)]

    def measures(self) -> list[str]:
        """Measures that at least one record has, in the order of the catalogue; then those of plug-ins."""
        there = {name for record in (*self.records, *self.selections) for name in record["metrics"]}
        return [name for name in MEASURES if name in there] + sorted(there - set(MEASURES))


def setting_of(record: Record) -> Setting:
    """The comparison that a record belongs to."""
    return Setting(
        record["snr_db"], record["channel_model"], record.get("coherence_symbols"), record["target"]
    )


def values(records: Sequence[Record], measure: str) -> list[float]:
    """``measure`` of all records that were shown and have it; ``cbr`` is one too."""
    if measure == "cbr":
        return [record["cbr"] for record in records if not record["failed"]]
    return [r["metrics"][measure] for r in records if not r["failed"] and measure in r["metrics"]]


def over_budget(record: Record) -> bool:
    """Whether a method spent more than it was allowed to: what it showed is no match at equal symbols."""
    budget = record["target_cbr"]
    return not record["failed"] and budget is not None and record["cbr"] > _TOLERANCE * budget


def fair(records: Sequence[Record]) -> list[Record]:
    """Those that showed something and kept to the budget."""
    return [record for record in records if not record["failed"] and not over_budget(record)]


def pairs(ours: Sequence[Record], theirs: Sequence[Record], measure: str) -> list[tuple[float, float]]:
    """Values of both on the clips on which both have one and kept to the budget."""
    by_clip = {r["clip"]: r["metrics"].get(measure) for r in fair(theirs)}
    found = [(r["metrics"].get(measure), by_clip.get(r["clip"])) for r in fair(ours)]
    return [(a, b) for a, b in found if a is not None and b is not None]


def is_original(method: str) -> bool:
    """Whether a method is the source itself, which crosses for nothing."""
    return method == "original"
