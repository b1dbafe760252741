"""Prepares clips of a data set that the user has; semvid ships none.

The list is a CSV file. Three forms are known by their header:

- ``file`` and, where known, ``label`` and ``description``: anything;
- ``videoid`` and ``name``, as WebVid's lists have them: the video is ``[page_dir/]videoid.mp4``, the name its
  description;
- ``youtube_id``, ``time_start``, ``time_end`` and ``label``, as Kinetics' lists have them: the video is
  ``[label/]ID_000012_000022.mp4``, as its usual downloaders name it.
"""

import csv
import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.clips import load
from evaluation.judge import Facts
from semvid.errors import InvalidInput
from semvid.service.files import write_atomically


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the list: where the video may lie, and what people say of it."""

    places: tuple[str, ...]
    facts: Facts


def prepare(videos: Path, listing: Path, out: Path, seconds: float, say: Callable[[str], None]) -> Path:
    """Scales and cuts every video of the list that is there and writes ``out/index.json``.

    Args:
        seconds: longest clip; the paper's are at most 16 s.
        say: is told of every row that has no usable video.

    Returns:
        The index, as ``semvid bench run --media`` reads it.

    Raises:
        InvalidInput: a list of unknown form, or none of its videos can be used.
    """
    entries: list[dict[str, Any]] = []
    out.mkdir(parents=True, exist_ok=True)
    for listed in read_list(listing):
        path = next((p for place in listed.places if (p := _inside(videos, place)).is_file()), None)
        if path is None:
            say(f"{listed.places[0]}: not in {videos}")
            continue
        try:
            entries.append(_prepared(path, listed.facts, out, seconds))
        except InvalidInput as error:
            say(f"{path}: {error}")
    if not entries:
        raise InvalidInput(f"{listing}: none of its videos is in {videos} and can be used")
    index = out / "index.json"
    write_atomically(index, json.dumps(entries, indent=1, ensure_ascii=False) + "\n")
    return index


def read_list(listing: Path) -> Iterator[Listed]:
    """The rows of a CSV file of one of the three forms.

    Raises:
        InvalidInput: it cannot be read, or has another header.
    """
    try:
        with listing.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"--list {listing}: cannot be read: {error}") from error
    columns = set(rows[0]) if rows else set()
    for form, needed in _FORMS.items():
        if needed <= columns:
            yield from map(form, rows)
            return
    raise InvalidInput(
        f"--list {listing}: needs a header with file, with videoid and name (WebVid), or with label, "
        "youtube_id, "
        f"time_start and time_end (Kinetics); got {', '.join(sorted(map(str, columns))) or 'nothing'}"
    )


def _any(row: dict[str, str]) -> Listed:
    return Listed((row["file"],), Facts(row.get("label") or "", row.get("description") or ""))


def _webvid(row: dict[str, str]) -> Listed:
    name = f"{row['videoid']}.mp4"
    return Listed((name, f"{row.get('page_dir') or '.'}/{name}"), Facts(description=row["name"]))


def _kinetics(row: dict[str, str]) -> Listed:
    try:
        start, end = (round(float(row[column])) for column in ("time_start", "time_end"))
    except ValueError as error:
        raise InvalidInput(f"--list: time_start and time_end must be seconds, got {row}") from error
    name = f"{row['youtube_id']}_{start:06d}_{end:06d}.mp4"
    return Listed(
        (name, f"{row['label']}/{name}", f"{row['label'].replace(' ', '_')}/{name}"), Facts(row["label"])
    )


_FORMS: dict[Callable[[dict[str, str]], Listed], set[str]] = {
    _any: {"file"},
    _webvid: {"videoid", "name"},
    _kinetics: {"youtube_id", "time_start", "time_end", "label"},
}


def _inside(folder: Path, place: str) -> Path:
    """A path below ``folder``; the list may not point elsewhere."""
    path = (folder / place).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise InvalidInput(f"--list: {place} lies outside {folder}")
    return path


def _prepared(path: Path, facts: Facts, out: Path, seconds: float) -> dict[str, Any]:
    name = re.sub(r"[^A-Za-z0-9.+-]", "-", path.stem)
    with tempfile.TemporaryDirectory(dir=out) as folder:
        clip = load(path, Path(folder), seconds)
        target = out / f"{name}.mp4"
        clip.path.replace(target)
    return {
        "name": name,
        "file": target.name,
        "label": facts.label,
        "description": facts.description,
        "width": clip.source.width,
        "height": clip.source.height,
        "frames": len(clip.pictures),
        "seconds": round(clip.source.duration_s, 3),
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        # whose pictures may be published is for the user to say
        "may_appear_in_our_docs": False,
    }
