"""What is prepared once per picture before it is compared with others."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput
from semvid.images.resize import with_side
from semvid.images.types import Picture

SIDE = 256  # pixels, longer side of the copy that motion is measured on
COARSE_SIDE = 128  # pixels, longer side of the copy that colours are compared on
LAYOUT = (16, 12)  # columns, rows of the layout
GRADIENT_CELLS = 4  # per side
GRADIENT_BINS = 8
MAX_CORNERS = 160

MIN_SIDE = 16  # pixels, of any copy
_STRUCTURE = 6.0  # local standard deviation of luminance that counts as something to see, 8-bit levels


@dataclass(frozen=True)
class View:
    """A picture made ready for `semvid.mllm.embedded.measurements.measure`.

    Attributes:
        luminance: uint8 [h, w], longer side `SIDE`.
        lab: uint8 [h/2, w/2, 3], OpenCV's 8-bit Lab, longer side `COARSE_SIDE`, slightly smoothed.
        mean: float32 [3], mean of ``lab``.
        layout: float32 [rows * columns * 3], Lab of a coarse grid.
        histogram: float32 [6 * 6 * 6], square roots of the colour shares.
        gradients: float32 [cells * cells, bins], share of edge energy by place and direction, square roots.
        structure: share of the picture, 0..1, in which there is anything to see.
    """

    luminance: NDArray[np.uint8]
    lab: NDArray[np.uint8]
    mean: NDArray[np.float32]
    layout: NDArray[np.float32]
    histogram: NDArray[np.float32]
    gradients: NDArray[np.float32]
    structure: float

    @cached_property
    def corners(self) -> NDArray[np.float32]:
        """Points that can be followed, float32 [n, 1, 2], pixels of ``luminance``."""
        found = cv2.goodFeaturesToTrack(self.luminance, MAX_CORNERS, 0.01, 6)
        return np.empty((0, 1, 2), np.float32) if found is None else found


def view(picture: Picture) -> View:
    """Prepares an RGB picture (uint8 [height, width, 3], any size).

    Raises:
        InvalidInput: the array is not such a picture.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise InvalidInput(f"a picture must be uint8 [height, width, 3], got {picture.dtype} {picture.shape}")
    small = with_side(picture, SIDE, MIN_SIDE)
    lab = cv2.cvtColor(with_side(small, COARSE_SIDE, MIN_SIDE), cv2.COLOR_RGB2LAB)
    smooth = cv2.GaussianBlur(lab, (3, 3), 0)
    return View(
        cv2.cvtColor(small, cv2.COLOR_RGB2GRAY),
        smooth,
        np.array(cv2.mean(lab)[:3], np.float32),
        layout_of(smooth),
        histogram_of(smooth),
        gradients_of(smooth),
        _structure(smooth[..., 0].astype(np.float32)),
    )


def layout_of(lab: NDArray[np.uint8]) -> NDArray[np.float32]:
    """See `View.layout`."""
    grid: NDArray[np.float32] = (
        cv2.resize(lab, LAYOUT, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    )
    return grid


def histogram_of(lab: NDArray[np.uint8], where: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """See `View.histogram`; of the pixels ``where`` alone, if given."""
    mask = None if where is None else where.view(np.uint8)
    counts = cv2.calcHist([lab], [0, 1, 2], mask, [6, 6, 6], [0, 256, 64, 192, 64, 192]).ravel()
    shares: NDArray[np.float32] = np.sqrt(counts / max(1.0, float(counts.sum())))
    return shares


def gradients_of(lab: NDArray[np.uint8]) -> NDArray[np.float32]:
    """See `View.gradients`."""
    lightness = lab[..., 0].astype(np.float32)
    across = cv2.Sobel(lightness, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(lightness, cv2.CV_32F, 0, 1)
    strength, angle = cv2.cartToPolar(across, down)
    direction = (angle * (GRADIENT_BINS / np.pi)).astype(np.int32) % GRADIENT_BINS
    height, width = lightness.shape
    rows = np.arange(height) * GRADIENT_CELLS // height
    columns = np.arange(width) * GRADIENT_CELLS // width
    bins = (rows[:, None] * GRADIENT_CELLS + columns[None, :]) * GRADIENT_BINS + direction
    cells = GRADIENT_CELLS**2
    energy = np.bincount(bins.ravel(), strength.ravel(), cells * GRADIENT_BINS).astype(np.float32)
    even = 8.0 * lightness.size / energy.size  # what noise has; pictures without edges agree
    shares: NDArray[np.float32] = np.sqrt((energy + even) / (energy.sum() + even * energy.size))
    return shares.reshape(cells, GRADIENT_BINS)


def _structure(lightness: NDArray[np.float32]) -> float:
    mean = cv2.blur(lightness, (7, 7))
    variance = cv2.blur(lightness * lightness, (7, 7)) - mean * mean
    return float(np.mean(variance > _STRUCTURE**2))
