"""Where the clips of a sweep come from: a folder with an index, or painted here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from console.demo.clip import FRAME_RATE, write_clip
from evaluation.clips import Clip, load
from evaluation.judge import Facts
from semvid.errors import InvalidInput

PAINTED: Final = "painted:"


@dataclass(frozen=True, slots=True)
class Source:
    """One clip before it is prepared.

    Attributes:
        name: as in the set.
        path: of the file; None: it is painted.
        facts: label and description of the index.
        may_be_shown: pictures of it may be published.
        digest: of its bytes, or of what it is painted from.
        credit: licence and origin, printed beside its pictures.
    """

    name: str
    path: Path | None
    facts: Facts
    may_be_shown: bool
    digest: str
    credit: str = ""

    def prepare(self, folder: Path, seconds: float) -> Clip:
        """Scales and cuts the clip into ``folder``."""
        path = self.path
        if path is None:
            path = folder / "painted.mp4"
            write_clip(path, int(self.name.removeprefix(PAINTED)), max(2, round(seconds * FRAME_RATE)))
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
    if name.startswith(PAINTED):
        if not name.removeprefix(PAINTED).isdecimal():
            raise InvalidInput(f"clip {name}: must be {PAINTED}SEED with a whole number")
        return Source(name, None, Facts(), may_be_shown=True, digest=name)
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


def _index(media: Path) -> dict[str, dict[str, Any]]:
    try:
        entries = json.loads((media / "index.json").read_text(encoding="utf-8"))
        return {entry["name"]: entry for entry in entries}
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidInput(f"{media / 'index.json'}: must be a list of objects with name and file") from error
