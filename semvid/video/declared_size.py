"""Does a file hold as many bytes as its own container says? An upload that broke off does not.

Only the outermost lengths are read: the boxes of ISO/IEC 14496-12 (MP4, MOV), the Segment element of
RFC 9559 (Matroska, WebM) and the RIFF chunks of AVI. Transport and program streams, Ogg and FLV state none.
"""

from pathlib import Path
from typing import BinaryIO

from semvid.video.boxes import MAX_BOXES, outermost_boxes, starts_with_box

_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def missing_bytes(path: Path) -> int:
    """Bytes that the container of ``path`` announces beyond the end of the file; 0 if none or unknown.

    Raises:
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
        if starts_with_box(start):
            end = max((box.end for box in outermost_boxes(file, size)), default=0)
        elif start[:4] == _EBML:
            end = _end_of_segment(file, size)
        elif start[:4] == b"RIFF" and start[8:12] == b"AVI ":
            end = _end_of_riff(file, size)
        else:
            end = 0
    return max(0, end - size)


def _end_of_segment(file: BinaryIO, size: int) -> int:
    file.seek(len(_EBML))
    header = _ebml_length(file)
    if header is None or header > size:
        return 0
    file.seek(header, 1)
    if file.read(4) != _SEGMENT:
        return 0
    length = _ebml_length(file)
    return 0 if length is None else file.tell() + length


def _ebml_length(file: BinaryIO) -> int | None:
    """The variable-length integer at the file's position; None if it is unknown or not valid."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    width = 9 - first[0].bit_length()
    data_bits = 7 * width
    value = int.from_bytes(first + file.read(width - 1), "big") & ((1 << data_bits) - 1)
    return None if value == (1 << data_bits) - 1 else value


def _end_of_riff(file: BinaryIO, size: int) -> int:
    position = 0
    for _ in range(MAX_BOXES):
        file.seek(position)
        header = file.read(8)
        length = int.from_bytes(header[4:8], "little")
        if header[:4] != b"RIFF" or length in (0, 0xFFFF_FFFF):  # a recorder that could not seek back
            break
        position += 8 + length
        if position >= size:
            return position
    return 0
