"""An SNR over time, as it was recorded: a CSV of seconds and decibels.

    0.0, 12.3
    0.1, 11.8

Its file is named by whoever starts a service or sits at the command line, never by a request: what travels
are its points.

Each SNR holds until the next line's time, the last one to the end. A first line that names the columns, empty
lines, and what follows a ``#`` are passed over.
"""

import csv
import math
from collections.abc import Iterable
from pathlib import Path

from semvid.errors import InvalidInput, LimitExceeded

SnrTrace = tuple[tuple[float, float], ...]  # seconds since the start of the transmission, Es/N0 in dB

TRACE = "trace"
MAX_POINTS = 4096
MAX_BYTES = 1 << 20
SNR_DB = (-30.0, 60.0)


def read_trace(path: Path) -> SnrTrace:
    """The trace in a CSV file.

    Raises:
        InvalidInput: no such file, not text, or a line that makes no sense; names the line.
        LimitExceeded: more than `MAX_POINTS` points or `MAX_BYTES` bytes.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"SNR trace {path.name}: {error.strerror}; give the path of a CSV file") from error
    if len(content) > MAX_BYTES:
        raise LimitExceeded(f"SNR trace {path.name}: more than {MAX_BYTES} bytes; thin it out")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"SNR trace {path.name}: not UTF-8 text; give a CSV of seconds, dB") from error
    points: list[tuple[float, float]] = []
    where: list[str] = []
    for number, line in enumerate(lines, 1):
        cells = next(csv.reader([line.split("#")[0]]), [])
        if not any(cell.strip() for cell in cells):
            continue
        try:
            time_s, snr_db = map(float, cells)
        except ValueError as error:
            if number == 1 and len(cells) == 2 and not any(map(_is_number, cells)):  # the columns' names
                continue
            raise InvalidInput(
                f"SNR trace {path.name}, line {number}: {line.strip()[:60]!r} is not two numbers; "
                "write seconds, dB"
            ) from error
        points.append((time_s, snr_db))
        where.append(f"SNR trace {path.name}, line {number}")
    return checked_trace(points, where)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def with_trace(model: str) -> tuple[str, SnrTrace | None]:
    """A channel model as an operator writes it: ``rayleigh+trace:FILE`` names a file, which is read here.

    Returns:
        The model with ``trace`` alone, and the points; None where the model names no file.

    Raises:
        InvalidInput, LimitExceeded: see `read_trace`.
    """
    before, found, file = model.partition(f"{TRACE}:")
    if not found or (before and not before.endswith("+")):
        return model, None
    return before + TRACE, read_trace(Path(file))


def checked_trace(points: Iterable[tuple[float, float]], where: list[str] | None = None) -> SnrTrace:
    """The points of a trace, checked.

    Args:
        points: seconds and dB.
        where: what to call each in an error.

    Raises:
        InvalidInput: no point; times that do not begin at 0 or later, or do not grow; an SNR out of range.
        LimitExceeded: more than `MAX_POINTS`.
    """
    trace: list[tuple[float, float]] = []
    for place, (time_s, snr_db) in enumerate(points):
        name = where[place] if where else f"SNR trace, point {place}"
        if place == MAX_POINTS:
            raise LimitExceeded(f"{name}: a trace has at most {MAX_POINTS} points; thin it out")
        if not (math.isfinite(time_s) and time_s >= 0 and (not trace or time_s > trace[-1][0])):
            raise InvalidInput(f"{name}: times begin at 0 s or later and grow, got {time_s:g}")
        low, high = SNR_DB
        if not low <= snr_db <= high:  # false for NaN as well
            raise InvalidInput(f"{name}: an SNR lies in {low:g}..{high:g} dB, got {snr_db:g}")
        trace.append((time_s, snr_db))
    if not trace:
        raise InvalidInput("SNR trace: no points; write one line of seconds, dB for each")
    return tuple(trace)
