"""What stream headers usually say, as small numbers: a header is sent at the highest price per bit.

Code 0 always means that the header says it in full, and of the shape of pixels, where it does not, that they
are square.
"""

from fractions import Fraction
from typing import Final

# What the sides of coded pictures are of those of the source, by code; new ones go to the end.
_SCALES: Final = (*map(Fraction, ("1", "3/4", "2/3", "1/2", "1/3", "1/4", "1/6", "1/8")),)
# Time bases that do not depend on the frame rate: Matroska, MPEG transport streams, QuickTime.
_FIXED: Final = (Fraction(1, 1000), Fraction(1, 90_000), Fraction(1, 600))
# Width over height of a pixel: the first sixteen of ITU-T H.264, table E-1, without the square.
_ASPECT_TABLE: Final = "12/11 10/11 16/11 40/33 24/11 20/11 32/11 80/33 18/11 15/11 64/33 160/99 4/3 3/2 2"
_ASPECTS: Final = tuple(Fraction(aspect) for aspect in _ASPECT_TABLE.split())
_LEAST_MP4_TICKS: Final = 10_000  # per second; FFmpeg doubles the numerator of the frame rate up to here


def time_base_code(time_base: Fraction, frame_rate: Fraction) -> int:
    """Number of a usual time base of video with this frame rate, 1..5; 0 if it is none."""
    usual = _time_bases(frame_rate)
    return usual.index(time_base) + 1 if time_base in usual else 0


def time_base_of(code: int, frame_rate: Fraction) -> Fraction | None:
    """Inverse of `time_base_code`; None for numbers that it does not give."""
    usual = _time_bases(frame_rate)
    return usual[code - 1] if 1 <= code <= len(usual) else None


def scale_code(size: tuple[int, int], coded: tuple[int, int]) -> int:
    """Number of the usual scale that makes ``coded`` (width, height) of ``size``, from 1; 0 if none does."""
    return next((code for code in range(1, len(_SCALES) + 1) if coded_size(code, size) == coded), 0)


def coded_size(code: int, size: tuple[int, int]) -> tuple[int, int] | None:
    """Inverse of `scale_code`: (width, height); None for numbers that it does not give."""
    if not 1 <= code <= len(_SCALES):
        return None
    width, height = (max(1, round(side * _SCALES[code - 1])) for side in size)
    return width, height


def aspect_code(aspect: Fraction) -> int:
    """Number of a usual shape of pixels, from 1; 0 if it is none, or square."""
    return _ASPECTS.index(aspect) + 1 if aspect in _ASPECTS else 0


def aspect_of(code: int) -> Fraction | None:
    """Inverse of `aspect_code`; None for numbers that it does not give."""
    return _ASPECTS[code - 1] if 1 <= code <= len(_ASPECTS) else None


def _time_bases(frame_rate: Fraction) -> tuple[Fraction, ...]:
    doubled = frame_rate.numerator
    while doubled < _LEAST_MP4_TICKS:
        doubled *= 2
    return (Fraction(1, doubled), Fraction(1, frame_rate.numerator), *_FIXED)
