"""The folder that `semvid send` and `semvid demo` leave their results in, and what of it is theirs.

One file leaves its results in the folder itself, several leave a folder each and a ``summary.csv``.
"""

import csv
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from semvid import errors

SUMMARY: Final = "summary.csv"
_LEFT: Final = (
    *("reconstruction.mp4", "side_by_side.mp4", "report.json", "report.html", "frames.csv"),
    "transmission.json",
    "answers.txt",
    *("logs/receiver.log", "logs/channel.log", "logs/transmitter.log"),
)
_TAKEN: Final = frozenset({"logs", SUMMARY})  # names in the folder that no file's own folder may have
VIDEO_SUFFIXES: Final = frozenset(
    (
        *(".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts"),
        *(".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
    )
)


def videos_of(arguments: Sequence[Path]) -> list[Path]:
    """The files that ``arguments`` name: a folder stands for the videos in it, by name, not for its folders.

    Raises:
        InvalidInput: a folder holds no video or cannot be read.
    """
    files: list[Path] = []
    for argument in arguments:
        if not argument.is_dir():
            files.append(argument)
            continue
        try:
            inside = sorted(argument.iterdir(), key=lambda path: (path.name.lower(), path.name))
        except OSError as error:
            raise errors.InvalidInput(
                f"clip: the folder {argument} cannot be read: {error.strerror}"
            ) from error
        videos = [
            path
            for path in inside
            if path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".") and path.is_file()
        ]
        if not videos:
            raise errors.InvalidInput(
                f"clip: the folder {argument} holds no video file; it may have the endings "
                f"{' '.join(sorted(VIDEO_SUFFIXES))}"
            )
        files += videos
    return files


def prepare(out: Path, clips: Iterable[Path]) -> None:
    """Makes ``out``, and takes away what an earlier run left there: files with the names of ours, no others.

    Raises:
        InvalidInput: the folder cannot be made or written, or one of ``clips`` would be taken away.
    """
    folders = _folders_of_summary(out)
    stale = [path for folder in (out, *folders) for path in _ours(folder)]
    sources = {clip.resolve() for clip in clips}
    for path in stale:
        if path.resolve() in sources:
            raise errors.InvalidInput(
                f"clip: {path} lies where the results go and would be replaced; name another --out"
            )
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path in stale:
            path.unlink()
    except OSError as error:
        raise errors.InvalidInput(
            f"output folder: {error.filename or out} cannot be made or replaced: {error.strerror}; name "
            "another --out"
        ) from error
    for folder in folders:
        with suppress(OSError):  # somebody else's files are in it, or it is gone already
            folder.rmdir()


def _ours(folder: Path) -> list[Path]:
    named = (folder / name for name in (*_LEFT, SUMMARY))
    return [path for path in named if path.is_symlink() or path.is_file()]


def _folders_of_summary(out: Path) -> list[Path]:
    """Folders of single files, of an earlier run."""
    try:
        with (out / SUMMARY).open(newline="", encoding="utf-8") as file:
            names = [row.get("folder") or "" for row in csv.DictReader(file)]
    except (OSError, ValueError, csv.Error):
        return []
    plain = (name for name in names if name == Path(name).name and "\0" not in name)
    return [out / name for name in plain if name not in ("", ".", "..")]


def folder_names(clips: Sequence[Path]) -> list[str]:
    """A folder for each of ``clips``, named after it, all different, also where case does not count."""
    names: list[str] = []
    taken = set(_TAKEN)
    for clip in clips:
        stem = clip.stem.strip() or "clip"
        name, number = stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        names.append(name)
    return names
