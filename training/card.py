"""The model card: from what, how and with what result a network was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from semvid import __version__
from training.course import CURVE
from training.losses import (
    FEATURE_WEIGHT,
    GIST_WEIGHT,
    GLANCE_WEIGHT,
    LPIPS_WEIGHT,
    PARTS,
    TEXTURE_WEIGHT,
)
from training.sources import Source

_POINTS_OF_CURVE = 10


class Asked(Protocol):
    """What a training was asked to do."""

    @property
    def steps(self) -> int:
        """In all."""

    @property
    def seed(self) -> int:
        """Of everything that is drawn."""

    @property
    def batch(self) -> int:
        """Crops of one step."""

    @property
    def features(self) -> str:
        """Name of a network in the loss; empty: none."""

    @property
    def lpips(self) -> str:
        """Likewise."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to say.

    Attributes:
        title: what was made.
        command: as it was typed.
        asked: of the training.
        notes: what else it was asked, each a few words.
        steps: done.
        seconds: of training, all calls together.
        parameters: numbers learned.
        learned, kept_out: sources.
        curve: rows by the names of `training.correction.COLUMNS`.
        measured: on the sources kept out, lines of Markdown.
        difference: of ONNX Runtime against torch, at most, of RGB in 0..1.
    """

    title: str
    command: str
    asked: Asked
    notes: Sequence[str]
    steps: int
    seconds: float
    parameters: int
    learned: Sequence[Source]
    kept_out: Sequence[Source]
    curve: Sequence[dict[str, float]]
    measured: Sequence[str]
    difference: float


def model_card(facts: Facts) -> str:
    """Markdown."""
    asked = facts.asked
    run = (
        f"{facts.parameters:,} parameters; {facts.steps:,} of {asked.steps:,} steps of {asked.batch} "
        f"crops, {facts.seconds / 3600:.2f} hours; seed {asked.seed}"
    )
    return "\n".join(
        [
            f"# {facts.title}",
            "",
            f"Made by semvid {__version__} with",
            "",
            f"    {facts.command}",
            "",
            f"- {'; '.join([run, *facts.notes])}",
            f"- loss: {', '.join(_losses(asked))}",
            f"- ONNX Runtime gives what torch gives, within {facts.difference:.1g} of RGB in 0..1",
            "",
            "## Data",
            "",
            f"{len(facts.learned)} sources were learned from, {len(facts.kept_out)} were kept out.",
            "",
            *table(
                ("sources", "learned from", "kept out", "licence"),
                licence_rows(facts.learned, facts.kept_out),
            ),
            "",
            f"Kept out: {', '.join(sorted(source.name for source in facts.kept_out)) or 'none'}.",
            "",
            "## On what was kept out",
            "",
            *(facts.measured or ["Nothing was kept out, so nothing was measured."]),
            "",
            "## Curve",
            "",
            f"Means over the steps before, as made and (without the network); all rows are in `{CURVE}`.",
            "",
            *table(
                ("step", "difference", "texture", "features", "on the whole", "LPIPS", "on the whole"),
                _curve(facts.curve),
            ),
            "",
        ]
    )


def table(columns: Sequence[str], rows: Sequence[str]) -> list[str]:
    """Lines of a Markdown table of rows whose cells are divided already; none without rows."""
    if not rows:
        return []
    head = " | ".join(columns)
    return [f"| {head} |", "|---" * len(columns) + "|", *(f"| {row} |" for row in rows)]


def licence_rows(learned: Sequence[Source], kept_out: Sequence[Source]) -> list[str]:
    """Rows of a `table`: sources in all, learned from, kept out, licence."""
    ours, theirs = (
        Counter(source.licence or "not stated" for source in sources) for sources in (learned, kept_out)
    )
    both = ours + theirs
    return [
        f"{both[licence]} | {ours[licence]} | {theirs[licence]} | {licence.replace('|', '/')}"
        for licence in sorted(both)
    ]


def _losses(asked: Asked) -> list[str]:
    losses = ["the mean absolute difference of RGB in 0..1"]
    if asked.lpips:
        losses.append(
            f"{LPIPS_WEIGHT:g} times LPIPS (`{asked.lpips}`), which is no judge of this network, and "
            f"{GLANCE_WEIGHT:g} times what its last layers see that differs on the whole"
        )
    else:
        losses.append(f"{TEXTURE_WEIGHT:g} times the strength of fine texture that differs (no network)")
    if asked.features:
        losses.append(
            f"{FEATURE_WEIGHT:g} times features of `{asked.features}` that differ at their places and "
            f"{GIST_WEIGHT:g} times those that differ on the whole"
        )
    return losses


def _curve(curve: Sequence[dict[str, float]]) -> list[str]:
    every = max(1, -(-len(curve) // _POINTS_OF_CURVE))
    return [
        " | ".join(
            [f"{row['step']:.0f}", *(f"{row[part]:.4f} ({row[f'{part}_before']:.4f})" for part in PARTS)]
        )
        for row in reversed(curve[::-1][::every])
    ]
