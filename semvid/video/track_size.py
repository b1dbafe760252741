"""The size at which an MP4 is to be shown: PyAV leaves FFmpeg to think that pixels are square."""

from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from semvid.video.boxes import Box, outermost_boxes

_WIDTH_FROM_END = 8  # width, then height, 16.16 bits each, close the track header (ISO/IEC 14496-12, 8.3.2)


def widen_track(path: Path, pixel_aspect: Fraction) -> None:
    """Multiplies the width in the header of every video track of the MP4 at ``path`` by ``pixel_aspect``.

    Raises:
        OSError: the file cannot be changed.
    """
    with path.open("r+b") as file:
        for header in _track_headers(file, path.stat().st_size):
            file.seek(header.end - _WIDTH_FROM_END)
            width = int.from_bytes(file.read(4), "big")  # 0 of sound
            file.seek(header.end - _WIDTH_FROM_END)
            file.write(min(round(width * pixel_aspect), 2**32 - 1).to_bytes(4, "big"))


def _track_headers(file: BinaryIO, size: int) -> list[Box]:
    found = [Box(b"", 0, size)]
    for kind in (b"moov", b"trak", b"tkhd"):
        found = [box for outer in found for box in _inside(file, outer) if box.kind == kind]
    return found


def _inside(file: BinaryIO, outer: Box) -> list[Box]:
    return list(outermost_boxes(file, outer.end, outer.body))
