"""A look at an untrusted file that costs no more than it may, whatever the file does to a decoder.

Decoders are large, old and written in C. One that crashes, hangs or takes all memory does so in a process of
its own (`semvid.video.examiner`), and the caller gets a sentence.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

import semvid
from semvid.errors import LimitExceeded, SemvidError, UnsupportedMedia
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo

_log = structlog.get_logger(__name__)
_FROM = str(Path(semvid.__file__).parents[1])  # the same semvid as here, wherever another one is installed
_PROGRAM = (
    *(sys.executable, "-P", "-c"),
    f"import sys; sys.path.insert(0, {_FROM!r}); import semvid; del sys.path[0]; "
    "from semvid.video.examiner import main; main()",
)
_REFUSALS = {cls.code: cls for cls in (UnsupportedMedia, LimitExceeded)}
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # each would map memory of its own
_MOST_ANSWER = 2**16  # bytes
_LOGGED = 2000  # characters of what the program said
_SMALLER = "scale it down, or encode it with fewer reference frames"
_ANEW = "write it anew, for example with `ffmpeg -i IN OUT.mp4`, and send that"


@dataclass(frozen=True, slots=True)
class ExaminationBounds:
    """What one examination may take; where the system has no such limits (macOS: memory) it holds no bound.

    Attributes:
        memory_bytes: of address space; the program itself maps a quarter of a gigabyte.
        cpu_s: processor time, seconds.
        wall_s: time, seconds.
    """

    memory_bytes: int = 2 * 2**30
    cpu_s: int = 60
    wall_s: float = 100.0


def examine_apart(
    path: Path,
    limits: VideoLimits,
    bounds: ExaminationBounds = ExaminationBounds(),
    program: Sequence[str] = _PROGRAM,
) -> SourceInfo:
    """`semvid.video.looks.examine` in a process of its own. Blocks until that has ended.

    Raises:
        UnsupportedMedia: what `examine` refuses; a file on which the decoder crashes.
        LimitExceeded: what `examine` refuses; a file that takes more than ``bounds``.
        SemvidError: the program itself is at fault.
    """
    question = {"path": str(path), "limits": asdict(limits), "bounds": asdict(bounds)}
    with subprocess.Popen(
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **_ONE_THREAD},
    ) as examiner:
        try:
            answer, said = examiner.communicate(json.dumps(question).encode(), bounds.wall_s + 1)
        except subprocess.TimeoutExpired:
            examiner.kill()
            raise _too_much(f"{bounds.wall_s:g} s", _ANEW) from None
        except BaseException:
            examiner.kill()
            raise
    if examiner.returncode < 0:
        raise _ended_by(signal.Signals(-examiner.returncode), bounds)
    match _parsed(answer) if examiner.returncode == 0 else None:
        case SourceInfo() as source:
            return source
        case {"refused": "MEMORY"}:
            raise _too_much(f"{bounds.memory_bytes >> 20} MiB of memory", _SMALLER)
        case {"refused": str(code), "detail": str(detail)} if code in _REFUSALS:
            raise _REFUSALS[code](detail)
    _log.error(
        "the examination failed",
        status=examiner.returncode,
        said=said.decode("utf-8", "replace")[-_LOGGED:],
    )
    raise SemvidError(f"the examination of the video failed with status {examiner.returncode}; see the log")


def _parsed(answer: bytes) -> object:
    """What the program found, a refusal, or None where its answer makes no sense."""
    if len(answer) > _MOST_ANSWER:
        return None
    try:
        found: object = json.loads(answer)
        if isinstance(found, dict) and "source" in found:
            return TypeAdapter(SourceInfo).validate_python(found["source"])
    except (ValueError, ValidationError, RecursionError):
        return None
    return found


def _ended_by(number: signal.Signals, bounds: ExaminationBounds) -> SemvidError:
    if number is signal.SIGXCPU:
        return _too_much(f"{bounds.cpu_s} s of processor time", _ANEW)
    if number is signal.SIGALRM:
        return _too_much(f"{bounds.wall_s:g} s", _ANEW)
    if number is signal.SIGKILL:  # not by us: the system ends what takes the last memory
        return LimitExceeded(f"looking at the video was ended by the system, for want of memory; {_SMALLER}")
    return UnsupportedMedia(f"the decoder crashes on the video ({number.name}); {_ANEW}")


def _too_much(what: str, remedy: str) -> LimitExceeded:
    return LimitExceeded(f"looking at the video takes more than {what}, which is the limit; {remedy}")
