"""One external program, run to its end: bounded in time, stopped with all that it started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from semvid.errors import Cancelled, SemvidError

_LOOK_S: Final = 0.1  # between looks at whether it has ended or is to be stopped
_GRACE_S: Final = 10.0  # from the polite signal to the other; launchers such as torchrun stop their workers
# Becomes the program, once the kernel knows that it is not to outlive the receiver (PR_SET_PDEATHSIG).
_LAUNCHER: Final = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() != int(sys.argv[1]):
    sys.exit("its starter is gone")
try:
    os.execvp(sys.argv[2], sys.argv[2:])
except OSError as error:
    sys.exit(f"{sys.argv[2]}: {error.strerror}")
"""
_TAIL_BYTES: Final = 1500  # of its standard error, in the message
MAX_LOG_BYTES: Final = 64 * 2**20  # of what it may print


def run_program(
    arguments: Sequence[str], cwd: str, log: Path, timeout_s: float, cancelled: Callable[[], bool]
) -> None:
    """Runs ``arguments`` without a shell, in a process group of its own.

    Whatever happens, no process of that group is left when this returns. On Linux the program does not
    outlive this process either, even if that is killed.

    Args:
        arguments: program and arguments.
        cwd: folder to run it in; empty: the present one.
        log: file that takes its standard output and error.
        timeout_s: longest that it may run.
        cancelled: asked several times a second.

    Raises:
        Cancelled: it was stopped because ``cancelled`` said so.
        SemvidError: it could not be started, took too long, printed too much, or ended with another status
            than 0; the message carries the end of what it printed.
    """
    name = Path(arguments[0]).name
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                [*_launcher(), *arguments],
                cwd=cwd or None,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise SemvidError(f"decoder command: {name} cannot be started: {error}") from error
    deadline = time.monotonic() + timeout_s
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                status = process.wait(_LOOK_S)
                break
            if cancelled():
                raise Cancelled("regeneration was stopped")
            if time.monotonic() > deadline:
                raise SemvidError(
                    f"decoder command: {name} was stopped after {timeout_s:g} s; raise timeout_s. "
                    f"{_tail(log)}"
                )
            if log.stat().st_size > MAX_LOG_BYTES:
                raise SemvidError(
                    f"decoder command: {name} was stopped after it printed {MAX_LOG_BYTES} bytes; "
                    f"make it quieter. {_tail(log)}"
                )
    finally:
        _stop_group(process)
    if status:
        raise SemvidError(f"decoder command: {name} ended with status {status}. {_tail(log)}")


def _launcher() -> list[str]:
    """What is put before a program so that it is killed where the receiver is killed; on Linux."""
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid())]


def _stop_group(process: subprocess.Popen[bytes]) -> None:
    """Ends the program, if it still runs, and whatever it left behind."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    if process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        text = file.read().decode(errors="replace").strip()
    return f"It printed last: {text}" if text else "It printed nothing"
