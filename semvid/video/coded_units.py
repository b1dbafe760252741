"""The units of a packet, NAL units or what start codes begin, and whether they bring new parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator

_START_CODE = b"\0\0\1"
_UNIT_BYTES = 256  # of a unit, as far as anybody looks
_MOST_SETS = 64  # that are remembered
_IS_PARAMETER_SET: dict[str, Callable[[int], bool]] = {
    "h264": lambda head: head & 31 == 7,
    "hevc": lambda head: head >> 1 & 63 == 33,
    "mpeg2video": lambda head: head == 0xB3,
    "mpeg4": lambda head: 0x20 <= head < 0x30,
}
_LENGTH_AT = {"h264": (4, 7), "hevc": (21, 23)}  # in ISO/IEC 14496-15's records, and how long these are


def length_bytes(codec: str, extradata: bytes) -> int:
    """Bytes of the length before each unit; 0: start codes."""
    at, least = _LENGTH_AT.get(codec, (0, 0))
    if not at or len(extradata) < least or extradata[0] != 1:
        return 0
    return 1 + (extradata[at] & 3)


def units(data: bytes, length_bytes: int) -> Iterator[bytes]:
    """The beginning of each unit of ``data``, 256 bytes at most, start codes and lengths left out."""
    if not length_bytes:
        at = data.find(_START_CODE)
        while at >= 0:
            begin, at = at + 3, data.find(_START_CODE, at + 3)
            yield data[begin : min(begin + _UNIT_BYTES, at if at >= 0 else len(data))].rstrip(b"\0")
        return
    at = 0
    while at + length_bytes < len(data):
        begin = at + length_bytes
        length = int.from_bytes(data[at:begin], "big")
        yield data[begin : begin + min(length, _UNIT_BYTES)]
        at = begin + length


class ParameterSets:
    """Notices where a stream goes on with other parameters, such as another size."""

    def __init__(self, codec: str, extradata: bytes) -> None:
        self._is_set = _IS_PARAMETER_SET.get(codec)
        self._length_bytes = length_bytes(codec, extradata)
        self._seen: set[bytes] = set()

    def change(self, data: bytes) -> bool:
        """Whether ``data``, a packet that can be decoded alone, has parameters that none before it had."""
        if self._is_set is None:
            return False
        found = {unit for unit in units(data, self._length_bytes) if unit and self._is_set(unit[0])}
        new, known = found - self._seen, bool(self._seen)
        if len(self._seen) < _MOST_SETS:
            self._seen |= new
        return known and bool(new)
