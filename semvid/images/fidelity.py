"""How close two pictures are, pixel by pixel: PSNR and SSIM.

Pictures are uint8 RGB ``[height, width, 3]``. SSIM is on grey, as in the paper (paper, metrics); PSNR is
on RGB over all pixels. Perceptual metrics live in `evaluation`.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.types import Picture

PSNR_CAP_DB: Final = 100.0  # identical pictures have no finite PSNR; they count as this many dB

_WINDOW: Final = 11
_SIGMA: Final = 1.5
_C1: Final = (0.01 * 255) ** 2
_C2: Final = (0.03 * 255) ** 2
_LUMA: Final = np.array([[0.299, 0.587, 0.114]])  # ITU-R BT.601
_KERNEL: Final = cv2.getGaussianKernel(_WINDOW, _SIGMA, cv2.CV_64F)

_Plane = NDArray[np.float64]


def psnr_db(reference: Picture, picture: Picture) -> float:
    """Peak signal-to-noise ratio over all pixels and channels, dB, at most `PSNR_CAP_DB`.

    Raises:
        ValueError: the pictures differ in shape.
    """
    _check_shapes(reference, picture)
    squared = cv2.norm(reference, picture, cv2.NORM_L2SQR) / reference.size
    if squared == 0:
        return PSNR_CAP_DB
    return min(PSNR_CAP_DB, float(10 * np.log10(255**2 / squared)))


def ssim(reference: Picture, picture: Picture) -> float:
    """Structural similarity of the luma: Gaussian window 11x11, sigma 1.5, K1 = 0.01, K2 = 0.03.

    Averaged over the windows that lie wholly inside the picture (Wang et al., 2004). A picture with a side
    below 11 pixels has no such window; there the mirrored border is used and every pixel counts.

    Raises:
        ValueError: the pictures differ in shape.
    """
    _check_shapes(reference, picture)
    x, y = _luma(reference), _luma(picture)
    mean_x, mean_y = _blur(x), _blur(y)
    # single precision would not do: variances are small differences of large squares
    variance_x, variance_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    index = ((2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)) / (
        (mean_x**2 + mean_y**2 + _C1) * (variance_x + variance_y + _C2)
    )
    if min(index.shape) >= _WINDOW:
        margin = _WINDOW // 2
        index = index[margin : index.shape[0] - margin, margin : index.shape[1] - margin]
    return float(index.mean())


def _check_shapes(reference: Picture, picture: Picture) -> None:
    if reference.shape != picture.shape:
        raise ValueError(f"cannot compare pictures of shapes {reference.shape} and {picture.shape}")


def _luma(picture: Picture) -> _Plane:
    return np.asarray(cv2.transform(picture.astype(np.float64), _LUMA))


def _blur(plane: _Plane) -> _Plane:
    return np.asarray(cv2.sepFilter2D(plane, cv2.CV_64F, _KERNEL, _KERNEL, borderType=cv2.BORDER_REFLECT))
