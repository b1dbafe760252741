"""SSIM of all three colours, and MS-SSIM (Wang, Simoncelli and Bovik, 2003) of the luma."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.fidelity import ssim
from semvid.images.types import Picture

_Plane = NDArray[np.float64]

WEIGHTS: Final = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW: Final = 11
_KERNEL: Final = cv2.getGaussianKernel(_WINDOW, 1.5, cv2.CV_64F)
_C1: Final = (0.01 * 255) ** 2
_C2: Final = (0.03 * 255) ** 2
_LUMA: Final = np.array([[0.299, 0.587, 0.114]])  # ITU-R BT.601


def ssim_rgb(reference: Picture, picture: Picture) -> float:
    """Mean of the SSIM of red, green and blue, -1..1, higher is closer.

    The paper's SSIM is of grey (`semvid.images.fidelity.ssim`); many public scripts average colours instead,
    which gives other figures on saturated pictures.

    Args:
        reference, picture: uint8 RGB [height, width, 3].

    Raises:
        ValueError: the pictures differ in shape.
    """
    if reference.shape != picture.shape:
        raise ValueError(f"cannot compare pictures of shapes {reference.shape} and {picture.shape}")

    def grey(plane: NDArray[np.uint8]) -> Picture:
        """A plane as a picture whose luma is that plane."""
        return np.repeat(plane[..., None], 3, axis=2)

    return float(np.mean([ssim(grey(reference[..., c]), grey(picture[..., c])) for c in range(3)]))


def ms_ssim(reference: Picture, picture: Picture) -> float:
    """Multi-scale structural similarity of two pictures, 0..1, higher is closer.

    Five scales, window 11x11, sigma 1.5, over the windows that lie wholly inside; contrast and structure
    terms below 0 count as 0. A picture too small for five scales has as many as fit, their weights scaled to
    the same sum.

    Args:
        reference, picture: uint8 RGB [height, width, 3], both sides at least 11.

    Raises:
        ValueError: the pictures differ in shape, or are too small for one window.
    """
    if reference.shape != picture.shape:
        raise ValueError(f"cannot compare pictures of shapes {reference.shape} and {picture.shape}")
    side = min(reference.shape[:2])
    scales = sum(side >> scale >= _WINDOW for scale in range(len(WEIGHTS)))
    if not scales:
        raise ValueError(f"MS-SSIM needs sides of at least {_WINDOW} pixels, got {reference.shape}")
    weights = np.array(WEIGHTS[:scales]) * (sum(WEIGHTS) / sum(WEIGHTS[:scales]))
    x, y = _luma(reference), _luma(picture)
    terms = []
    for scale in range(scales):
        similarity, contrast = _terms(x, y)
        terms.append(similarity if scale == scales - 1 else contrast)
        x, y = _halved(x), _halved(y)
    return float(np.prod(np.maximum(terms, 0.0) ** weights))


def _terms(x: _Plane, y: _Plane) -> tuple[float, float]:
    """Mean SSIM, and mean of its contrast and structure terms alone."""
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x, variance_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    contrast = (2 * covariance + _C2) / (variance_x + variance_y + _C2)
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    return float((luminance * contrast).mean()), float(contrast.mean())


def _halved(plane: _Plane) -> _Plane:
    """Means of 2x2 pixels, an odd last row and column left out."""
    height, width = (side - side % 2 for side in plane.shape)
    return np.asarray(plane[:height, :width].reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)))


def _luma(picture: Picture) -> _Plane:
    return np.asarray(cv2.transform(picture.astype(np.float64), _LUMA))


def _blur(plane: _Plane) -> _Plane:
    margin = _WINDOW // 2
    blurred = np.asarray(cv2.sepFilter2D(plane, cv2.CV_64F, _KERNEL, _KERNEL))
    return blurred[margin : plane.shape[0] - margin, margin : plane.shape[1] - margin]
