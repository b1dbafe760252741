"""What was encoded once is not encoded again: files named by a hash of all that decides their content."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from evaluation.clips import Clip
from evaluation.methods.video_code import Stream
from semvid.service.files import replacing, write_atomically

CACHE: Final = "SEMVID_EVAL_CACHE"
"""Environment variable: folder for encoded ladders, shared by all processes; without it nothing is kept."""


class EncodeCache:
    """Streams and scores of one clip in one folder; safe for many processes at once."""

    def __init__(self, folder: Path, clip: Clip, *settings: object) -> None:
        self._folder = folder
        digest = hashlib.sha256(clip.path.read_bytes())
        libraries = {name: ".".join(map(str, version)) for name, version in av.library_versions.items()}
        digest.update(json.dumps([av.__version__, libraries, *map(str, settings)]).encode())
        self._key = digest.hexdigest()
        # a score is that of the frames that are looked at, and these are not the judged ones
        self._judged = sorted(clip.judged)
        self._folder.mkdir(parents=True, exist_ok=True)

    def stream(self, *settings: object) -> Stream | None:
        """The stream stored under ``settings``."""
        try:
            with np.load(self._path("npz", settings)) as stored:
                data, ends = stored["data"].tobytes(), stored["ends"].tolist()
                width, height, step = stored["shape"].tolist()
                starts = [0, *ends[:-1]]
                packets = [data[start:end] for start, end in zip(starts, ends, strict=True)]
                return Stream(packets, stored["pts"].tolist(), width, height, step)
        except FileNotFoundError:
            return None

    def store_stream(self, stream: Stream, *settings: object) -> None:
        """Keeps ``stream``."""
        with replacing(self._path("npz", settings)) as file:
            np.savez(
                file,
                data=np.frombuffer(b"".join(stream.packets), np.uint8),
                ends=np.cumsum([len(packet) for packet in stream.packets]),
                pts=np.array(stream.pts),
                shape=np.array([stream.width, stream.height, stream.step]),
            )

    def value(self, *settings: object) -> Any:
        """The JSON value stored under ``settings``; None if there is none."""
        try:
            return json.loads(self._path("json", (*settings, self._judged)).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def store_value(self, value: Any, *settings: object) -> None:
        """Keeps a JSON value."""
        write_atomically(self._path("json", (*settings, self._judged)), json.dumps(value))

    def _path(self, suffix: str, settings: tuple[object, ...]) -> Path:
        name = hashlib.sha256(json.dumps([self._key, *map(str, settings)]).encode()).hexdigest()[:32]
        return self._folder / f"{name}.{suffix}"


def cache_folder(run_folder: Path) -> Path:
    """Where to keep encodes: the shared folder if `CACHE` names one, otherwise with the run."""
    shared = os.environ.get(CACHE)
    return Path(shared) if shared else run_folder / "cache"
