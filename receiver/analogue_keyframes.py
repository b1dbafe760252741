"""Keyframes that crossed as symbols without bits: the symbols that wait, and pictures of them."""

from semvid.errors import MalformedUnits
from semvid.images.jscc.code import Side, decode, size_of
from semvid.images.jscc.networks import shipped
from semvid.images.types import Picture
from semvid.phy.analogue import AnalogueReception, padded_symbols


class AnalogueKeyframes:
    """Of one transmission. The networks are loaded when the first picture is asked for."""

    def __init__(self) -> None:
        self._waiting: dict[int, AnalogueReception] = {}

    def keep(self, number: int, symbols: AnalogueReception) -> None:
        """Keeps the symbols of a keyframe until `picture`."""
        self._waiting[number] = symbols

    def has(self, number: int) -> bool:
        """Whether the symbols of a keyframe wait."""
        return number in self._waiting

    def picture(self, number: int, side: bytes, size: tuple[int, int]) -> Picture:
        """The picture of a keyframe whose symbols wait, uint8 RGB [height, width, 3], and lets them go.

        Args:
            number: of the keyframe.
            side: information that arrived beside its symbols.
            size: width and height that the stream header announced, pixels.

        Raises:
            MalformedUnits: side information that no encoder makes, or of another picture.
            MissingComponent: the networks cannot be loaded.
        """
        received = self._waiting.pop(number)
        if (came := size_of(side)) != size:
            raise MalformedUnits(f"jscc: a keyframe of {came} pixels came, the header announced {size}")
        parsed = Side.of(side)
        count = parsed.symbols
        if padded_symbols(count) != len(received.symbols):
            raise MalformedUnits(
                f"jscc: {len(received.symbols)} symbols came with a rate map for {count} of them"
            )
        return decode(shipped(), parsed, received.symbols[:count], received.no[:count])
