"""The outermost boxes of MP4 and MOV files (ISO/IEC 14496-12, 4.2), without a demuxer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_BOXES = 2**20  # looked at in one file
FIRST_BOXES = frozenset(b"ftyp styp moov mdat moof free skip wide pnot sidx uuid pdin".split())


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, where its body begins and where it claims to end (bytes into the file)."""

    kind: bytes
    body: int
    end: int


def starts_with_box(head: bytes) -> bool:
    """Whether ``head``, the first 8 bytes or more of a file, is the beginning of an MP4 or MOV file."""
    return head[4:8] in FIRST_BOXES


def outermost_boxes(file: BinaryIO, size: int, position: int = 0) -> Iterator[Box]:
    """The boxes of a file of ``size`` bytes from ``position`` on; the last one may claim to end beyond it."""
    for _ in range(MAX_BOXES):
        if position >= size:
            return
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            return
        length, body = int.from_bytes(header[:4], "big"), 8
        if length == 1:
            length, body = int.from_bytes(header[8:16], "big"), 16
        elif length == 0:
            length = size - position
        if length < body:
            return
        yield Box(header[4:8], position + body, position + length)
        position += length


def inner_boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and body of each box in the body of another; a length that makes no sense ends them."""
    position = 0
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if length < 8:
            return
        yield data[position + 4 : position + 8], data[position + 8 : position + length]
        position += length
