"""Which packets of MPEG-4 Part 2 give a frame: ISO/IEC 14496-2, 6.2.3 and 6.2.5.

AVI has no place for reordering, so DivX packed a P-frame and the B-frame that is shown before it into one
chunk, and put an object that is *not coded* where the B-frame would have been; a decoder gives a frame for
either chunk. Where nothing was packed, an object that is not coded stands for a frame that the recorder
dropped: a decoder gives none, and the frame before is shown longer.
"""

from semvid.video.bit_reader import BitReader

_START_CODE, _OBJECT = b"\0\0\1", 0xB6
_LAYERS = range(0x20, 0x30)
_EXTENDED_ASPECT, _RECTANGULAR = 15, 0
_BUFFER_BITS = 79  # vbv_parameters
_HEADER_BYTES = 32


class VideoObjects:
    """Counts coded objects. ``extradata``: of the stream; may hold the layer's header."""

    def __init__(self, extradata: bytes) -> None:
        self._time_bits: int | None = None  # of vop_time_increment
        self._packed = 0  # frames that came in packets of others and have had no packet of their own
        self._coded(extradata)

    def begins_frame(self, data: bytes) -> bool:
        """Whether a decoder gives a frame for the next packet, ``data``."""
        coded = self._coded(data)
        if coded is None:
            return True
        self._packed += coded - 1
        if self._packed < 0:
            self._packed = 0
            return False
        return True

    def _coded(self, data: bytes) -> int | None:
        """How many objects in ``data`` are coded; None where that cannot be told."""
        coded, seen = 0, False
        at = data.find(_START_CODE)
        while 0 <= at < len(data) - 3:
            kind, header = data[at + 3], BitReader(data[at + 4 : at + 4 + _HEADER_BYTES])
            try:
                if kind in _LAYERS:
                    self._time_bits = _time_bits(header)
                elif kind == _OBJECT:
                    seen = True
                    if self._time_bits is None:
                        return None
                    coded += _is_coded(header, self._time_bits)
            except EOFError:
                return None
            at = data.find(_START_CODE, at + 3)
        return coded if seen else None


def _time_bits(layer: BitReader) -> int | None:
    layer.take(9)
    if layer.take(1):
        layer.take(7)
    if layer.take(4) == _EXTENDED_ASPECT:
        layer.take(16)
    if layer.take(1):
        layer.take(3)
        if layer.take(1):
            layer.take(_BUFFER_BITS)
    if layer.take(2) != _RECTANGULAR:
        return None
    layer.take(1)
    return max(1, (layer.take(16) - 1).bit_length())


def _is_coded(header: BitReader, time_bits: int) -> int:
    header.take(2)
    while header.take(1):
        pass
    header.take(1 + time_bits + 1)
    return header.take(1)
