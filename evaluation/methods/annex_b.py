"""NAL units in a byte stream (ITU-T H.264 and H.265, annex B): what need not cross is taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_START_CODE: Final = re.compile(rb"\x00?\x00\x00\x01")

# supplemental enhancement information, access unit delimiter, filler data
H264_IDLE: Final = frozenset({6, 9, 12})
H265_IDLE: Final = frozenset({35, 38, 39, 40})


def h264_type(header: int) -> int:
    """Type of a unit from the first byte of its header (H.264, 7.3.1)."""
    return header & 0x1F


def h265_type(header: int) -> int:
    """Type of a unit from the first byte of its header (H.265, 7.3.1.2)."""
    return header >> 1 & 0x3F


def units(packet: bytes) -> Iterator[tuple[int, bytes]]:
    """First header byte and bytes, start code included, of every unit of ``packet``.

    Raises:
        ValueError: ``packet`` does not begin with a start code.
    """
    starts = list(_START_CODE.finditer(packet))
    if not starts or starts[0].start():
        raise ValueError(f"a packet of {len(packet)} bytes does not begin with a start code")
    stops = [match.start() for match in starts[1:]] + [len(packet)]
    for match, stop in zip(starts, stops, strict=True):
        yield packet[match.end()], packet[match.start() : stop]
