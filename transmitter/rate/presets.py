"""Which preset of SVT-AV1 codes keyframes in the time that there is: the slower, the fewer bytes.

Measured on keyframes of four clips at their sizes and spacings (docs/decisions/0009-pyramid.md).
"""

from __future__ import annotations

from typing import Final

from semvid.options import DEFAULT_CODING_TIME

FAST: Final = 8
"""With which points are compared."""
SLOWEST_TRIED: Final = 2
"""In planning: slower ones look better at the same CRF, and their bytes are the same within 3 %."""

_SECONDS: Final = {0: 12.5, 1: 3.7, 2: 1.7, 3: 1.1, 4: 0.6, 6: 0.27, FAST: 0.13}
# Preset 2 as in plans of four clips, the others between as in docs/decisions/0009-pyramid.md (prototypes)
_BYTES: Final = {0: 0.83, 1: 0.83, 2: 0.83, 3: 0.86, 4: 0.88, 6: 0.93, FAST: 1.0}
_LOSS: Final = {0: 0.97, 1: 0.987, 2: 1.0, 3: 1.025, 4: 1.045, 6: 1.08, FAST: 1.13}

# Of a picture that stands alone and must leave at once: seconds of one core a million pixels (measured on
# 568x320, low-delay, CRF 60), and seconds that it may take. It takes 7 % more bytes than with preset 2.
_ALONE_S: Final = {FAST: 0.5, 10: 0.24, 12: 0.18}
_AT_ONCE_S: Final = 0.2


def at_once(pixels: float) -> int:
    """The slowest that does not make a picture of a live source late by itself."""
    in_time = [one for one, seconds in _ALONE_S.items() if seconds * pixels / 1e6 <= _AT_ONCE_S]
    return min(in_time, default=max(_ALONE_S))


def slowest_in_time(pixels_per_s: float, coding_time: float = DEFAULT_CODING_TIME) -> int:
    """The slowest that codes so many pixels of keyframes a second of video in that time.

    Where none does, the fastest that is used.

    Args:
        coding_time: seconds of one core for a second of video.
    """
    in_time = [one for one, seconds in _SECONDS.items() if seconds * pixels_per_s / 1e6 <= coding_time]
    return min(in_time, default=FAST)


def loss_of(preset: int) -> float:
    """How much is lost for the same bytes, as a multiple of what preset 2 loses."""
    return _LOSS[preset]


def bytes_of(preset: int) -> float:
    """About what keyframes take at the same CRF, as a multiple of what `FAST` makes of them."""
    return _BYTES[preset]
