"""What the head of an AV1 frame says: whether it is shown, what it leans on, and where it is kept.

A decoder holds eight reference slots. A frame names the slots that it is predicted from, and those that it is
kept in afterwards; from this follows which frames a lost one spoils. Source: AV1 bitstream specification,
sections 5.5 (sequence header) and 5.9.2 (frame header), as far as the fields that are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

from semvid.errors import MalformedUnits
from semvid.semantics import ALL_SLOTS

SLOTS = 8
_KEY, _INTER, _INTRA_ONLY, _SWITCH = range(4)
_REFERENCES = 7
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
    """

    order_hint_bits: int
    screen_content_choice: bool
    integer_mv_choice: bool

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
        bits.take(width_bits + height_bits)
        if bits.take(1):
            raise MalformedUnits("an AV1 sequence header with frame numbers")
        bits.take(3 + 4)  # superblock size, intra tools; compound, warped motion, dual filter
        ordered = bits.take(1)
        bits.take(2 * ordered)
        screen_content_choice = bits.take(1)
        if not screen_content_choice and bits.take(1):
            raise MalformedUnits("an AV1 sequence header that forces tools for screen content")
        integer_mv_choice = bool(screen_content_choice) and bool(bits.take(1))
        if screen_content_choice and not integer_mv_choice:
            bits.take(1)
        return cls(bits.take(3) + 1 if ordered else 0, bool(screen_content_choice), integer_mv_choice)


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """The head of one frame.

    Attributes:
        shown: the decoder gives it as soon as it is decoded, not when it is asked to.
        order: its place in time, modulo 2 ** order_hint_bits; 0 for a key frame that begins a sequence.
        leans_on: slots that it may be predicted from, a bit mask.
        kept_in: slots that it is kept in afterwards, a bit mask.
    """

    shown: bool
    order: int
    leans_on: int
    kept_in: int

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
        bits.take(1)  # whether symbol probabilities adapt
        if sequence.screen_content_choice and bits.take(1) and sequence.integer_mv_choice:
            bits.take(1)
        if kind == _SWITCH or bits.take(1):
            raise MalformedUnits("an AV1 frame of another size than its sequence")
        order = bits.take(sequence.order_hint_bits)
        if not (kind in (_KEY, _INTRA_ONLY) or resilient):
            bits.take(3)  # whose probabilities it begins with: one of those below
        kept_in = ALL_SLOTS if starts else bits.take(SLOTS)
        if not (shown or kept_in):
            raise MalformedUnits("an AV1 frame that is neither shown nor kept")
        if kind != _INTER:
            return cls(bool(shown), order, 0, kept_in)
        if resilient and sequence.order_hint_bits:
            bits.take(SLOTS * sequence.order_hint_bits)
        if sequence.order_hint_bits and bits.take(1):
            raise MalformedUnits("an AV1 frame that leaves its references to be worked out")
        leans_on = 0
        for _ in range(_REFERENCES):
            leans_on |= 1 << bits.take(3)
        return cls(bool(shown), order, leans_on, kept_in)
