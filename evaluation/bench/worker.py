"""What one process does: all cells of one method on one clip, one after another."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, Final

import cv2

from evaluation.bench.cells import Cell, code_digest, write_atomically
from evaluation.bench.original import Original
from evaluation.bench.panel import Misaligned, Panel, judged_indices, take, verified
from evaluation.bench.selection import select
from evaluation.bench.sets import Variant
from evaluation.bench.sources import Source
from evaluation.bench.stills import still
from evaluation.clips import Clip
from evaluation.judge import Frames, Weights
from evaluation.method import Conditions, Method, Outcome
from evaluation.methods import METHODS
from semvid.errors import InvalidInput, MissingComponent, SemvidError


@dataclass(frozen=True, slots=True)
class Work:
    """What a sweep tells every process.

    Attributes:
        out: the sweep's folder.
        facts: what goes into every record as it is: commit, versions, title, date.
        cell_seconds: a cell that takes longer is given up and recorded as failed.
    """

    out: Path
    judges: tuple[str, ...]
    weights: Weights
    seconds: float
    judged_every: int
    cell_seconds: float
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """Cells of one method on one clip, each with its key and whether a still of it is kept."""

    source: Source
    method: str
    cells: tuple[tuple[Cell, str, bool], ...]


class TookTooLong(Exception):
    """A cell passed its time limit."""


@dataclass(slots=True)
class _Process:
    """What a process keeps from job to job."""

    work: Work
    folder: Path
    panel: Panel | None = None
    clip_name: str = ""
    clip: Clip | None = None


_process: _Process | None = None
_PARENT_CHECK_S: Final = 1.0


def start(work: Work, scratch: Path) -> None:
    """Initialises a process of the pool.

    Raises:
        RuntimeError: the source is no longer what the sweep began with; its keys would lie.
    """
    global _process
    if code_digest()[:12] != work.facts["code"]:
        raise RuntimeError("the source changed while the sweep ran; run it again, or from a checkout at rest")
    cv2.setNumThreads(1)
    _process = _Process(work, Path(tempfile.mkdtemp(prefix="process-", dir=scratch)))
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    """A killed sweep takes its processes along."""
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_S)
    os._exit(1)


def make_method(name: str) -> Method:
    """The method of a set: a key of `METHODS`, or ``module:attribute`` for one's own.

    Raises:
        InvalidInput: there is no such method.
    """
    if ":" in name:
        module, _, attribute = name.partition(":")
        try:
            return getattr(import_module(module), attribute)()  # type: ignore[no-any-return]
        except (ImportError, AttributeError) as error:
            raise InvalidInput(f"method {name}: cannot be imported: {error}") from error
    methods = {**METHODS, Original.name: Original}
    if name not in methods:
        raise InvalidInput(f"method {name!r}: there is none; choose from {', '.join(sorted(methods))}")
    return methods[name]()


def do(job: Job) -> list[dict[str, Any]]:
    """Runs the cells of a job and writes a record for each.

    Returns:
        Of each cell: ``name``, ``cbr``, ``failed`` and ``seconds``.
    """
    assert _process is not None
    done = []
    method: Method | str
    try:
        method = make_method(job.method)
    except (SemvidError, ImportError) as error:
        method = str(error)
    for cell, key, keep_still in job.cells:
        write_atomically(_in_flight(_process.work.out), json.dumps([cell.name]))
        record = _record(_process, job.source, method, cell, keep_still) | {"key": key}
        write_atomically(
            _process.work.out / "records" / f"{cell.name}.json", json.dumps(record, indent=1) + "\n"
        )
        _in_flight(_process.work.out).unlink()
        done.append(
            {"name": cell.name, **{name: record[name] for name in ("cbr", "failed", "seconds", "metrics")}}
        )
    return done


def do_selection(source: Source, variants: tuple[tuple[Variant, Path, str], ...]) -> list[dict[str, Any]]:
    """Chooses keyframes of one clip in every way that is asked for, and writes a record for each."""
    assert _process is not None
    done = []
    for variant, path, key in variants:
        record: dict[str, Any] = {
            "clip": source.name, "method": variant.name, "kind": "selection", "snr_db": None,
            "channel_model": None, "target": None, "cbr": None, "symbols": {}, "failed": "", "seed": None,
            **_process.work.facts, "key": key,
        }  # fmt: skip
        try:
            record |= select(_clip(_process, source), variant)
        except SemvidError as error:
            record |= {"failed": str(error), "metrics": {}, "seconds": 0}
        write_atomically(path, json.dumps(record, indent=1) + "\n")
        done.append(
            {"name": path.stem, **{name: record[name] for name in ("cbr", "failed", "seconds", "metrics")}}
        )
    return done


def _in_flight(out: Path) -> Path:
    """Names the cell that this process is at, so that a crash can be put down to it."""
    return out / "scratch" / f"in-flight-{os.getpid()}.json"


def _record(
    process: _Process, source: Source, method: Method | str, cell: Cell, keep_still: bool
) -> dict[str, Any]:
    record: dict[str, Any] = blank_record(cell, process.work.facts) | {"credit": source.credit}
    started, cpu_started = time.perf_counter(), time.process_time()
    signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, process.work.cell_seconds)
    try:
        if isinstance(method, str):
            raise MissingComponent(method)
        record |= _measured(process, source, method, cell, keep_still)
    except TookTooLong:
        record["failed"] = f"took longer than {process.work.cell_seconds:g} s; raise --cell-seconds"
    except (SemvidError, Misaligned) as error:
        record["failed"] = str(error)
    except Exception as error:  # the sweep goes on; the record says what happened
        record["failed"] = f"{type(error).__name__}: {error}"
        record["traceback"] = traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    record["seconds"] = round(time.perf_counter() - started, 2)
    record["cpu_seconds"] = round(time.process_time() - cpu_started, 2)
    return record


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise TookTooLong


def blank_record(cell: Cell, facts: dict[str, Any]) -> dict[str, Any]:
    """A record in which nothing has been measured yet."""
    return {
        "clip": cell.clip,
        "method": cell.method,
        "snr_db": cell.snr_db,
        "channel_model": cell.channel_model,
        "coherence_symbols": cell.coherence_symbols,
        "target": cell.target,
        "target_cbr": cell.target_cbr,
        "seed": cell.seed,
        "cbr": None,
        "symbols": {},
        "crossed": None,
        "failed": "",
        "metrics": {},
        "absent": {},
        "settings": {},
        "seconds": None,
        **facts,
    }


def _measured(
    process: _Process, source: Source, method: Method, cell: Cell, keep_still: bool
) -> dict[str, Any]:
    clip = _clip(process, source)
    conditions = Conditions(cell.snr_db, cell.channel_model, cell.coherence_symbols, cell.seed)
    folder = Path(tempfile.mkdtemp(prefix="cell-", dir=process.folder))
    try:
        started = time.process_time()
        outcome = method.run(clip, conditions, cell.target_cbr, folder)
        cpu_seconds = time.process_time() - started
        facts = _facts(clip, outcome) | {"method_cpu_seconds": round(cpu_seconds, 2)}
        wrong = verified(outcome.symbols, outcome.crossed)
        if wrong or outcome.failed:
            return facts | {"failed": wrong or outcome.failed}
        indices = judged_indices(len(clip.pictures), process.work.judged_every)
        shown = take(outcome.pictures(), clip.pictures, indices)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert process.panel is not None
    verdict = process.panel.compare(shown)
    metrics = verdict.metrics | {"cpu_per_second": cpu_seconds / clip.source.duration_s}
    if outcome.keyframes:
        metrics["keyframes"] = len(outcome.keyframes)
    if keep_still:
        _keep_still(process.work.out, cell, source, clip, shown)
    return facts | {"metrics": metrics, "absent": verdict.absent, "judged_frames": len(indices)}


def _facts(clip: Clip, outcome: Outcome) -> dict[str, Any]:
    return {
        "cbr": clip.cbr(outcome.crossed),
        "symbols": {str(name): count for name, count in outcome.symbols.items()},
        "crossed": outcome.crossed,
        "settings": outcome.settings,
        "frames": len(clip.pictures),
        "size": f"{clip.source.width}x{clip.source.height}",
    }


def _keep_still(out: Path, cell: Cell, source: Source, clip: Clip, shown: Frames) -> None:
    """The judged frame in the middle, and the source's beside it; never of a clip that may not be shown."""
    if not source.may_be_shown:
        return
    middle = len(shown.indices) // 2
    index = shown.indices[middle]
    write_atomically(out / "stills" / f"{cell.name}.jpg", still(shown.pictures[middle]))
    write_atomically(
        out / "stills" / f"{cell.clip.replace(':', '-')}_source.jpg", still(clip.pictures[index])
    )


def _clip(process: _Process, source: Source) -> Clip:
    """The prepared clip; the one before it is forgotten."""
    if process.clip is not None and process.clip_name == source.name:
        return process.clip
    work = process.work
    process.clip, process.clip_name = None, ""
    folder = process.folder / "clip"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    clip = source.prepare(folder, work.seconds)
    if process.panel is None:
        process.panel = Panel(work.judges, work.weights)
    indices = judged_indices(len(clip.pictures), work.judged_every)
    process.panel.look(take(iter(clip.pictures), clip.pictures, indices), source.facts)
    process.clip, process.clip_name = clip, source.name
    return clip
