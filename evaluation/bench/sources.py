"""Where the clips of a sweep come from: a folder with an index, or the clip of `semvid demo`."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from console.demo import CLIP, CREDIT
from evaluation.clips import Clip, load
from evaluation.judges import Facts
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
        """Scales and cuts the clip into ``folder``."""
        path = self.path
        if self.begins_s:
            path = folder / "excerpt.mp4"
            _write_excerpt(self.path, path, self.begins_s, seconds)
        (folder / "scaled").mkdir(exist_ok=True)
        return load(path, folder / "scaled", seconds)


def find(name: str, media: Path | None) -> Source:
    """The clip ``name`` of a set.

    Args:
        media: folder with `index.json` (a list of objects with ``name``, ``file`` and, where known,
        ``label``,
            ``description`` and ``may_appear_in_our_docs``, ``licence``).

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
