"""The folder of a sweep: `run.json` and a file for every cell; published: `run.json` and one `records.jsonl`.

`run.json` holds the set; once published, what all records have in common; once reported, the differences from
the best rivals. Nothing in either names a folder of the machine that made it.
"""

import json
from pathlib import Path
from typing import Any, Final

from evaluation.bench.sets import SweepSet, set_of
from evaluation.provenance import machine_free
from semvid.errors import InvalidInput
from semvid.service.files import write_atomically

Record = dict[str, Any]

FACTS: Final = ("command", "commit", "code", "versions", "date")
"""What a record says of how it was made."""

_RUN: Final = "run.json"
_RECORDS: Final = "records.jsonl"
_CELLS: Final = "cells"


def start(folder: Path, chosen: SweepSet, facts: dict[str, Any]) -> None:
    """Begins or resumes a sweep in ``folder``.

    Raises:
        InvalidInput: it holds published records.
    """
    if (folder / _RECORDS).exists():
        raise InvalidInput(
            f"{folder}: holds published records, which a sweep does not write over; choose another --out"
        )
    _write(folder / _RUN, {"set": chosen.model_dump(mode="json", exclude_unset=True), **facts})


def write(folder: Path, name: str, record: Record) -> None:
    """Stores the record of the cell ``name``."""
    _write(folder / _CELLS / f"{name}.json", record)


def read(folder: Path, name: str) -> Record | None:
    """The record of the cell ``name``, or None where there is none or it is not whole."""
    return _read(folder / _CELLS / f"{name}.json")


def read_all(folder: Path) -> tuple[SweepSet, list[Record]]:
    """The set of a folder, and all its records by the names of their cells, published or not.

    Raises:
        InvalidInput: it holds no sweep.
    """
    run = _run(folder)
    chosen = set_of(run["set"], str(folder / _RUN))
    if (folder / _RECORDS).is_file():
        shared = {name: run[name] for name in FACTS if name in run}
        lines = (folder / _RECORDS).read_text(encoding="utf-8").splitlines()
        return chosen, [shared | json.loads(line) for line in lines]
    found = [_read(path) for path in sorted((folder / _CELLS).glob("*.json"))]
    return chosen, [record for record in found if record is not None]


def annotate(folder: Path, facts: dict[str, Any]) -> None:
    """Adds ``facts`` to `run.json`: what a report found out about all records together.

    Raises:
        InvalidInput: the folder holds no sweep.
    """
    _write(folder / _RUN, _run(folder) | facts)


def publish(source: Path, target: Path) -> None:
    """Writes the sweep of ``source`` into ``target``: two files that can be committed.

    Raises:
        InvalidInput: ``source`` holds no sweep, or no record.
    """
    chosen, records = read_all(source)
    if not records:
        raise InvalidInput(f"{source}: holds no record; run semvid bench run --out {source}")
    first = records[0]
    shared = {name: first[name] for name in FACTS if all(record[name] == first[name] for record in records)}
    _write(target / _RUN, {"set": chosen.model_dump(mode="json", exclude_unset=True), **shared})
    left_out = {"key", *shared}
    lines = [
        json.dumps(machine_free({name: value for name, value in record.items() if name not in left_out}))
        for record in records
    ]
    write_atomically(target / _RECORDS, "\n".join(lines) + "\n")


def _run(folder: Path) -> dict[str, Any]:
    run = _read(folder / _RUN)
    if run is None:
        raise InvalidInput(f"{folder}: holds no sweep; make one with semvid bench run --out {folder}")
    return run


def _write(path: Path, content: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(machine_free(content), indent=1) + "\n")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
