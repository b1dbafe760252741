"""The model card: from what, how and with what result a network was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from semvid import __version__
from training.course import CURVE
from training.held_out import Row
from training.loop import Asked
from training.losses import FEATURE_WEIGHT, GIST_WEIGHT, GLANCE_WEIGHT, LPIPS_WEIGHT, TEXTURE_WEIGHT
from training.sources import Source

_POINTS_OF_CURVE = 10


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to say.

    Attributes:
        command: as it was typed.
        asked: of the training.
        steps: done.
        seconds: of training, all calls together.
        parameters: numbers learned.
        learned, kept_out: sources.
        curve: rows by the names of `training.loop.COLUMNS`.
        measured: on the sources kept out.
        difference: of ONNX Runtime against torch, at most, of RGB in 0..1.
    """

    command: str
    asked: Asked
    steps: int
    seconds: float
    parameters: int
    learned: Sequence[Source]
    kept_out: Sequence[Source]
    curve: Sequence[dict[str, float]]
    measured: Sequence[Row]
    difference: float


def model_card(facts: Facts) -> str:
    """Markdown."""
    asked = facts.asked
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
    return "\n".join(
        [
            "# Restorer of coded keyframes",
            "",
            f"Made by semvid {__version__} with",
            "",
            f"    {facts.command}",
            "",
            f"- {facts.parameters:,} parameters; {facts.steps:,} of {asked.steps:,} steps of {asked.batch} "
            f"crops, {facts.seconds / 3600:.2f} hours; seed {asked.seed}"
            + ("; convolutions in bfloat16" if asked.bfloat16 else "")
            + (f"; begun with the weights of the restorer {asked.start}" if asked.start else ""),
            f"- loss: {', '.join(losses)}",
            f"- ONNX Runtime gives what torch gives, within {facts.difference:.1g} of RGB in 0..1",
            "",
            "## Data",
            "",
            f"{len(facts.learned)} sources were learned from, {len(facts.kept_out)} were kept out.",
            "",
            "| sources | learned from | kept out | licence |",
            "|---|---|---|---|",
            *licence_rows(facts.learned, facts.kept_out),
            "",
            f"Kept out: {', '.join(sorted(source.name for source in facts.kept_out)) or 'none'}.",
            "",
            "## On what was kept out",
            "",
            *_measured(facts.measured),
            "",
            "## Curve",
            "",
            f"Means over the steps before, as restored and (as coded); all rows are in `{CURVE}`.",
            "",
            "| step | difference | texture | features | on the whole | LPIPS | on the whole |",
            "|---|---|---|---|---|---|---|",
            *_curve(facts.curve),
            "",
        ]
    )


def licence_rows(learned: Sequence[Source], kept_out: Sequence[Source]) -> list[str]:
    """Rows of a table: sources in all, learned from, kept out, licence."""
    ours, theirs = (
        Counter(source.licence or "not stated" for source in sources) for sources in (learned, kept_out)
    )
    both = ours + theirs
    return [
        f"| {both[licence]} | {ours[licence]} | {theirs[licence]} | {licence.replace('|', '/')} |"
        for licence in sorted(both)
    ]


def _measured(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return ["Nothing was kept out, so nothing was measured."]
    return [
        "| size | CRF | pictures | PSNR, dB | viewing loss | LPIPS |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row.size} | {row.crf} to {row.crf + 5} | {row.pictures} | {row.psnr_db[0]:.2f} -> "
            f"{row.psnr_db[1]:.2f} | {row.viewing_loss[0]:.4f} -> {row.viewing_loss[1]:.4f} | "
            + ("" if row.lpips is None else f"{row.lpips[0]:.4f} -> {row.lpips[1]:.4f}")
            + " |"
            for row in rows
        ),
    ]


def _curve(curve: Sequence[dict[str, float]]) -> list[str]:
    every = max(1, -(-len(curve) // _POINTS_OF_CURVE))
    return [
        f"| {row['step']:.0f} | {row['difference']:.4f} ({row['difference_before']:.4f}) | "
        f"{row['texture']:.4f} ({row['texture_before']:.4f}) | "
        f"{row['features']:.4f} ({row['features_before']:.4f}) | "
        f"{row['gist']:.4f} ({row['gist_before']:.4f}) | "
        f"{row['lpips']:.4f} ({row['lpips_before']:.4f}) | "
        f"{row['glance']:.4f} ({row['glance_before']:.4f}) |"
        for row in reversed(curve[::-1][::every])
    ]
