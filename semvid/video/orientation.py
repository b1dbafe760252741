"""Which way up a stored picture is to be shown."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semvid.errors import UnsupportedMedia

_SKEW_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Orientation:
    """One of the eight ways to lay a picture on a screen without resampling it.

    Attributes:
        transpose: rows and columns change places, first of all.
        flip_x: then left and right change places.
        flip_y: and top and bottom change places.
    """

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture [height, width, 3] as displayed, contiguous in memory."""
        if self.transpose:
            picture = picture.transpose(1, 0, 2)
        if self.flip_x:
            picture = picture[:, ::-1]
        if self.flip_y:
            picture = picture[::-1]
        return np.ascontiguousarray(picture)

    def displayed_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height as displayed of pictures stored as ``width`` x ``height``."""
        return (height, width) if self.transpose else (width, height)


def from_display_matrix(matrix: bytes | None) -> Orientation:
    """Reads a display matrix (ISO/IEC 14496-12, 8.3.2: nine 32-bit fixed-point numbers, native byte order).

    Args:
        matrix: 36 bytes, or None for a stream without one. A matrix of zeros counts as none.

    Raises:
        UnsupportedMedia: a rotation that is not a multiple of 90 degrees, or a matrix cut short.
    """
    if matrix is None:
        return Orientation()
    if len(matrix) < 36:
        raise UnsupportedMedia(f"the display matrix of the video holds {len(matrix)} bytes instead of 36")
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix[:36])
    straight, turned = max(abs(a), abs(d)), max(abs(b), abs(c))
    if not straight and not turned:
        return Orientation()
    if turned < _SKEW_TOLERANCE * min(abs(a), abs(d)):
        return Orientation(False, a < 0, d < 0)
    if straight < _SKEW_TOLERANCE * min(abs(b), abs(c)):
        return Orientation(True, c < 0, b < 0)
    raise UnsupportedMedia(
        "the video asks to be shown at an angle that is no multiple of 90 degrees, which semvid does not do; "
        "turn it with an editor first"
    )
