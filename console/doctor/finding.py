"""One line of what the doctor found."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What a finding means for the user."""

    OK = "ok"
    ABSENT = "absent"  # optional, and not there
    MISSING = "missing"  # the default demo needs it


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes:
        topic: what was looked at.
        verdict: what it means.
        found: what there is, in words.
        remedy: the command, or what to do, that puts it right; empty when nothing is wrong.
        facts: the same for programs; sizes in bytes.
    """

    topic: str
    verdict: Verdict
    found: str
    remedy: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def gibibytes(size: float) -> str:
    """``size`` bytes in words."""
    return f"{size / 2**30:.1f} GiB"
