"""All findings together, for people and for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from console.doctor import machine, software
from console.doctor.finding import Finding, Verdict

_MARKS = {Verdict.OK: "ok", Verdict.ABSENT: "--", Verdict.MISSING: "!!"}


def examine(folder: Path) -> list[Finding]:
    """Looks at everything. Takes seconds: torch is imported where it is installed.

    Args:
        folder: where results and videos would go.
    """
    return [
        machine.python(),
        machine.processor(),
        machine.memory(),
        machine.disk(folder),
        machine.gpus(),
        software.base(),
        software.codecs(),
        *software.extras(),
        software.hub(),
        software.docker(),
    ]


def can_run_demo(findings: Sequence[Finding]) -> bool:
    """Whether nothing is missing that `semvid demo` with its defaults needs."""
    return all(finding.verdict is not Verdict.MISSING for finding in findings)


def to_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """JSON-ready."""
    return {"demo": can_run_demo(findings), "findings": [asdict(finding) for finding in findings]}


def in_words(findings: Sequence[Finding]) -> str:
    """One line a finding, its remedy below it, and the verdict."""
    lines = []
    for finding in findings:
        lines.append(f"{_MARKS[finding.verdict]}  {finding.topic:<14} {finding.found}")
        if finding.remedy:
            lines.append(f"    {'':<14} -> {finding.remedy}")
    missing = [finding.topic for finding in findings if finding.verdict is Verdict.MISSING]
    if missing:
        lines.append(f"\nThe demo cannot run here: {', '.join(missing)}.")
    else:
        lines.append("\nThe demo can run here: semvid demo")
    return "\n".join(lines)
