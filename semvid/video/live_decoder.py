"""The program that decodes a live stream in a process of its own: started by `semvid.video.live_decoding`.

A stream that does not end cannot be examined before it is decoded, as a file is. So its decoder may crash,
hang or run out of memory here, alone. Standard input: one line of JSON, then Matroska. Standard output: one
record a frame, `TICK` and the picture; a frame that has no picture is `MISSING`, and after `ENDED` come the
length and the text of why, empty where the stream was over.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

TICK: Final = struct.Struct("<q")  # of `semvid.video.probe.SourceInfo.time_base`, since the first frame
LENGTH: Final = struct.Struct("<I")
MISSING, ENDED = -2, -1


def main() -> None:
    """Decodes until standard input ends or nobody reads."""
    source = sys.stdin.buffer
    told = json.loads(source.readline())
    _bind(told["memory_bytes"])
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # no library's chatter among the pictures
    try:
        why = _decode(told, _Chained(Path(told["head"]), source), out)
        out.write(TICK.pack(ENDED) + LENGTH.pack(len(why.encode())) + why.encode())
    except BrokenPipeError:
        return


def _bind(memory_bytes: int) -> None:
    for kind, bound in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 16 * 2**20),  # numba keeps what it compiles for the colours of a source
        (resource.RLIMIT_CORE, 0),
    ):
        allowed = resource.getrlimit(kind)[1]
        most = bound if allowed == resource.RLIM_INFINITY else min(bound, allowed)
        resource.setrlimit(kind, (most, most))


def _decode(told: dict[str, Any], source: _Chained, out: BinaryIO) -> str:
    """Writes frames; gives why there are no more."""
    from pydantic import TypeAdapter

    from semvid.errors import SemvidError
    from semvid.video.limits import VideoLimits
    from semvid.video.live_reader import read_live
    from semvid.video.probe import SourceInfo

    info = TypeAdapter(SourceInfo).validate_python(told["info"])
    try:
        for tick, picture in read_live(source, info, VideoLimits(**told["limits"])):
            _write(out, TICK.pack(MISSING if picture is None else tick))
            if picture is not None:
                _write(out, picture.data.cast("B"))
    except SemvidError as error:
        return str(error)
    except MemoryError:
        return f"decoding takes more than {told['memory_bytes'] >> 20} MiB of memory, which is the limit"
    return ""


def _write(out: BinaryIO, data: bytes | memoryview) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[out.write(rest) :]


class _Chained:
    """The head of the stream, which lies in a file, and what follows on standard input."""

    def __init__(self, head: Path, rest: BinaryIO) -> None:
        self._parts: Iterator[BinaryIO] = iter((head.open("rb"), rest))
        self._part: BinaryIO | None = next(self._parts)

    def read(self, size: int) -> bytes:
        while self._part is not None:
            # what is there, however little: a frame must not wait for the next
            read = getattr(self._part, "read1", self._part.read)
            if data := read(min(size, 2**16)):
                return bytes(data)
            self._part = next(self._parts, None)
        return b""
