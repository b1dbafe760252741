"""Detail that coarse coding took out of a keyframe, put back by guess before anything is shown.

What quantisation and small sizes leave of a picture is right on average and too smooth: edges are soft, and
texture is gone where it was faint. Edges are sharpened, and grain is laid over the picture in proportion to
the contrast around each pixel, so that flat areas stay flat. Both follow one strength, which the transmitter
chooses by trial and sends in the stream header. The grain is the same in every keyframe: where nothing moves
nothing flickers, and where something moves it is carried along by the interpolation.
docs/decisions/0010-detail.md has the numbers, and what the same does for other codecs.
"""

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput
from semvid.images.types import Picture
from semvid.semantics.stream import MAX_FINISH

MAX_STRENGTH: Final = MAX_FINISH
_SHARPENING: Final = 0.7 / 4  # a unit of strength
_GRAIN: Final = 0.12 / 4  # standard deviation over that of the surroundings, a unit of strength
_EDGE_SIGMA: Final = 1.0  # pixels
_GRAIN_SIGMA: Final = 0.7  # pixels
_AROUND_SIGMA: Final = 3.0  # pixels
_SEED: Final = 0


def with_detail(picture: Picture, strength: int) -> Picture:
    """``picture``, uint8 RGB [height, width, 3], with detail of a strength 0 (none) .. `MAX_STRENGTH`.

    Raises:
        InvalidInput: ``strength`` out of range.
    """
    if not 0 <= strength <= MAX_STRENGTH:
        raise InvalidInput(f"the strength of detail must lie in 0..{MAX_STRENGTH}, got {strength}")
    if not strength:
        return picture
    amount = _SHARPENING * strength
    smooth = cv2.GaussianBlur(picture, (0, 0), _EDGE_SIGMA)
    sharp = np.asarray(cv2.addWeighted(picture, 1 + amount, smooth, -amount, 0), np.uint8)
    grain = _GRAIN * strength * _contrast_around(sharp) * grain_pattern(*picture.shape[:2])
    return np.clip(np.rint(sharp + grain[..., None]), 0, 255).astype(np.uint8)


def _contrast_around(picture: Picture) -> NDArray[np.float32]:
    luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
    mean = np.asarray(cv2.GaussianBlur(luma, (0, 0), _AROUND_SIGMA))
    square = np.asarray(cv2.GaussianBlur(luma * luma, (0, 0), _AROUND_SIGMA))
    return np.asarray(np.sqrt(np.maximum(0, square - mean * mean)), np.float32)


@lru_cache(maxsize=4)
def grain_pattern(height: int, width: int) -> NDArray[np.float32]:
    """Grain of unit variance, float32 [height, width]; the same for equal arguments, not to be written to."""
    noise = np.random.default_rng(_SEED).standard_normal((height, width), np.float32)
    smooth = np.asarray(cv2.GaussianBlur(noise, (0, 0), _GRAIN_SIGMA))
    return np.asarray(smooth / (float(smooth.std()) or 1.0), np.float32)
