"""Stills on disk: which files are taken for them, reading and writing."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from semvid.errors import InvalidInput, UnsupportedMedia
from semvid.images.types import Picture

STILL_SUFFIXES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
MAX_SIDE: Final = 8192  # pixels; beyond, some of the encoders refuse
MIN_SIDE: Final = 32  # what LPIPS and MS-SSIM can judge


def still_files(arguments: Iterable[Path]) -> list[Path]:
    """The files that ``arguments`` name: a folder stands for the stills in it, by name.

    Raises:
        InvalidInput: a folder holds no still.
    """
    files: list[Path] = []
    for argument in arguments:
        if not argument.is_dir():
            files.append(argument)
            continue
        inside = sorted(path for path in argument.iterdir() if path.suffix.lower() in STILL_SUFFIXES)
        if not inside:
            raise InvalidInput(
                f"pictures: the folder {argument} holds no still; it may have the endings "
                f"{' '.join(sorted(STILL_SUFFIXES))}"
            )
        files += inside
    return files


def read_picture(path: Path) -> Picture:
    """A still as uint8 RGB [height, width, 3]; alpha is dropped, deeper samples are rounded to 8 bits.

    Raises:
        InvalidInput: there is no such file, or its size is out of range.
        UnsupportedMedia: it cannot be read as a picture.
    """
    if not path.is_file():
        raise InvalidInput(f"pictures: there is no file {path}")
    picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) if path.stat().st_size else None
    if picture is None:
        raise UnsupportedMedia(f"pictures: {path} cannot be read as a picture; convert it to PNG")
    height, width = picture.shape[:2]
    if not min(height, width) >= MIN_SIDE or max(height, width) > MAX_SIDE:
        raise InvalidInput(
            f"pictures: {path} has {width}x{height} pixels; sides must lie in {MIN_SIDE}..{MAX_SIDE}"
        )
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def write_picture(path: Path, picture: Picture) -> None:
    """Writes a PNG."""
    _, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    path.write_bytes(data.tobytes())
