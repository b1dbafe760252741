"""The program that looks at an untrusted file in a process of its own: started by `semvid.video.examination`.

It takes one question as JSON on its standard input, binds itself to the bounds in it before anything is
loaded that could exceed them, and answers with one JSON object on its standard output.
"""

import json
import os
import resource
import signal
import sys
from typing import Any

_LARGEST_FILE = 16 * 2**20  # bytes; numba keeps what it compiles for the colours of a source


def main() -> None:
    """Answers the question on standard input."""
    question = json.load(sys.stdin)
    _bind(**question["bounds"])
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # no library's chatter among the answer
    with answers:
        json.dump(_answer(question), answers, default=str)


def _bind(memory_bytes: int, cpu_s: int, wall_s: float) -> None:
    """Bounds on this process, which hold whatever a decoder does; no large files, no core dumps."""
    for kind, bound, at_last in (
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s, cpu_s + 2),  # SIGXCPU says why, SIGKILL would not
        (resource.RLIMIT_FSIZE, _LARGEST_FILE, _LARGEST_FILE),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        allowed = resource.getrlimit(kind)[1]  # by whoever started the service; no process may raise it
        most = at_last if allowed == resource.RLIM_INFINITY else min(at_last, allowed)
        resource.setrlimit(kind, (min(bound, most), most))
    signal.setitimer(signal.ITIMER_REAL, wall_s)  # also where nobody is left to end it


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    from dataclasses import asdict
    from pathlib import Path

    from semvid.errors import InvalidInput

    try:
        from semvid.video.limits import VideoLimits
        from semvid.video.looks import examine

        return {"source": asdict(examine(Path(question["path"]), VideoLimits(**question["limits"])))}
    except InvalidInput as error:
        if isinstance(error.__cause__, MemoryError):
            return {"refused": "MEMORY"}
        return {"refused": error.code, "detail": str(error)}
    except (MemoryError, ImportError):  # a library that cannot be mapped is an ImportError
        return {"refused": "MEMORY"}
