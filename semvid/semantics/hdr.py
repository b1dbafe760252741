"""High dynamic range that crosses as it is."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from semvid.semantics.bounds import require


class HdrTransfer(IntEnum):
    """Transfer characteristics of ITU-T H.273 whose light goes beyond diffuse white."""

    PQ = 16
    HLG = 18


KNOWN_PRIMARIES: Final = (9, 1, 12, 11, 5, 6, 7, 4, 8, 10, 22)
"""Colour primaries of ITU-T H.273 that can be kept, the likeliest first: headers count them in this order."""


@dataclass(frozen=True, slots=True)
class HdrColour:
    """What the samples of HDR pictures mean that are R'G'B' of full range with 8 bits.

    Attributes:
        transfer: function.
        primaries: number of ITU-T H.273, one of `KNOWN_PRIMARIES`; 9 is BT.2020.
    """

    transfer: HdrTransfer
    primaries: int = KNOWN_PRIMARIES[0]

    def __post_init__(self) -> None:
        require(
            self.primaries in KNOWN_PRIMARIES,
            f"primaries of HDR must be one of {sorted(KNOWN_PRIMARIES)} of H.273, got {self.primaries}",
        )
