"""One cell of a sweep: what it is, and the key that says whether its record still holds."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any, Final

from evaluation.bench.sets import Target

_LIBRARIES: Final = (
    "ai-edge-litert",
    "av",
    "numba",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "pycocotools",
    "scipy",
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
        """Of its record."""
        target = self.target if isinstance(self.target, str) else f"{self.target:.3g}"
        coherence = "" if self.coherence_symbols is None else f"{self.coherence_symbols}"
        parts = (
            self.clip, self.method, f"{self.channel_model}{coherence}", f"{self.snr_db:g}dB", target,
            f"seed{self.seed}",
        )  # fmt: skip
        return "_".join(re.sub(r"[^A-Za-z0-9.+-]", "-", part) for part in parts)


def key(content: Mapping[str, Any]) -> str:
    """Hash of everything that decides the numbers of a cell; JSON-ready."""
    return hashlib.sha256(
        json.dumps({"versions": versions(), **content}, sort_keys=True).encode()
    ).hexdigest()


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
