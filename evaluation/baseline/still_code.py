"""What a code for stills is: a picture and a quality in, bytes out, and back."""

from collections.abc import Sequence
from typing import Protocol

from semvid.images.types import Picture


class StillCode(Protocol):
    """One code at its settings.

    Attributes:
        name: of the row.
        qualities: all that it is tried at, coarsest first, evenly spaced.
        settings: what decides the bytes beside the quality; part of every record and of the cache's key.
    """

    name: str
    qualities: Sequence[float]
    settings: str

    def encode(self, picture: Picture, quality: float) -> bytes:
        """The coded picture, headers included, without a container where the code can do without.

        Raises:
            MissingComponent: the encoder is not installed.
        """
        ...

    def decode(self, data: bytes) -> Picture:
        """The picture at the size that was coded, sides perhaps rounded up to even numbers.

        Raises:
            InvalidInput: ``data`` is no such picture.
        """
        ...
