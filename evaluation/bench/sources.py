"""Where the clips of a sweep come from: a folder with an index, or painted here."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from console.demo.clip import FRAME_RATE, write_clip
from evaluation.bench.code import digest
from evaluation.clips import Clip, load, read
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
                if path is None:
                    path = Path(own) / "painted.mp4"
                    frames = max(2, round(seconds * FRAME_RATE))
                    write_clip(path, int(self.name.removeprefix(PAINTED)), frames)
                elif not path.is_file():
                    raise FileNotFoundError(f"the clip {path.name} is no longer there")
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
    if name.startswith(PAINTED):
        if not name.removeprefix(PAINTED).isdecimal():
            raise InvalidInput(f"clip {name}: must be {PAINTED}SEED with a whole number")
        painter = digest((), ["console.demo.clip"])
        return Source(name, None, Facts(), may_be_shown=True, digest=f"{name} {painter}")
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
