"""Runs a set: decides which cells are missing, deals them to processes, survives those that die."""

import fcntl
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import FrameType

from evaluation.bench import records, worker
from evaluation.bench.cells import Cell, key, versions
from evaluation.bench.code import ALWAYS, digest
from evaluation.bench.records import Record
from evaluation.bench.sets import Point, SweepSet, Variant
from evaluation.bench.sources import Source, find
from evaluation.bench.worker import Task, Work
from evaluation.judge import Weights
from evaluation.judges import JUDGES
from evaluation.methods.cache import CACHE
from evaluation.methods.quality import LPIPS_MODEL
from evaluation.provenance import commit
from semvid.errors import Cancelled, Conflict, SemvidError

Say = Callable[[str], None]


class SweepBroken(SemvidError):
    """The sweep cannot go on; what is recorded stays."""


@dataclass(slots=True)
class Tally:
    """How a sweep ended, in cells.

    Attributes:
        there: whose records held.
        done: that ran; of them ``failed`` by their method, and ``not_run`` by fault of the machine.
    """

    there: int = 0
    done: int = 0
    failed: int = 0
    not_run: int = 0


def run(
    chosen: SweepSet,
    out: Path,
    say: Say,
    *,
    media: Path | None,
    weights: Weights,
    workers: int,
    cell_seconds: float,
    retry_failed: bool,
    command: str,
) -> Tally:
    """Fills ``out`` with a record for every cell of the set; records that are there and still hold are kept.

    Args:
        say: is told of every cell that ends.
        retry_failed: failed cells run again although their key holds.
        command: that started it, for the records.

    Raises:
        InvalidInput: a clip or a method that does not exist; nothing has run then.
        Conflict: another sweep is filling the folder.
        Cancelled: SIGINT or SIGTERM came; what is recorded stays.
        SweepBroken: no process can be started, or the folder cannot be written.
    """
    sources = [find(name, media) for name in chosen.clips]
    weights = replace(weights, models={**chosen.models, **weights.models})
    code = worker.set_digest(chosen.methods, chosen.judges)
    facts = {
        "command": command,
        "commit": commit(),
        "code": code[:12],
        "versions": versions(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    work = Work(out, chosen, weights, cell_seconds, code, facts)
    try:
        with ExitStack() as stack:
            stack.enter_context(_locked(out))
            records.start(out, chosen, facts)
            stack.enter_context(_scratch(work.scratch))
            stack.enter_context(_environment(out, weights))
            stack.enter_context(_stoppable())
            return _Sweep(sources, work, workers, retry_failed, say).run()
    except OSError as error:
        raise SweepBroken(f"{out}: {error.strerror or error}; put that right and run it again") from error


class _Sweep:
    def __init__(self, sources: list[Source], work: Work, workers: int, retry_failed: bool, say: Say) -> None:
        self._set, self._sources, self._work, self._say = work.chosen, sources, work, say
        self._workers, self._retry_failed = workers, retry_failed
        self._tally, self._total = Tally(), 0
        self._started = time.monotonic()

    def run(self) -> Tally:
        cells = sum(map(len, self._set.turns()))
        self._total = (len(self._set.variant) + cells) * len(self._sources)
        self._do([task for s in self._sources for v in self._set.variant for task in self._missing(s, v)])
        # grids in their order, so that a sweep that is stopped has whole comparisons; in each the reference
        # first: it decides how many symbols the others get where they shall get the same
        for turn in self._set.turns():
            for reference_turn in (True, False):
                self._do(
                    [
                        task
                        for source in self._sources
                        for point, method in turn
                        if (method == self._set.reference) is reference_turn
                        for task in self._missing(source, self._cell(source, method, point))
                    ]
                )
        return self._tally

    def _cell(self, source: Source, method: str, point: Point) -> Cell:
        snr_db, model, coherence, target = point
        cell = Cell(source.name, method, snr_db, model, coherence, target, None, self._set.seed)
        return replace(cell, target_cbr=target) if isinstance(target, float) else cell

    def _missing(self, source: Source, what: Cell | Variant) -> Iterator[Task]:
        """The task that makes the record, unless that is there and holds."""
        if isinstance(what, Cell) and what.target == "reference" and what.method != self._set.reference:
            reference = replace(what, method=self._set.reference).name
            spent = records.read(self._work.out, reference)
            if spent is None or spent["failed"]:
                reason = f"{self._set.reference} failed here: there is no CBR to be matched"
                self._fail(Task(source, what, ""), reason, bool(spent is None or spent.get("environment")))
                return
            what = replace(what, target_cbr=spent["cbr"])
        task = Task(source, what, self._key(source, what), self._keeps_still(what))
        if self._holds(task):
            self._tally.there += 1
        else:
            yield task

    def _key(self, source: Source, what: Cell | Variant) -> str:
        work, chosen = self._work, self._set
        facts = {"clip": source.digest, "facts": asdict(source.facts), "seconds": chosen.seconds}
        if isinstance(what, Variant):
            return key(
                {**facts, "variant": what.model_dump(), "code": digest((), ["evaluation.bench.selection"])}
            )
        return key(
            {
                **facts,
                "cell": asdict(what),
                "code": _code_of(what.method, chosen.judges),
                "judged_every": chosen.judged_every,
                "judges": list(chosen.judges),
                "models": dict(work.weights.models),
                "small_networks": _folder_digest(work.weights.judges),
            }
        )

    def _holds(self, task: Task) -> bool:
        record = records.read(self._work.out, task.name)
        if record is None or record.get("key") != task.key or record.get("environment"):
            return False
        return not (record["failed"] and self._retry_failed)

    def _keeps_still(self, what: Cell | Variant) -> bool:
        wanted = self._set.stills
        return isinstance(what, Cell) and what.snr_db in wanted.snr_db and what.target in wanted.target_cbr

    def _do(self, tasks: list[Task]) -> None:
        """Makes the records, whatever becomes of the processes."""
        suspects: list[Task] = []
        while tasks:
            unfinished, died = self._round(tasks, self._workers)
            suspects += [task for task in unfinished if task.name in died]
            tasks = [task for task in unfinished if task.name not in died]
            if unfinished and not died:
                raise SweepBroken("processes end before they begin; the reason is above")
        for task in suspects:  # one at a time: a process that dies takes those beside it along
            if self._round([task], 1)[0]:
                self._fail(task, "its process died twice: killed, crashed or out of memory", environment=True)

    def _round(self, tasks: Sequence[Task], workers: int) -> tuple[list[Task], set[str]]:
        """Deals ``tasks`` to processes until all are done or one died.

        Returns:
            Tasks without a record, and the names of those that a process was at when it died.
        """
        unfinished = []
        with self._pool(workers) as pool:
            # in order, so that a process rarely has to turn to a new clip
            futures = {pool.submit(worker.do, task): task for task in tasks}
            try:
                for future in as_completed(futures):
                    try:
                        self._count(future.result(), futures[future].name)
                    except BrokenProcessPool:
                        unfinished.append(futures[future])
            except BaseException:
                (self._work.scratch / worker.STOP).touch()
                pool.shutdown(cancel_futures=True)
                raise
        died = set()
        for path in self._work.scratch.glob("in-flight-*"):
            died.add(path.read_text(encoding="utf-8"))
            path.unlink()
        finished = [task for task in unfinished if self._holds(task)]
        for task in finished:  # recorded, and dead before it could tell
            self._count(records.read(self._work.out, task.name) or {}, task.name)
        return [task for task in unfinished if task not in finished], died

    def _fail(self, task: Task, reason: str, environment: bool) -> None:
        record = worker.blank_record(task, self._work.facts) | {"failed": reason, "seconds": 0}
        if environment:
            record["environment"] = True
        records.write(self._work.out, task.name, record)
        self._count(record, task.name)

    def _count(self, record: Record, name: str) -> None:
        tally = self._tally
        tally.done += 1
        tally.not_run += bool(record.get("environment"))
        tally.failed += bool(record.get("failed")) and not record.get("environment")
        minutes = (time.monotonic() - self._started) / 60
        left = self._total - tally.there - tally.done
        numbers = "  ".join(f"{k} {v:.4g}" for k, v in list((record.get("metrics") or {}).items())[:3])
        cbr = "" if record.get("cbr") is None else f"cbr {record['cbr']:.2e}  "
        verdict = "not run: " if record.get("environment") else "failed: "
        self._say(
            f"[{tally.there + tally.done}/{self._total}, {minutes:.1f} min, about "
            f"{left * minutes / tally.done:.0f} to go] {name}  {record.get('seconds', 0)} s  {cbr}{numbers}"
            + (f"{verdict}{record['failed']}" if record.get("failed") else "")
        )

    def _pool(self, workers: int) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            workers, mp_context=spawn, initializer=worker.start, initargs=(self._work,)
        )


@cache
def _code_of(method: str, judges: tuple[str, ...]) -> str:
    return digest([worker.maker_of(method), *(JUDGES[name] for name in judges)], ALWAYS)


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Holds the folder for this sweep alone; the lock goes with the process, however it ends."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                f"{out}: another sweep is filling this folder; wait for it, stop it, or choose another --out"
            ) from error
        yield


@contextmanager
def _scratch(folder: Path) -> Iterator[None]:
    """An empty folder for what processes need while they run."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _environment(out: Path, weights: Weights) -> Iterator[None]:
    """The environment of processes: one thread each, and where rivals keep what they encoded."""
    one_thread = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    told = {**dict.fromkeys(one_thread, "1"), CACHE: str((out / "encoded").resolve())}
    lpips = None if weights.judges is None else weights.judges / "lpips_squeeze.onnx"
    if lpips is not None and lpips.is_file():
        told[LPIPS_MODEL] = str(lpips.resolve())
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGINT and SIGTERM raise Cancelled in the main thread; a sweep in another thread is not stopped so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        raise Cancelled(f"stopped by {name}; what is recorded stays, the same command goes on from there")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _folder_digest(folder: Path | None) -> str:
    """Of the networks in a folder: names, sizes and the code that runs them."""
    if folder is None or not folder.is_dir():
        return ""
    sizes = sorted((path.name, path.stat().st_size) for path in folder.iterdir() if path.is_file())
    code = folder / "judges.py"
    return hashlib.sha256(
        json.dumps(sizes).encode() + (code.read_bytes() if code.exists() else b"")
    ).hexdigest()
