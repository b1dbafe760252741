"""Sound as text: sentences <-> packets of `SoundCodec.TEXT`.

A packet stands for one second and is empty where no sentence begins in it; otherwise

    5 bits: when it begins | 11 bits: how long it was, less one | its words (`semvid.text`)

with times in 1/32 s. A sentence may last into later packets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from semvid import text
from semvid.errors import InvalidInput, MalformedUnits
from semvid.semantics.segments import MAX_CAPTION_CHARS

PACKET_MS: Final = 1_000
TICKS: Final = 32
"""Of time in a second."""

MAX_TICKS: Final = 2_048  # that a sentence lasts
_HEAD_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said in one go.

    Attributes:
        start: after the beginning of the packet, 0..31, in 1/32 s.
        duration: that it took the speaker, 1..2048, in 1/32 s.
        words: 1 to 400 characters.

    Raises:
        InvalidInput: a value out of these bounds.
    """

    start: int
    duration: int
    words: str

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("start", self.start, 0, TICKS - 1),
            ("duration", self.duration, 1, MAX_TICKS),
            ("length in characters", len(self.words), 1, MAX_CAPTION_CHARS),
        ):
            if not low <= value <= high:
                raise InvalidInput(f"the {name} of a sentence must lie in {low}..{high}, got {value}")


def pack(sentence: Sentence) -> bytes:
    """The packet of a sentence; the same one always gives the same bytes.

    Raises:
        InvalidInput: words that are no Unicode text (lone surrogates).
    """
    head = sentence.start * MAX_TICKS + sentence.duration - 1
    return head.to_bytes(_HEAD_BYTES, "big") + text.compress(sentence.words)


def unpack(packet: bytes) -> Sentence:
    """Parses what `pack` made.

    Raises:
        MalformedUnits: bytes that `pack` does not make.
    """
    if len(packet) <= _HEAD_BYTES:
        raise MalformedUnits(f"a sentence of {len(packet)} bytes, it has more than {_HEAD_BYTES}")
    start, duration = divmod(int.from_bytes(packet[:_HEAD_BYTES], "big"), MAX_TICKS)
    words = text.expand(packet[_HEAD_BYTES:])
    if not words:
        raise MalformedUnits("a sentence without words")
    return Sentence(start, duration + 1, words)
