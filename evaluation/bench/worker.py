"""What one process does: cells, one after another; the clip at hand and the judges stay loaded."""

import os
import signal
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, Final

import cv2

from evaluation.bench import records
from evaluation.bench.cells import Cell
from evaluation.bench.code import ALWAYS, digest
from evaluation.bench.measuring import measure, still
from evaluation.bench.panel import Misaligned, Panel, judged_indices, take
from evaluation.bench.selection import select
from evaluation.bench.sets import SweepSet, Variant
from evaluation.bench.sources import Source
from evaluation.clips import Clip
from evaluation.judge import Frames, Weights
from evaluation.judges import JUDGES
from evaluation.method import Conditions, Method
from evaluation.methods import METHODS
from semvid.errors import InvalidInput, SemvidError
from semvid.service.files import write_atomically

STOP: Final = "stop"  # a file in the scratch folder that ends every process
_LOOK_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class Work:
    """What a sweep tells every process.

    Attributes:
        out: the sweep's folder.
        chosen: the set.
        cell_seconds: a cell that takes longer is given up and recorded as failed.
        code: digest of the source with which the sweep began.
        facts: what goes into every record as it is (`records.FACTS`).
    """

    out: Path
    chosen: SweepSet
    weights: Weights
    cell_seconds: float
    code: str
    facts: dict[str, Any]

    @property
    def scratch(self) -> Path:
        """The folder for what is needed while the sweep runs."""
        return self.out / "scratch"


@dataclass(frozen=True, slots=True)
class Task:
    """One record to be made.

    Attributes:
        what: a cell, or a variant of keyframe selection.
        key: of the record.
        keep_still: whether a picture of it is kept.
    """

    source: Source
    what: Cell | Variant
    key: str
    keep_still: bool = False

    @property
    def name(self) -> str:
        """Of the record."""
        if isinstance(self.what, Cell):
            return self.what.name
        return f"{self.source.name.replace(':', '-')}_{self.what.name}"


class TookTooLong(Exception):
    """A cell passed its time limit."""


@dataclass(slots=True)
class _Process:
    """What a process keeps from task to task."""

    work: Work
    folder: Path
    panel: Panel | None = None
    clip_name: str = ""
    clip: Clip | None = None


_process: _Process | None = None


def start(work: Work) -> None:
    """Initialises a process of the pool.

    Raises:
        RuntimeError: the source is no longer what the sweep began with; its keys would lie.
    """
    global _process
    if set_digest(work.chosen.methods, work.chosen.judges) != work.code:
        raise RuntimeError("the source changed while the sweep ran; run it again, or from a checkout at rest")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the sweep decides when a process ends
    signal.signal(signal.SIGALRM, _give_up)
    threading.Thread(target=_end_with_sweep, args=(os.getppid(), work.scratch / STOP), daemon=True).start()
    cv2.setNumThreads(1)
    _process = _Process(work, Path(tempfile.mkdtemp(prefix="process-", dir=work.scratch)))


def _end_with_sweep(parent: int, stop: Path) -> None:
    """A sweep that is stopped or killed takes its processes along, whatever they are at."""
    while os.getppid() == parent and not stop.exists():
        time.sleep(_LOOK_S)
    os._exit(1)


def set_digest(methods: tuple[str, ...], judges: tuple[str, ...]) -> str:
    """Of all source that decides a number of a set."""
    makers = [*map(maker_of, methods), *(JUDGES[name] for name in judges)]
    return digest(makers, [*ALWAYS, "evaluation.bench.selection"])


def maker_of(name: str) -> Any:
    """Makes the method of a set: a key of `METHODS`, or ``module:attribute`` for one's own.

    Raises:
        InvalidInput: there is no such method.
    """
    if ":" in name:
        module, _, attribute = name.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise InvalidInput(f"method {name}: cannot be imported: {error}") from error
    if name not in METHODS:
        raise InvalidInput(f"method {name!r}: there is none; choose from {', '.join(sorted(METHODS))}")
    return METHODS[name]


