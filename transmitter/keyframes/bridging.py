"""How well the receiver's embedded decoder would bridge a gap: the transmitter tries it on small copies.

Closed loop: the same interpolation that the receiver runs (`semvid.images.interpolation`) is run between
small copies of two frames, and what it makes of the frames between is compared with what they are.
"""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.flow import Effort
from semvid.images.interpolation import Bridge
from semvid.images.resize import within_area
from semvid.images.types import Picture

COPY_AREA: Final = 96 * 96  # pixels of a small copy
_TESTED: Final = (0.25, 0.5, 0.75)  # of the gap
_SIGMA: Final = 1.5  # pixels; window of the local statistics
_FLOOR: Final = 58.5  # 8-bit levels squared: SSIM's second constant, (0.03 * 255) ** 2


def small_copy(picture: Picture) -> Picture:
    """``picture`` shrunk to about `COPY_AREA` pixels, uint8 RGB; smaller ones stay as they are."""
    return within_area(picture, COPY_AREA)


def bridging_error(copies: Sequence[Picture]) -> float:
    """How far regenerated frames are from the real ones, 0 for identical, towards 1 for unrelated pictures.

    Args:
        copies: small copies of the keyframe, of every frame up to the candidate, and of the candidate.
    """
    last = len(copies) - 1
    if last < 2:
        return 0.0
    bridge = Bridge(copies[0], copies[-1], Effort.MIDDLE)
    tested = sorted({min(last - 1, max(1, round(share * last))) for share in _TESTED})
    return float(np.mean([dissimilarity(copies[i], bridge.frame(i / last)) for i in tested]))


def holding_error(copies: Sequence[Picture]) -> float:
    """The same where the first of ``copies`` is shown in place of all the others."""
    last = len(copies) - 1
    tested = sorted({max(1, round(share * last)) for share in (*_TESTED, 1.0)}) if last else []
    return float(np.mean([dissimilarity(copies[i], copies[0]) for i in tested])) if tested else 0.0


def dissimilarity(picture: Picture, other: Picture) -> float:
    """Mean structural dissimilarity of two pictures, 0 for equal ones, 1 for unrelated ones.

    One minus SSIM's term of contrast and structure (Wang et al., 2004), its root taken before the mean: a
    place that is wholly wrong counts as one place, however bright it is, and faint errors everywhere count
    too. Of 16 measures tried this one follows a perceptual judge (LPIPS) best within a clip
    (docs/decisions/0005).

    Args:
        picture, other: uint8 RGB [height, width, 3] of one size.
    """
    a, b = (np.asarray(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), np.float32) for p in (picture, other))
    mean_a, mean_b = _blur(a), _blur(b)
    variances = _blur(a * a) - mean_a**2 + _blur(b * b) - mean_b**2
    covariance = _blur(a * b) - mean_a * mean_b
    structure = (2 * covariance + _FLOOR) / (np.maximum(0, variances) + _FLOOR)
    return float(np.sqrt(np.maximum(0, 1 - structure)).mean())


def _blur(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), _SIGMA), np.float32)
