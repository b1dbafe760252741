"""What a voice must be able to do."""

from typing import Protocol

from semvid.sound.tempo import Samples


class Voice(Protocol):
    """Speaks. Several videos may use one at a time.

    Attributes:
        rate: samples a second of what it says.
    """

    rate: int

    def speak(self, words: str) -> Samples:
        """``words`` as float32 [samples], mono, -1..1; the same words always sound the same.

        Raises:
            InvalidInput: it cannot speak them.
        """
