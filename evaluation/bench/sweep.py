"""Runs a set: decides which cells are missing, deals them to processes, survives those that die."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from evaluation.bench import worker
from evaluation.bench.cells import Cell, code_digest, read_record, versions, write_atomically
from evaluation.bench.sets import Point, SweepSet
from evaluation.bench.sources import Source, find
from evaluation.bench.worker import Job, Work
from evaluation.judge import Weights
from evaluation.methods.cache import CACHE
from evaluation.methods.quality import LPIPS_MODEL
from evaluation.provenance import commit
from semvid.errors import SemvidError

_CRASHES: Final = 2  # a cell during which as many processes died is recorded as failed

Say = Callable[[str], None]


class SweepBroken(SemvidError):
    """No process can be started for the sweep; what is recorded stays."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for.

    Attributes:
        out: folder of the sweep; records that are there and still hold are kept.
        retry_failed: failed cells run again although their key holds.
        command: that started it, for the records.
    """

    out: Path
    media: Path | None
    weights: Weights
    workers: int
    cell_seconds: float
    retry_failed: bool
    command: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How a sweep ended, in cells."""

    there: int
    done: int
    failed: int


def run(chosen: SweepSet, text: str, request: Request, say: Say) -> Tally:
    """Fills ``request.out`` with a record for every cell of the set.

    Args:
        chosen, text: the set and its file.
        say: is told of every cell that ends.

    Raises:
        InvalidInput: a clip or a method that does not exist; nothing has run then.
    """
    sources = [find(name, request.media) for name in chosen.clips]
    for name in chosen.methods:
        worker.make_method(name)
    weights = replace(request.weights, models={**chosen.models, **request.weights.models})
    write_atomically(request.out / "set.toml", text)
    facts = {
        "set": chosen.title,
        "command": request.command,
        "commit": _commit(),
        "code": code_digest()[:12],
        "versions": versions(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    with _scratch(request.out, _environment(request.out, weights)) as scratch:
        work = Work(request.out, chosen.judges, weights, chosen.seconds, chosen.judged_every,
                    request.cell_seconds, facts)  # fmt: skip
        return _Sweep(chosen, sources, request, work, scratch, say).run()


class _Sweep:
    def __init__(
        self, chosen: SweepSet, sources: list[Source], request: Request, work: Work, scratch: Path, say: Say
    ) -> None:
        self._set, self._sources, self._request = chosen, sources, request
        self._work, self._scratch, self._say = work, scratch, say
        self._there = self._done = self._failed = self._total = 0
        self._started = time.monotonic()

    def run(self) -> Tally:
        cells = sum(len(self._set.methods_at(point)) for point in self._set.points())
        self._total = (len(self._set.variant) + cells) * len(self._sources)
        if self._set.variant:
            self._select()
        # grids in their order, so that a sweep that is stopped has whole comparisons; in each the reference
        # first: it decides how many symbols the others get where they shall get the same
        there: set[Point] = set()
        for grid in self._set.grid:
            points = [point for point in dict.fromkeys(grid.points()) if point not in there]
            there.update(points)
            for reference_turn in (True, False):
                self._transmit(
                    [
                        job
                        for source in self._sources
                        for method in self._set.methods
                        if (method == self._set.reference) is reference_turn
                        if (job := self._job(source, method, points)) is not None
                    ]
                )
        return Tally(self._there, self._done, self._failed)

    def _job(self, source: Source, method: str, points: Sequence[Point]) -> Job | None:
        """The cells of ``method`` at ``points`` that have no record yet."""
        missing = []
        for point in points:
            if method not in self._set.methods_at(point):
                continue
            snr_db, model, coherence, target = point
            cell = Cell(source.name, method, snr_db, model, coherence, target, None, self._set.seed)
            if isinstance(target, float):
                cell = replace(cell, target_cbr=target)
            elif target == "reference" and method != self._set.reference:
                spent = self._spent_by_reference(cell)
                if spent is None:
                    self._fail(cell, f"{self._set.reference} failed here: there is no CBR to be matched")
                    continue
                cell = replace(cell, target_cbr=spent)
            key = cell.key(self._key_facts(source))
            if self._holds(cell.name, key):
                self._there += 1
            else:
                missing.append((cell, key, self._keeps_still(cell)))
        return Job(source, method, tuple(missing)) if missing else None

    def _spent_by_reference(self, cell: Cell) -> float | None:
        name = replace(cell, method=self._set.reference).name
        record = read_record(self._work.out / "records" / f"{name}.json")
        return None if record is None or record["failed"] else record["cbr"]

    def _holds(self, name: str, key: str) -> bool:
        record = read_record(self._work.out / "records" / f"{name}.json")
        if record is None or record.get("key") != key:
            return False
        return not (record["failed"] and self._request.retry_failed)

    def _key_facts(self, source: Source) -> dict[str, Any]:
        work = self._work
        return {
            "clip_bytes": source.digest,
            "facts": [source.facts.label, source.facts.description],
            "seconds": work.seconds,
            "judged_every": work.judged_every,
            "judges": list(work.judges),
            "models": dict(work.weights.models),
            "small_networks": _folder_digest(work.weights.judges),
        }

    def _keeps_still(self, cell: Cell) -> bool:
        wanted = self._set.stills
        return cell.snr_db in wanted.snr_db and cell.target in wanted.target_cbr

    def _select(self) -> None:
        with self._pool() as pool:
            futures = []
            for source in self._sources:
                missing = []
                for variant in self._set.variant:
                    name = f"{source.name.replace(':', '-')}_{variant.name}"
                    facts = {
                        **self._key_facts(source),
                        "variant": variant.model_dump(),
                        "code": code_digest(),
                    }
                    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
                    if self._holds(name, key):
                        self._there += 1
                    else:
                        missing.append((variant, self._work.out / "records" / f"{name}.json", key))
                if missing:
                    futures.append(pool.submit(worker.do_selection, source, tuple(missing)))
            for future in as_completed(futures):
                self._tell(future.result())

    def _transmit(self, jobs: list[Job]) -> None:
        crashes: Counter[str] = Counter()
        while jobs:
            with self._pool() as pool:
                # processes take turns on the clips in order, so that each rarely has to turn to a new one
                futures: dict[Future[list[dict[str, Any]]], Job] = {
                    pool.submit(worker.do, job): job for job in jobs
                }
                unfinished = []
                for future in as_completed(futures):
                    try:
                        self._tell(future.result())
                    except BrokenProcessPool:
                        unfinished.append(futures[future])
            died = list(self._take_in_flight())
            if unfinished and not died:
                raise SweepBroken("processes end before they begin; the reason is above")
            crashes.update(died)
            jobs = [left for job in unfinished if (left := self._what_is_left(job, crashes)) is not None]

    def _take_in_flight(self) -> Iterator[str]:
        for path in self._scratch.glob("in-flight-*.json"):
            yield from json.loads(path.read_text(encoding="utf-8"))
            path.unlink()

    def _what_is_left(self, job: Job, crashes: Counter[str]) -> Job | None:
        left = []
        for cell, key, keep_still in job.cells:
            if self._holds(cell.name, key):
                self._count(read_record(self._work.out / "records" / f"{cell.name}.json") or {}, cell.name)
            elif crashes[cell.name] >= _CRASHES:
                self._fail(cell, f"its process died {_CRASHES} times", key)
            else:
                left.append((cell, key, keep_still))
        return Job(job.source, job.method, tuple(left)) if left else None

    def _fail(self, cell: Cell, reason: str, key: str = "") -> None:
        record = worker.blank_record(cell, self._work.facts) | {"failed": reason, "key": key, "seconds": 0}
        write_atomically(
            self._work.out / "records" / f"{cell.name}.json", json.dumps(record, indent=1) + "\n"
        )
        self._count(record, cell.name)

    def _tell(self, ended: Iterable[dict[str, Any]]) -> None:
        for cell in ended:
            self._count(cell, cell["name"])

    def _count(self, record: dict[str, Any], name: str) -> None:
        self._done += 1
        self._failed += bool(record.get("failed"))
        minutes = (time.monotonic() - self._started) / 60
        left = self._total - self._there - self._done
        numbers = "  ".join(f"{k} {v:.4g}" for k, v in list((record.get("metrics") or {}).items())[:3])
        cbr = "" if record.get("cbr") is None else f"cbr {record['cbr']:.2e}  "
        self._say(
            f"[{self._there + self._done}/{self._total}, {minutes:.1f} min, about "
            f"{left * minutes / self._done:.0f} "
            f"to go] {name}  {record.get('seconds', 0)} s  {cbr}{numbers}"
            + (f"failed: {record['failed']}" if record.get("failed") else "")
        )

    def _pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._request.workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=worker.start,
            initargs=(self._work, self._scratch),
        )


def _environment(out: Path, weights: Weights) -> dict[str, str]:
    """The environment of processes: one thread each, and where rivals keep what they encoded."""
    one_thread = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    told = {**dict.fromkeys(one_thread, "1"), CACHE: str((out / "encoded").resolve())}
    lpips = None if weights.judges is None else weights.judges / "lpips_squeeze.onnx"
    if lpips is not None and lpips.is_file():
        told[LPIPS_MODEL] = str(lpips.resolve())
    return told


@contextmanager
def _scratch(out: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """A folder for what processes need while they run, and their environment."""
    scratch = out / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield scratch
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(scratch, ignore_errors=True)


def _commit() -> str:
    try:
        return commit()
    except (OSError, subprocess.CalledProcessError):  # no git, or not a checkout
        return ""


def _folder_digest(folder: Path | None) -> str:
    """Of the networks in a folder: names, sizes and the code that runs them."""
    if folder is None or not folder.is_dir():
        return ""
    sizes = sorted((path.name, path.stat().st_size) for path in folder.iterdir() if path.is_file())
    code = folder / "judges.py"
    return hashlib.sha256(
        json.dumps(sizes).encode() + (code.read_bytes() if code.exists() else b"")
    ).hexdigest()