def do(task: Task) -> records.Record:
    """Makes and stores one record."""
    assert _process is not None
    work = _process.work
    in_flight = work.scratch / f"in-flight-{os.getpid()}"
    write_atomically(in_flight, task.name)  # so that a crash can be put down to it
    record = blank_record(task, work.facts)
    started, cpu_started = time.perf_counter(), time.process_time()
    signal.setitimer(signal.ITIMER_REAL, work.cell_seconds)
    try:
        record |= _measured(_process, task) if isinstance(task.what, Cell) else _selected(_process, task)
    except TookTooLong:
        record["failed"] = f"took longer than {work.cell_seconds:g} s; raise --cell-seconds"
    except (SemvidError, Misaligned) as error:
        record["failed"] = str(error)
    except Exception as error:  # the sweep goes on; the record says what happened
        record["failed"] = f"{type(error).__name__}: {error}"
        if is_of_the_environment(error):
            record["environment"] = True
        record["traceback"] = traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    record["seconds"] = round(time.perf_counter() - started, 2)
    record["cpu_seconds"] = round(time.process_time() - cpu_started, 2)
    records.write(work.out, task.name, record)
    in_flight.unlink()
    return record


def is_of_the_environment(error: Exception) -> bool:
    """Whether the machine is to blame, not the method: no file, no memory, a full disk, a server away."""
    if isinstance(error, cv2.error):
        return error.code == cv2.Error.StsNoMem
    return isinstance(error, OSError | MemoryError)


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise TookTooLong


def blank_record(task: Task, facts: dict[str, Any]) -> records.Record:
    """A record in which nothing has been measured yet."""
    what = task.what
    kind = (
        {"method": what.name, "kind": "selection"} if isinstance(what, Variant) else {"method": what.method}
    )
    names = ("snr_db", "channel_model", "coherence_symbols", "target", "target_cbr", "seed")
    return {
        "clip": task.source.name,
        **kind,
        **{name: getattr(what, name, None) for name in names},
        "cbr": None,
        "symbols": {},
        "crossed": None,
        "failed": "",
        "metrics": {},
        "absent": {},
        "settings": {},
        "seconds": None,
        **facts,
        "credit": task.source.credit,
        "key": task.key,
    }


def _selected(process: _Process, task: Task) -> dict[str, Any]:
    assert isinstance(task.what, Variant)
    return select(_clip(process, task.source), task.what)


def _measured(process: _Process, task: Task) -> dict[str, Any]:
    cell, work = task.what, process.work
    assert isinstance(cell, Cell)
    clip = _clip(process, task.source)
    assert process.panel is not None
    conditions = Conditions(cell.snr_db, cell.channel_model, cell.coherence_symbols, cell.seed)
    with tempfile.TemporaryDirectory(
        prefix="cell-", dir=process.folder, ignore_cleanup_errors=True
    ) as folder:
        method, every = _method(cell.method), work.chosen.judged_every
        facts, shown = measure(method, clip, conditions, cell.target_cbr, process.panel, every, Path(folder))
    if shown is not None and task.keep_still and task.source.may_be_shown:
        _keep_still(work.out / "stills", cell, clip, shown)
    return facts


@lru_cache(maxsize=1)
def _method(name: str) -> Method:
    made: Method = maker_of(name)()
    return made


def _keep_still(folder: Path, cell: Cell, clip: Clip, shown: Frames) -> None:
    """The judged frame in the middle, and the source's beside it."""
    middle = len(shown.indices) // 2
    source = clip.pictures[shown.indices[middle]]
    write_atomically(folder / f"{cell.name}.jpg", still(shown.pictures[middle]))
    write_atomically(folder / f"{cell.clip.replace(':', '-')}_source.jpg", still(source))


def _clip(process: _Process, source: Source) -> Clip:
    """The prepared clip; the one before it is forgotten."""
    if process.clip is not None and process.clip_name == source.name:
        return process.clip
    work = process.work
    process.clip, process.clip_name = None, ""
    clip = source.prepare(work.out / "clips", work.chosen.seconds)
    if process.panel is None:
        process.panel = Panel(work.chosen.judges, work.weights)
    indices = judged_indices(len(clip.pictures), work.chosen.judged_every)
    process.panel.look(take(iter(clip.pictures), clip.pictures, indices), source.facts)
    process.clip, process.clip_name = clip, source.name
    return clip
