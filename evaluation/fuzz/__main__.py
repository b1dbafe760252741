"""Fuzzes the parsers, chunk after chunk, each in a process of its own, and adds up what came of it.

    python -m evaluation.fuzz --minutes 60 --out results/fuzz.json

Goes on where the file stops: chunk N of a target is always the same. Exit code 1 where a parser crashed or
raised what is no refusal.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from evaluation.fuzz.targets import TARGETS
from evaluation.provenance import provenance, write

CHUNK = {"upload probe": 200}  # inputs; of all others:
_CHUNK = 10_000
_CHUNK_S = 1800  # longer is a parser that hangs


def main(
    minutes: Annotated[float, typer.Option(min=0, help="to go on for")] = 10.0,
    executions: Annotated[int, typer.Option(min=1, help="in all, those in the file counted")] = 10**7,
    seed: Annotated[int, typer.Option(help="of all inputs")] = 1,
    out: Annotated[Path | None, typer.Option(help="for the account, .json")] = None,
) -> None:
    """Feeds parsers and prints the account, as JSON."""
    made: dict[str, Any] = {"seed": seed, "targets": {}}
    if out is not None and out.exists():
        made = json.loads(out.read_bytes())
    if made["seed"] != seed:
        raise typer.BadParameter(f"{out} was made with seed {made['seed']}")
    deadline, counted = time.monotonic() + 60 * minutes, made["targets"]
    while time.monotonic() < deadline and _total(counted) < executions:
        for name in TARGETS:
            _add(counted, name, seed)
            document = _document(made)
            write(out, document)
            if time.monotonic() > deadline:
                break
    print(json.dumps(_document(made), indent=2))
    sys.exit(1 if any(target["findings"] for target in counted.values()) else 0)


def _add(counted: dict[str, Any], name: str, seed: int) -> None:
    empty = {"chunks": 0, "executions": 0, "taken": 0, "refused": 0, "findings": []}
    target = counted.setdefault(name, empty)
    count = CHUNK.get(name, _CHUNK)
    command = [sys.executable, "-m", "evaluation.fuzz.chunk", name, f"{seed}-{target['chunks']}", str(count)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_CHUNK_S)
        crashed = done.returncode != 0
        why = f"ended with status {done.returncode}: {done.stderr[-400:]}"
    except subprocess.TimeoutExpired:
        crashed, why = True, f"did not end within {_CHUNK_S} s"
    if crashed:
        target["findings"].append(f"chunk {target['chunks']} {why}")
    else:
        result = json.loads(done.stdout)
        for field in ("executions", "taken", "refused", "findings"):
            target[field] += result[field]
    target["chunks"] += 1


def _total(counted: dict[str, Any]) -> int:
    return sum(target["executions"] for target in counted.values())


def _document(made: dict[str, Any]) -> dict[str, Any]:
    made = {key: made[key] for key in ("seed", "targets")}
    return {
        **made,
        "executions": _total(made["targets"]),
        "provenance": provenance(("av", "numpy", "protobuf", "pydantic")),
    }


if __name__ == "__main__":
    typer.run(main)
