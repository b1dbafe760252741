"""What every committed measurement says about how it was made."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent


def provenance(
    libraries: Sequence[str] = ("av", "numba", "numpy", "opencv-python-headless"),
) -> dict[str, Any]:
    """Commit, command, machine and versions of ``libraries``, JSON-ready."""
    return {
        "command": shlex.join(["python", "-m", _module(), *sys.argv[1:]]),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: metadata.version(name) for name in libraries},
    }


def _module() -> str:
    return ".".join(Path(sys.argv[0]).resolve().relative_to(_ROOT).with_suffix("").parts)


def commit() -> str:
    """The checkout's commit, with ``-dirty`` where tracked files outside `results` differ from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=True
        ).stdout

    dirty = git("status", "--porcelain", "--untracked-files=no", "--", ":!results").strip()
    return git("rev-parse", "--short=12", "HEAD").strip() + ("-dirty" if dirty else "")
