"""Where the clips of a sweep come from: a folder with an index, or the clip of `semvid demo`."""

import hashlib
import json
import math
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from console.demo import CLIP, CREDIT
from evaluation.bench.code import digest
from evaluation.clips import Clip, load, read
from evaluation.judge import Facts
from semvid.errors import InvalidInput
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter

DEMO: Final = "demo:"


@dataclass(frozen=True, slots=True)
class Source:
    """One clip before it is prepared.

    Attributes:
        name: as in the set.
        path: of the file.
        facts: label and description of the index.
        may_be_shown: pictures of it may be published.
        digest: of its bytes, and where in them it begins.
        credit: licence and origin, printed beside its pictures.
    """

    name: str
    path: Path
    facts: Facts
    may_be_shown: bool
    digest: str
    credit: str = ""
    begins_s: int = 0

    def prepare(self, folder: Path, seconds: float) -> Clip:
        """The clip, scaled and cut; made once, so that every process of a sweep sees the same bytes.

        Args:
            folder: of prepared clips, shared by all processes.

        Raises:
            FileNotFoundError: the clip is no longer there.
        """
        made_by = digest((), ["evaluation.clips"])
        name = hashlib.sha256(f"{self.digest} {seconds} {made_by}".encode()).hexdigest()[:16]
        prepared = folder / f"{name}.mp4"
        if not prepared.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as own:
                path = self.path
                if not path.is_file():
                    raise FileNotFoundError(f"the clip {path.name} is no longer there")
                if self.begins_s:
                    path = Path(own) / "excerpt.mp4"
                    _write_excerpt(self.path, path, self.begins_s, seconds)
                scaled = Path(own) / "scaled"
                scaled.mkdir()
                made = load(path, scaled, seconds).path
                with suppress(FileExistsError):  # another process was quicker: its bytes count
                    os.link(made, prepared)
        return read(prepared)


def find(name: str, media: Path | None) -> Source:
    """The clip ``name`` of a set.

    Args:
        media: folder with `index.json` (a list of objects with ``name``, ``file`` and, where known,
            ``label``, ``description``, ``may_appear_in_our_docs`` and ``licence``).

    Raises:
        InvalidInput: no such clip, or no folder for it.
    """
    if name.startswith(DEMO):
        begin = name.removeprefix(DEMO)
        if not begin.isdecimal() or int(begin) >= probe(CLIP).duration_s:
            raise InvalidInput(f"clip {name}: must be {DEMO}SECOND, a whole one within the demo's clip")
        digest = f"{hashlib.sha256(CLIP.read_bytes()).hexdigest()}@{begin}"
        return Source(name, CLIP, Facts(), True, digest, CREDIT, int(begin))
    if media is None or not (media / "index.json").is_file():
        raise InvalidInput(f"clip {name}: needs a folder of clips with an index.json, got --media {media}")
    entry = _index(media).get(name)
    if entry is None or not (media / str(entry["file"])).is_file():
        raise InvalidInput(f"clip {name}: {media / 'index.json'} names no such file")
    path = media / str(entry["file"])
    facts = Facts(str(entry.get("label", "")), str(entry.get("description", "")))
    allowed = entry.get("may_appear_in_our_docs") is True
    credit = ", ".join(str(entry[key]) for key in ("licence", "licence_note", "repo") if entry.get(key))
    return Source(name, path, facts, allowed, hashlib.sha256(path.read_bytes()).hexdigest(), credit)


def _write_excerpt(source: Path, path: Path, begins_s: int, seconds: float) -> None:
    """The frames of ``source`` that `load` will look at, nearly without loss."""
    info = probe(source)
    first, count = round(begins_s * info.frame_rate), math.ceil(seconds * info.frame_rate)
    with VideoWriter(path, info.width, info.height, 1 / info.frame_rate, crf=6) as writer:
        for index, frame in enumerate(islice(read_frames(source, info), first, first + count)):
            writer.append(frame.picture, index)


def _index(media: Path) -> dict[str, dict[str, Any]]:
    try:
        entries = json.loads((media / "index.json").read_text(encoding="utf-8"))
        return {entry["name"]: entry for entry in entries}
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidInput(f"{media / 'index.json'}: must be a list of objects with name and file") from error
