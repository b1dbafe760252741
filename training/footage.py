"""The frames of a source that training asks for, and where what was made of them is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Sequence
from pathlib import Path

import numpy as np

from semvid.errors import InvalidInput, LimitExceeded, UnsupportedMedia
from semvid.images.types import Picture
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from training.sources import Source


def frame_count(source: Source) -> int:
    """How many frames a video says that it has.

    Raises:
        InvalidInput: it cannot be read.
    """
    try:
        return probe(source.path).frame_count_hint
    except (UnsupportedMedia, LimitExceeded) as error:
        raise _unreadable(source, error) from error


def frames_at(
    source: Source, wanted: Sequence[Container[int]], sized: Callable[[Picture, Source], Picture]
) -> list[dict[int, Picture]]:
    """Sequences of frames of a video, which is read once.

    Args:
        source: a video.
        wanted: the numbers of the frames of each sequence.
        sized: what is kept of a frame.

    Returns:
        For each sequence its frames by number, in order; those that there are.

    Raises:
        InvalidInput: it cannot be read.
    """
    sequences: list[dict[int, Picture]] = [{} for _ in wanted]
    try:
        for frame in read_frames(source.path, probe(source.path)):
            taking = [n for n, numbers in enumerate(wanted) if frame.index in numbers]
            if taking:
                picture = sized(frame.picture, source)
                for n in taking:
                    sequences[n][frame.index] = picture
    except (UnsupportedMedia, LimitExceeded) as error:
        raise _unreadable(source, error) from error
    return sequences


def place_of(source: Source, folder: Path, seed: int, version: int) -> Path:
    """Where in ``folder`` is kept what a seed and a version of the code make of a source as it is now."""
    stat = source.path.stat()
    said = f"{version}:{seed}:{source.name}:{stat.st_size}:{stat.st_mtime_ns}"
    key = hashlib.blake2b(said.encode(), digest_size=6).hexdigest()
    return folder / f"{source.name}-{key}.npz"


def draws_of(source: Source, seed: int) -> np.random.Generator:
    """What is drawn for a source, by its name and the seed only."""
    drawn = hashlib.blake2b(f"{seed}:{source.name}".encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(drawn, "big"))


def _unreadable(source: Source, error: Exception) -> InvalidInput:
    return InvalidInput(f"training: {source.path.name} cannot be read: {error}")
