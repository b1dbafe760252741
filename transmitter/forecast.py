"""What frames of a video cost: the part that quality changes, and the part that it does not."""

from __future__ import annotations

from dataclasses import dataclass

from transmitter.rate import bytes_factor


@dataclass(frozen=True, slots=True)
class Forecast:
    """What frames cost, the first keyframe of a clip not counted.

    Attributes:
        fixed: symbols whatever the quality.
        scaled: symbols of keyframes at CRF 60.
        frames: that these were spent on.
    """

    fixed: float
    scaled: float
    frames: int

    @classmethod
    def of(cls, frames: int, symbols: float, keyframe_symbols: float, crf: float) -> Forecast:
        """From what ``frames`` did cost, keyframes at ``crf`` included."""
        return cls(symbols - keyframe_symbols, keyframe_symbols / bytes_factor(crf), frames)

    def at(self, crf: float) -> float:
        """Symbols of one frame more, at another quality; 0 without any frame to go by."""
        return (self.fixed + self.scaled * bytes_factor(crf)) / max(1, self.frames)

    def __add__(self, other: Forecast) -> Forecast:
        return Forecast(self.fixed + other.fixed, self.scaled + other.scaled, self.frames + other.frames)
