"""The model card of the learned code: from what, how and with what result it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from semvid import __version__
from training.card import licence_rows, table
from training.course import CURVE
from training.jscc.held_out import Row
from training.jscc.loop import Asked
from training.sources import Source

_POINTS_OF_CURVE: Final = 12


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to say.

    Attributes:
        command: as it was typed.
        asked: of the training.
        steps: done.
        seconds: of training, all calls together.
        parameters: numbers learned.
        model_bytes: of both files.
        digest: of both files.
        learned, kept_out: sources.
        curve: rows by the names of `training.jscc.loop.COLUMNS`.
        measured: on the sources kept out.
        difference: of ONNX Runtime against torch, at most, of RGB in 0..1.
        torch_version: of torch.
    """

    command: str
    asked: Asked
    steps: int
    seconds: float
    parameters: int
    model_bytes: int
    digest: str
    learned: Sequence[Source]
    kept_out: Sequence[Source]
    curve: Sequence[dict[str, float]]
    measured: Sequence[Row]
    difference: float
    torch_version: str


def model_card(facts: Facts) -> str:
    """Markdown."""
    asked = facts.asked
    return "\n".join(
        [
            "# Learned joint source-channel code for stills",
            "",
            f"Made by semvid {__version__} with",
            "",
            f"    {facts.command}",
            "",
            f"- {facts.parameters:,} parameters, {facts.model_bytes:,} bytes in both files (weights of "
            f"convolutions in 16 bits), digest {facts.digest}; for Es/N0 of 0 to 20 dB",
            f"- {facts.steps:,} of {asked.steps:,} steps of {asked.batch} crops, {facts.seconds / 3600:.2f} "
            f"hours; seed {asked.seed}; torch {facts.torch_version}, float32",
            "- loss: the logarithm of the mean squared error over AWGN, 0 to 20 dB, with 8 to 64 symbols "
            "for a patch of 16x16 pixels; the head that chooses levels learns the logarithm of their errors. "
            "**PSNR is what it was trained for**; no LPIPS, no network was in the loss",
            f"- ONNX Runtime gives what torch gives with the same rounded weights, within "
            f"{facts.difference:.1g} of RGB in 0..1",
            "",
            "## Data",
            "",
            f"{len(facts.learned)} sources were learned from, {len(facts.kept_out)} were kept out. No "
            "picture of Kodak was among them.",
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
            "Over AWGN of known noise, the side information free of errors and not counted in the CBR.",
            "",
            *_measured(facts.measured),
            "",
            "## Curve",
            "",
            f"Means over the steps before; all rows are in `{CURVE}`.",
            "",
            "| step | PSNR, dB | symbols a patch | SNR, dB |",
            "|---|---|---|---|",
            *_curve(facts.curve),
            "",
        ]
    )


def _measured(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return ["Nothing was kept out, so nothing was measured."]
    return [
        "| CBR | planned for, dB | SNR, dB | pictures | PSNR, dB | side information, bytes |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row.cbr} | {row.planned_db:g} | {row.snr_db:g} | {row.pictures} | {row.psnr_db:.2f} | "
            f"{row.side_bytes:.0f} |"
            for row in rows
        ),
    ]


def _curve(curve: Sequence[dict[str, float]]) -> list[str]:
    every = max(1, -(-len(curve) // _POINTS_OF_CURVE))
    return [
        f"| {row['step']:.0f} | {row['psnr_db']:.2f} | {row['symbols']:.1f} | {row['snr_db']:.1f} |"
        for row in reversed(curve[::-1][::every])
    ]
