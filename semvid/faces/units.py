"""What crosses the link of a face: the points of a portrait, and the numbers that move them.

Whole numbers only; `semvid.faces.track` says what they mean.
"""

from dataclasses import dataclass
from typing import Final

from semvid.errors import InvalidInput

POINTS: Final = 93
"""Of a face, `semvid.faces.points.LANDMARKS`."""

NUMBERS: Final = 17
"""At one moment, `semvid.faces.shape.NAMES`."""

MAX_MOMENTS: Final = 256
"""In one unit."""

_MAX_KEYFRAME: Final = 2**24
_MAX_FRAMES: Final = 2**16  # from a portrait to the last that is animated from it
_MAX_EVERY: Final = 256
_MAX_PIXELS: Final = 2**15
_MAX_ROLL: Final = 256
_MAX_NUMBER: Final = 2**12


def _in_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InvalidInput(f"{name} must lie in {low}..{high}, got {value}")


@dataclass(frozen=True, slots=True)
class FaceShape:
    """The points of the face that a keyframe shows: what follows it may be animated.

    Attributes:
        number: of the keyframe.
        x, y: middle of the face, pixels of the video.
        size: from one outer corner of the eyes to the other, pixels, about.
        roll: of the face, `semvid.faces.shape.STEP` radians, clockwise.
        points: how far each lies from that of the mean face so placed, `semvid.faces.shape.STEP`.
    """

    number: int
    x: int
    y: int
    size: int
    roll: int
    points: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        _in_range("keyframe number", self.number, 0, _MAX_KEYFRAME)
        for name in ("x", "y"):
            _in_range(f"{name} of a face", getattr(self, name), -_MAX_PIXELS, _MAX_PIXELS)
        _in_range("size of a face", self.size, 1, _MAX_PIXELS)
        _in_range("roll of a face", self.roll, -_MAX_ROLL, _MAX_ROLL)
        _in_range("points of a face", len(self.points), POINTS, POINTS)
        for point in self.points:
            for number in point:
                _in_range("place of a face's point", number, -_MAX_NUMBER, _MAX_NUMBER)


@dataclass(frozen=True, slots=True)
class FaceMotion:
    """How the face of a keyframe lies and looks at some moments after it; read without any other unit.

    Attributes:
        number: of the keyframe.
        first: frames from the keyframe to the first moment.
        every: frames from one moment to the next.
        moments: the numbers of each, `semvid.faces.shape.STEP`.
    """

    number: int
    first: int
    every: int
    moments: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        _in_range("keyframe number", self.number, 0, _MAX_KEYFRAME)
        _in_range("frames between moments of a face", self.every, 1, _MAX_EVERY)
        _in_range("moments of a face", len(self.moments), 1, MAX_MOMENTS)
        _in_range("first moment of a face", self.first, 1, _MAX_FRAMES)
        _in_range("last moment of a face", self.last, 1, _MAX_FRAMES)
        for moment in self.moments:
            _in_range("numbers of a moment", len(moment), NUMBERS, NUMBERS)
            for number in moment:
                _in_range("number of a face", number, -_MAX_NUMBER, _MAX_NUMBER)

    @property
    def last(self) -> int:
        """Frames from the keyframe to the last moment."""
        return self.first + self.every * (len(self.moments) - 1)
