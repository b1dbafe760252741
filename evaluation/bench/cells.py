"""One cell of a sweep: what it is, where its record lies, the key that says whether a record still holds."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from evaluation.bench.sets import Target

_ROOT: Final = Path(__file__).resolve().parents[2]
# what decides a number; the report and the schedule do not
_CODE: Final = (
    "semvid",
    "transmitter",
    "channel",
    "receiver",
    "evaluation",
)
_NOT_CODE: Final = (
    "evaluation/bench/report",
    "evaluation/bench_",
    "evaluation/rate_quality",
    "evaluation/soak",
    "semvid/client",
    "semvid/service",
)
_LIBRARIES: Final = (
    "ai-edge-litert",
    "av",
    "numba",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "torch",
    "transformers",
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One method on one clip under one set of conditions with one budget.

    Attributes:
        target: as in the set.
        target_cbr: the budget itself; None: the method's own default.
    """

    clip: str
    method: str
    snr_db: float
    channel_model: str
    coherence_symbols: int | None
    target: Target
    target_cbr: float | None
    seed: int

    @property
    def name(self) -> str:
        """Of the record's file, without its ending."""
        target = self.target if isinstance(self.target, str) else f"{self.target:.3g}"
        coherence = "" if self.coherence_symbols is None else f"{self.coherence_symbols}"
        parts = (
            self.clip, self.method, f"{self.channel_model}{coherence}", f"{self.snr_db:g}dB", target,
            f"seed{self.seed}",
        )  # fmt: skip
        return "_".join(re.sub(r"[^A-Za-z0-9.+-]", "-", part) for part in parts)

    def key(self, facts: Mapping[str, Any]) -> str:
        """Hash of everything that decides the numbers: the cell, the clip's bytes, the code, ``facts``."""
        content = {"cell": asdict(self), "code": code_digest(), "versions": versions(), **facts}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def code_digest() -> str:
    """Hash of the source files that decide a number, whether committed or not."""
    digest = hashlib.sha256()
    for package in _CODE:
        for path in sorted((_ROOT / package).rglob("*")):
            name = path.relative_to(_ROOT).as_posix()
            if path.suffix in {".py", ".json", ".txt", ".csv"} and not name.startswith(_NOT_CODE):
                digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def versions() -> dict[str, str]:
    """Versions of the libraries that decide a number, as far as they are installed."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def read_record(path: Path) -> dict[str, Any] | None:
    """A record, or None where there is none or it is not whole."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None
