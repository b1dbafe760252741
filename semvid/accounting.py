"""The only place where channel uses are counted.

A channel use is one complex symbol sent. Every symbol that leaves the transmitter belongs to exactly one
class of the ledger; CRCs, segmentation and padding belong to the class whose bits they protect.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class SymbolClass(StrEnum):
    """What a channel use was spent on."""

    PILOT = "pilot"  # known symbols: preamble, sounding, scattered pilots, and what a radio finds bursts by
    CONTROL = "control"  # control words
    HEADER = "header"  # stream header, stream end, time stamps
    CAPTION = "caption"  # with the motion score
    KEYFRAME = "keyframe"
    FACE = "face"  # points of a portrait, and the numbers that it is animated by
    SOUND = "sound"
    ANSWER = "answer"  # to questions about the video, with what announces them
    RETRANSMISSION = "retransmission"  # every symbol of a repeated block, its pilots and control word too


@dataclass
class Ledger:
    """Channel uses and information bits of one transmission, by class.

    Attributes:
        symbols: complex channel uses.
        bits: information bits before CRC and channel coding (first transmissions only).
    """

    symbols: dict[SymbolClass, int] = field(default_factory=lambda: dict.fromkeys(SymbolClass, 0))
    bits: dict[SymbolClass, int] = field(default_factory=lambda: dict.fromkeys(SymbolClass, 0))

    def add(self, symbol_class: SymbolClass, symbols: int, bits: int = 0) -> None:
        """Counts ``symbols`` channel uses that carried ``bits`` information bits."""
        if symbols < 0 or bits < 0:
            raise ValueError(f"cannot count {symbols} symbols and {bits} bits")
        self.symbols[symbol_class] += symbols
        self.bits[symbol_class] += bits

    def add_shared(self, symbols: int, bits: Mapping[SymbolClass, int]) -> None:
        """Counts ``symbols`` that several classes shared, in proportion to their bits.

        Whole symbols are dealt by largest remainder, so that nothing is lost or counted twice.
        """
        total = sum(bits.values())
        if total == 0:
            raise ValueError("symbols that carried no bits must be counted under one class")
        shares = {c: divmod(symbols * b, total) for c, b in bits.items()}
        left = symbols - sum(whole for whole, _ in shares.values())
        by_remainder = sorted(shares, key=lambda c: (-shares[c][1], c))
        for rank, symbol_class in enumerate(by_remainder):
            self.add(symbol_class, shares[symbol_class][0] + (rank < left), bits[symbol_class])

    @property
    def total_symbols(self) -> int:
        """All channel uses."""
        return sum(self.symbols.values())


def cbr(channel_uses: int, frames: int, height: int, width: int) -> float:
    """Channel bandwidth ratio (paper, notation): ``channel_uses / (3 * frames * height * width)``.

    Args:
        channel_uses: complex symbols sent, everything counted.
        frames, height, width: of the *source* video.

    Raises:
        ValueError: a size that is not positive, or a negative number of channel uses.
    """
    if min(frames, height, width) < 1 or channel_uses < 0:
        raise ValueError(f"no CBR for {channel_uses} channel uses over {frames}x{height}x{width}")
    return channel_uses / (3 * frames * height * width)
