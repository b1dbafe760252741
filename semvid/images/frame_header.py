"""What the head of an AV1 frame says: if it is shown, what it leans on, where it is kept, how coarse it is.

A decoder holds eight reference slots. A frame names the slots that it is predicted from, and those that it is
kept in afterwards; from this follows which frames a lost one spoils. Source: AV1 bitstream specification,
sections 5.5 (sequence header), 5.9.2 (frame header), 5.9.5 to 5.9.8 (sizes), 5.9.10 (interpolation filter),
5.9.12 (quantiser) and 5.9.15 (tiles), as far as the fields that are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

from semvid.errors import MalformedUnits
from semvid.semantics import ALL_SLOTS

SLOTS = 8
_KEY, _INTER, _INTRA_ONLY, _SWITCH = range(4)
_REFERENCES = 7
_TILE_WIDTH, _TILE_AREA = 4096, 4096 * 2304  # pixels, at most
_MOST_TILES = 64  # in a row or column
_LONGEST_HEAD = 100  # bytes that hold all fields read here, whatever they say


class _Bits:
    """Reads fixed-length fields, most significant bit first."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise MalformedUnits("an AV1 header ends before its last field")
        return self._value >> self._left & (1 << count) - 1


@dataclass(frozen=True, slots=True)
class SequenceHeader:
    """Of a coded sequence, the fields that decide how its frame headers read.

    Attributes:
        order_hint_bits: of a frame's place in time; 0: there is none.
        screen_content_choice, integer_mv_choice: each frame says whether it uses these tools.
        integer_mv: where the second is not for frames to say: those with the first one use it.
        width, height: of its frames, pixels.
        superblock: side of the blocks that tiles are made of, pixels: 64 or 128.
        motion_choice: each frame says whether it takes motion over from the frames it is predicted from.
        superres_choice: each frame says whether it is coded narrower.
    """

    order_hint_bits: int
    screen_content_choice: bool
    integer_mv_choice: bool
    integer_mv: bool
    width: int
    height: int
    superblock: int
    motion_choice: bool
    superres_choice: bool

    @classmethod
    def parse(cls, payload: bytes) -> SequenceHeader:
        """Parses the payload of a sequence header unit.

        Raises:
            MalformedUnits: it ends early, or is of a kind that our encoder never makes.
        """
        bits = _Bits(payload[:_LONGEST_HEAD])
        bits.take(3 + 1)  # profile, still picture
        reduced, timing, delay = bits.take(1), bits.take(1), bits.take(1)
        if reduced or timing or delay:
            raise MalformedUnits("an AV1 sequence header with timing information or of a still picture")
        for _ in range(bits.take(5) + 1):
            bits.take(12)
            if bits.take(5) > 7:  # level
                bits.take(1)  # tier
        width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
        width, height = bits.take(width_bits) + 1, bits.take(height_bits) + 1
        if bits.take(1):
            raise MalformedUnits("an AV1 sequence header with frame numbers")
        superblock = 128 if bits.take(1) else 64
        bits.take(2 + 4)  # intra tools; compound, warped motion, dual filter
        ordered = bits.take(1)
        bits.take(ordered)  # compound weights by distance
        motion_choice = bool(bits.take(ordered))
        screen_content_choice = bits.take(1)
        if not screen_content_choice and bits.take(1):
            raise MalformedUnits("an AV1 sequence header that forces tools for screen content")
        integer_mv_choice = bool(screen_content_choice) and bool(bits.take(1))
        integer_mv = bool(screen_content_choice and not integer_mv_choice and bits.take(1))
        order_hint_bits = bits.take(3) + 1 if ordered else 0
        return cls(
            order_hint_bits,
            bool(screen_content_choice),
            integer_mv_choice,
            integer_mv,
            width,
            height,
            superblock,
            motion_choice,
            superres_choice=bool(bits.take(1)),
        )


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """The head of one frame.

    Attributes:
        shown: the decoder gives it as soon as it is decoded, not when it is asked to.
        order: its place in time, modulo 2 ** order_hint_bits; 0 for a key frame that begins a sequence.
        leans_on: slots that it may be predicted from, a bit mask.
        kept_in: slots that it is kept in afterwards, a bit mask.
        quantiser: how coarse it is, 0 .. 255 (``base_q_idx``).
    """

    shown: bool
    order: int
    leans_on: int
    kept_in: int
    quantiser: int

    @classmethod
    def parse(cls, payload: bytes, sequence: SequenceHeader) -> FrameHeader | None:
        """Parses the beginning of a frame unit; None where it only asks to show an earlier frame.

        Raises:
            MalformedUnits: it ends early, or is of a kind that our encoder never makes.
        """
        bits = _Bits(payload[:_LONGEST_HEAD])
        if bits.take(1):
            return None
        kind, shown = bits.take(2), bits.take(1)
        if not shown and not bits.take(1):
            raise MalformedUnits("an AV1 frame that can never be shown")
        starts = kind == _KEY and bool(shown)
        resilient = starts or kind == _SWITCH or bool(bits.take(1))
        fixed = bits.take(1)  # symbol probabilities do not adapt
        screen_content = bool(sequence.screen_content_choice and bits.take(1))
        integer_mv = screen_content and (
            bool(bits.take(1)) if sequence.integer_mv_choice else sequence.integer_mv
        )
        if kind == _SWITCH or bits.take(1):
            raise MalformedUnits("an AV1 frame of another size than its sequence")
        order = bits.take(sequence.order_hint_bits)
        intra = kind in (_KEY, _INTRA_ONLY)
        if not (intra or resilient):
            bits.take(3)  # whose probabilities it begins with: one of those below
        kept_in = ALL_SLOTS if starts else bits.take(SLOTS)
        if not (shown or kept_in):
            raise MalformedUnits("an AV1 frame that is neither shown nor kept")
        if resilient and sequence.order_hint_bits and not (intra and kept_in == ALL_SLOTS):
            bits.take(SLOTS * sequence.order_hint_bits)
        leans_on = 0
        if not intra:
            if sequence.order_hint_bits and bits.take(1):
                raise MalformedUnits("an AV1 frame that leaves its references to be worked out")
            for _ in range(_REFERENCES):
                leans_on |= 1 << bits.take(3)
        _skip_size(bits, sequence)
        if intra:
            bits.take(int(screen_content))  # copying from inside the frame
        else:
            bits.take(int(not integer_mv))  # finer motion vectors
            if not bits.take(1):  # filters by block
                bits.take(2)
            bits.take(1)  # kinds of motion by block
            bits.take(int(sequence.motion_choice and not resilient))
        bits.take(int(not fixed))  # probabilities are not kept
        _skip_tiles(bits, sequence)
        return cls(bool(shown), order, leans_on, kept_in, quantiser=bits.take(8))


