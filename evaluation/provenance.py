"""What every committed measurement says about how it was made, and how it is written."""

import json
import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

_ROOT = Path(__file__).resolve().parent.parent
# a lone slash stays; "16QAM 658/1024" and URLs are no paths
_PATH: Final = re.compile(r"(?<![\w.:/~-])/(?:[^\s/:'\"`,;()]+/)*([^\s/:'\"`,;()]+)/?")


def provenance(
    libraries: Sequence[str] = ("av", "numba", "numpy", "opencv-python-headless"),
    command: str = "",
) -> dict[str, Any]:
    """Commit, command, machine and versions of ``libraries``, JSON-ready.

    Args:
        command: that was given; left out: the module that runs, with its arguments.
    """
    return {
        "command": machine_free(command or shlex.join(["python", "-m", _module(), *sys.argv[1:]])),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: metadata.version(name) for name in libraries},
    }


def write(out: Path | None, document: dict[str, Any], text: str = "") -> None:
    """Writes a measurement as JSON, and ``text`` as Markdown beside it; nothing without ``out``."""
    if out is None:
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if text:
        out.with_suffix(".md").write_text(text, encoding="utf-8")


def _module() -> str:
    return ".".join(Path(sys.argv[0]).resolve().relative_to(_ROOT).with_suffix("").parts)


def commit() -> str:
    """The checkout's commit, ``-dirty`` where tracked files outside `results` differ from it; "" without."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=True
        ).stdout

    try:
        dirty = git("status", "--porcelain", "--untracked-files=no", "--", ":!results").strip()
        return git("rev-parse", "--short=12", "HEAD").strip() + ("-dirty" if dirty else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def machine_free(value: Any) -> Any:
    """``value``, JSON-like, with the name of the file or folder in the place of every absolute path in it."""
    if isinstance(value, str):
        return _PATH.sub(r"\1", value)
    if isinstance(value, dict):
        return {key: machine_free(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [machine_free(one) for one in value]
    return value
