"""What there is to learn from: files in folders, with the licences that an index beside them states."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from semvid.errors import InvalidInput

VIDEOS: Final = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm"})
PHOTOGRAPHS: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})
INDEX: Final = "index.json"
_SHARE_HELD_OUT: Final = 0.12


@dataclass(frozen=True, slots=True)
class Source:
    """A video or a photograph.

    Attributes:
        name: its file without folder and ending; what has the same name counts as the same scene.
        path: of the file.
        licence: as the index states it; empty where there is none.
    """

    name: str
    path: Path
    licence: str = ""

    @property
    def still(self) -> bool:
        """It is a photograph."""
        return self.path.suffix.lower() in PHOTOGRAPHS


def find_sources(paths: Sequence[Path], doubtful: bool = False) -> list[Source]:
    """Every video and photograph among ``paths`` and in those that are folders, by name.

    A folder, also that of a file that is given by itself, may hold an ``index.json``: a list of objects with
    ``file`` (relative to it), ``licence`` and ``licence_certain``.

    Args:
        paths: files and folders.
        doubtful: take also what an index calls uncertain.

    Raises:
        InvalidInput: there is none, a path does not exist, or an index cannot be read.
    """
    found: dict[Path, Source] = {}
    for path in paths:
        if not path.exists():
            raise InvalidInput(f"training: there is no {path}; give videos, photographs or folders of them")
        indexed = _read_index(path if path.is_dir() else path.parent)
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            entry = indexed.get(file.resolve(), {})
            if file.suffix.lower() not in VIDEOS | PHOTOGRAPHS or not file.is_file():
                continue
            if doubtful or entry.get("licence_certain", True):
                found[file.resolve()] = Source(file.stem, file, str(entry.get("licence", "")))
    if not found:
        raise InvalidInput(
            f"training: no video or photograph in {', '.join(map(str, paths))} whose licence is certain; "
            f"give files that end in {', '.join(sorted(VIDEOS | PHOTOGRAPHS))}"
        )
    return sorted(found.values(), key=lambda source: (source.name, str(source.path)))


def is_held_out(name: str, seed: int) -> bool:
    """Whether a clip is kept out of training, to be measured on.

    It depends on its name and the seed only: clips that come later move none to the other side.
    """
    digest = hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < _SHARE_HELD_OUT * 2**64


def _read_index(folder: Path) -> dict[Path, dict[str, Any]]:
    path = folder / INDEX
    if not path.is_file():
        return {}
    try:
        return {
            (folder / entry["file"]).resolve(): entry for entry in _entries(json.loads(path.read_bytes()))
        }
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"training: {path} is no list of objects with `file`, `licence` and `licence_certain`; mend or "
            "remove it"
        ) from error


def _entries(document: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(document, list):
        raise TypeError
    yield from document
