"""The shape of pixels: what a picture's width is multiplied by when it is shown."""

import math
from dataclasses import dataclass
from fractions import Fraction

from semvid.semantics.stream import MAX_ASPECT_PART
from semvid.video.orientation import Orientation

_MOST_EXTREME = 10  # no camera and no broadcast comes near
_SQUARE_WITHIN = Fraction(1, 200)  # rounding of sizes, which encoders write down as 640:639; nobody sees it


@dataclass(frozen=True, slots=True)
class PixelShape:
    """The shape of the pixels of one video.

    Attributes:
        aspect: width of a pixel over its height, as displayed.
        ignored: what the file states instead and nobody can mean; None where it was taken at its word.
    """

    aspect: Fraction = Fraction(1)
    ignored: Fraction | None = None


def pixel_shape(stated: Fraction | None, orientation: Orientation) -> PixelShape:
    """Takes what a file states of stored pixels, for pictures that are laid by ``orientation``."""
    if stated is None or stated == 0:  # "unknown" (ITU-T H.264, table E-1)
        return PixelShape()
    if not Fraction(1, _MOST_EXTREME) <= stated <= _MOST_EXTREME:
        return PixelShape(ignored=stated)
    if abs(stated - 1) < _SQUARE_WITHIN:
        return PixelShape()
    aspect = 1 / stated if orientation.transpose else stated
    return PixelShape(_shortened(aspect) if aspect > 1 else 1 / _shortened(1 / aspect))


def _shortened(aspect: Fraction) -> Fraction:
    """The nearest to ``aspect``, 1 or more, whose numerator is not too large."""
    if aspect.numerator <= MAX_ASPECT_PART:
        return aspect
    return aspect.limit_denominator(MAX_ASPECT_PART // math.ceil(aspect))


def shown_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Square pixels that a picture of ``width`` x ``height`` pixels of shape ``aspect`` takes up."""
    return max(1, round(width * aspect)), height
