"""Which packets carry the second field of a frame whose first field another packet carries.

H.264 (PAFF) and MPEG-2 may code the two fields of an interlaced frame as pictures of their own. Transport
streams, and files made of them, then hold a packet a field, and a decoder gives one frame for two packets.
Only as much of the headers is read as tells a field from a frame: ITU-T H.264, 7.3.2.1.1 and 7.3.3;
ITU-T H.262, 6.2.3 and 6.2.3.1. What makes no sense is taken for a whole frame, as it is without a look.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from semvid.video.bit_reader import BitReader
from semvid.video.coded_units import length_bytes, units

_HEADER_BYTES = 64  # of a slice or picture header, as far as it is read
_TWO_FLAGS_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_SLICES = (1, 5)  # nal_unit_type: coded slice; of an IDR picture. Data partitioning has no fields in practice
_SPS, _PPS = 7, 8


@dataclass(frozen=True, slots=True)
class Picture:
    """A coded picture: ``frame`` names the frame that it belongs to; ``parity`` is None where it is whole."""

    frame: int
    parity: int | None


class _Pairs:
    """Pairs fields as decoders do: with the one before, if single, of the same frame and opposite."""

    def __init__(self) -> None:
        self._single: Picture | None = None  # a first field that waits for its second

    def begins_frame(self, data: bytes) -> bool:
        """Whether the next packet, ``data``, gives a frame of its own, not only the second field of one."""
        begun = completed = 0
        for picture in self._pictures(data):
            first, self._single = self._single, None
            if picture.parity is not None and first == Picture(picture.frame, 1 - picture.parity):
                completed += 1
            else:
                begun += 1
                self._single = None if picture.parity is None else picture
        return bool(begun) or not completed

    def _pictures(self, data: bytes) -> Iterator[Picture]:
        """The pictures that begin in ``data``."""
        raise NotImplementedError


class H264Fields(_Pairs):
    """H.264; ``extradata``: its parameter sets, in either form."""

    def __init__(self, extradata: bytes) -> None:
        super().__init__()
        self._length_bytes = length_bytes("h264", extradata)
        self._sets: dict[int, _SequenceParameters] = {}
        self._has_fields = False  # any set allows them
        self._sequence_of: dict[int, int] = {}  # by picture parameter set
        if self._length_bytes:
            for unit in _parameter_sets(extradata):
                self._learn(unit)
        else:
            for unit in units(extradata, 0):
                self._learn(unit)

    def _pictures(self, data: bytes) -> Iterator[Picture]:
        for unit in units(data, self._length_bytes):
            kind = unit[0] & 31 if unit else 0
            if kind in (_SPS, _PPS):
                self._learn(unit)
            elif self._has_fields and kind in _SLICES and (picture := self._picture(unit)) is not None:
                yield picture

    def _learn(self, unit: bytes) -> None:
        if not unit:
            return
        bits = BitReader(_unescaped(unit[1:]))
        try:
            if unit[0] & 31 == _SPS:
                number, sequence = _sequence_parameters(bits)
                self._sets[number] = sequence
                self._has_fields = any(one.has_fields for one in self._sets.values())
            elif unit[0] & 31 == _PPS:
                self._sequence_of[bits.golomb()] = bits.golomb()
        except EOFError:
            return

    def _picture(self, unit: bytes) -> Picture | None:
        """What the slice ``unit`` begins; None inside a picture."""
        bits = BitReader(_unescaped(unit[1:_HEADER_BYTES]))
        try:
            if bits.golomb():  # first_mb_in_slice
                return None
            bits.golomb()  # slice_type
            sequence = self._sets.get(self._sequence_of.get(bits.golomb(), -1))
            if sequence is None or not sequence.has_fields:
                return Picture(0, None)
            bits.take(2 if sequence.separate_planes else 0)
            frame = bits.take(sequence.frame_number_bits)
            return Picture(frame, bits.take(1) if bits.take(1) else None)
        except EOFError:
            return Picture(0, None)


@dataclass(frozen=True, slots=True)
class _SequenceParameters:
    has_fields: bool
    frame_number_bits: int
    separate_planes: bool


def _sequence_parameters(bits: BitReader) -> tuple[int, _SequenceParameters]:
    profile = bits.take(8)
    bits.take(16)
    number, separate = bits.golomb(), False
    if profile in _TWO_FLAGS_PROFILES:
        chroma = bits.golomb()
        separate = chroma == 3 and bool(bits.take(1))
        bits.golomb(), bits.golomb(), bits.take(1)
        if bits.take(1):  # scaling lists
            for index in range(12 if chroma == 3 else 8):
                if bits.take(1):
                    _skip_scaling_list(bits, 16 if index < 6 else 64)
    frame_number_bits = bits.golomb() + 4
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        for _ in range(2):
            bits.golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.golomb()
    bits.golomb(), bits.take(1), bits.golomb(), bits.golomb()  # references, gaps, width, height
    return number, _SequenceParameters(not bits.take(1), frame_number_bits, separate)


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            code = bits.golomb()
            following = (last + ((code + 1) // 2 if code & 1 else -(code // 2))) % 256
        last = following or last


class Mpeg2Fields(_Pairs):
    """MPEG-2; it needs no ``extradata``."""

    def __init__(self, extradata: bytes) -> None:
        super().__init__()
        del extradata
        self._reference = 0

    def _pictures(self, data: bytes) -> Iterator[Picture]:
        for unit in units(data, 0):
            if unit[:1] == b"\0" and len(unit) > 2:
                self._reference = unit[1] << 2 | unit[2] >> 6  # temporal_reference
            elif unit[:1] == b"\xb5" and len(unit) > 3 and unit[1] >> 4 == 8:
                structure = unit[3] & 3
                yield Picture(self._reference, structure - 1 if structure in (1, 2) else None)


def _parameter_sets(record: bytes) -> Iterator[bytes]:
    """The sets in an AVCDecoderConfigurationRecord, sequence parameter sets first."""
    at, count = 6, record[5] & 31
    for first in (True, False):
        for _ in range(count):
            length = int.from_bytes(record[at : at + 2], "big")
            yield record[at + 2 : at + 2 + length]
            at += 2 + length
        if first and at < len(record):
            count, at = record[at], at + 1


def _unescaped(data: bytes) -> bytes:
    return data.replace(b"\0\0\3", b"\0\0")
