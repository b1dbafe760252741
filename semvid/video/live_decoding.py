"""A live stream decoded by a process of its own (`semvid.video.live_decoder`), which can crash alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

import semvid
from semvid.errors import UnsupportedMedia
from semvid.video.limits import VideoLimits
from semvid.video.live_decoder import ENDED, LENGTH, MISSING, TICK
from semvid.video.probe import SourceInfo

_FROM: Final = str(Path(semvid.__file__).parents[1])  # the same semvid as here
_PROGRAM: Final = (
    *(sys.executable, "-P", "-c"),
    f"import sys; sys.path.insert(0, {_FROM!r}); import semvid; del sys.path[0]; "
    "from semvid.video.live_decoder import main; main()",
)
_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # each would map memory of its own
_STOP_S: Final = 5.0


class LiveDecoder:
    """One live stream in, its frames out. `feed` and `frames` from different threads.

    Args:
        head: file with the beginning of the stream, Matroska, which has been examined.
        info: what `probe` said of it.
        limits: of the size of frames.
        memory_bytes: of address space for the process.
    """

    def __init__(self, head: Path, info: SourceInfo, limits: VideoLimits, memory_bytes: int) -> None:
        self._shape = (info.height, info.width, 3)
        self._process = subprocess.Popen(
            _PROGRAM,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_ONE_THREAD},
            bufsize=0,
        )
        told = {
            "head": str(head),
            "info": asdict(info),
            "limits": asdict(limits),
            "memory_bytes": memory_bytes,
        }
        self.feed(json.dumps(told, default=str).encode() + b"\n")

    def feed(self, data: bytes) -> None:
        """More of the stream, after the head; waits where the decoder is behind, unless that has ended."""
        with suppress(BrokenPipeError, ValueError):  # gone, or closed by `end`
            rest = memoryview(data)
            while rest:
                rest = rest[_pipe(self._process.stdin).write(rest) :]

    def end(self) -> None:
        """No more of the stream comes; what there is is decoded."""
        with suppress(BrokenPipeError):
            _pipe(self._process.stdin).close()

    def frames(self) -> Iterator[tuple[int, NDArray[np.uint8] | None]]:
        """As `semvid.video.live_reader.read_live`; waits for each.

        Raises:
            UnsupportedMedia: it cannot be decoded, or the decoder crashed on it.
        """
        out = _pipe(self._process.stdout)
        while (mark := _whole(out, TICK.size)) is not None:
            (tick,) = TICK.unpack(mark)
            if tick == ENDED:
                (length,) = LENGTH.unpack(_whole(out, LENGTH.size) or bytes(LENGTH.size))
                if why := bytes(_whole(out, length) or b"").decode("utf-8", "replace"):
                    raise UnsupportedMedia(f"the live source: {why}")
                return
            if tick == MISSING:
                yield tick, None
                continue
            height, width, _ = self._shape
            data = _whole(out, height * width * 3)
            if data is None:
                break
            yield tick, np.frombuffer(data, np.uint8).reshape(self._shape)
        status = self._process.wait()
        name = signal.Signals(-status).name if status < 0 else f"status {status}"
        raise UnsupportedMedia(f"the live source: its decoder crashed ({name}); set it to plain h264")

    def close(self) -> None:
        """Ends the process."""
        self.end()
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _pipe(self._process.stdout).close()


def _pipe(pipe: object) -> BinaryIO:
    assert pipe is not None
    return pipe  # type: ignore[return-value]


def _whole(source: BinaryIO, size: int) -> bytearray | None:
    """So many bytes; None where it ends before."""
    data = bytearray(size)
    view, have = memoryview(data), 0
    while have < size:
        got = source.readinto(view[have:])  # type: ignore[attr-defined]
        if not got:
            return None
        have += got
    return data