def _skip_size(bits: _Bits, sequence: SequenceHeader) -> None:
    if sequence.superres_choice and bits.take(1):
        raise MalformedUnits("an AV1 frame that is coded narrower than it is shown")
    if bits.take(1):  # a size to be shown at
        bits.take(16 + 16)


def _skip_tiles(bits: _Bits, sequence: SequenceHeader) -> None:
    """Reads over how a frame is cut into tiles of equal size."""
    side = sequence.superblock
    columns, rows = -(-sequence.width // side), -(-sequence.height // side)
    most_columns, most_rows = (_log2(min(count, _MOST_TILES)) for count in (columns, rows))
    least_columns = _log2(-(-columns * side // _TILE_WIDTH))
    least = max(least_columns, _log2(-(-columns * rows * side * side // _TILE_AREA)))
    if not bits.take(1):
        raise MalformedUnits("an AV1 frame with tiles of several sizes")
    cut_columns = _counted_up(bits, least_columns, most_columns)
    cut_rows = _counted_up(bits, max(0, least - cut_columns), most_rows)
    if cut_columns + cut_rows:
        bits.take(cut_columns + cut_rows + 2)  # whose probabilities are kept; bytes of a tile's size


def _counted_up(bits: _Bits, least: int, most: int) -> int:
    value = least
    while value < most and bits.take(1):
        value += 1
    return value


def _log2(count: int) -> int:
    """The smallest whole number whose power of two is ``count`` or more."""
    return (count - 1).bit_length()
