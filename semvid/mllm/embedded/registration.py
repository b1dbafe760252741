"""Global motion between two views: what the camera did."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.mllm.embedded.views import View

_WINDOW = (13, 13)
_LEVELS = 3
_TOLERANCE = 2.0  # pixels of the 256-pixel copy
_MIN_POINTS = 8
_MIN_SUPPORT = 0.25  # share of the followed points that must agree on one camera motion
_SCALES = (0.5, 2.0)  # a larger change of scale is taken for a failed registration
_CONFIDENT = 0.08  # response of the phase correlation that makes its shift worth trying


@dataclass(frozen=True, slots=True)
class Registration:
    """A similarity transform from the reference's pixels to the candidate's.

    Attributes:
        matrix: float64 [2, 3]; the identity when ``support`` is 0.
        support: share of the reference's corners that follow the transform, 0..1; 0 = none was found.
    """

    matrix: NDArray[np.float64]
    support: float

    @property
    def scale(self) -> float:
        """Magnification from reference to candidate; above 1 the camera came closer."""
        return float(np.hypot(self.matrix[0, 0], self.matrix[1, 0]))


_IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
UNREGISTERED = Registration(_IDENTITY, 0.0)
STILL = Registration(_IDENTITY, 1.0)


def register(reference: View, candidate: View) -> Registration:
    """Estimates the camera motion between two views of one size.

    Corners of the reference are followed by pyramidal Lucas-Kanade, from rest and, where phase correlation
    finds a shift, from there too; RANSAC keeps what moves as one. The better supported estimate wins.
    """
    if len(reference.corners) < _MIN_POINTS:
        return UNREGISTERED
    best = _follow(reference, candidate, (0.0, 0.0))
    if best.support > 0.6:
        return best
    shift = _phase_shift(reference, candidate)
    if shift is not None and np.hypot(*shift) > 4.0:
        other = _follow(reference, candidate, shift)
        if other.support > best.support:
            return other
    return best


def _follow(reference: View, candidate: View, shift: tuple[float, float]) -> Registration:
    start = reference.corners
    guess = start + np.array(shift, np.float32)
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        reference.luminance,
        candidate.luminance,
        start,
        guess.copy(),
        winSize=_WINDOW,
        maxLevel=_LEVELS,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    good = status.ravel() == 1
    if int(good.sum()) < _MIN_POINTS:
        return UNREGISTERED
    cv2.setRNGSeed(0)
    matrix, inliers = cv2.estimateAffinePartial2D(
        start[good], found[good], ransacReprojThreshold=_TOLERANCE, maxIters=400, refineIters=5
    )
    if matrix is None:
        return UNREGISTERED
    registration = Registration(matrix, float(inliers.sum()) / len(start))
    if registration.support < _MIN_SUPPORT or not _SCALES[0] <= registration.scale <= _SCALES[1]:
        return UNREGISTERED
    return registration


def _phase_shift(reference: View, candidate: View) -> tuple[float, float] | None:
    height, width = reference.luminance.shape
    size = (64, max(16, 64 * height // width))
    # phaseCorrelate applies its window in place, hence arrays of its own
    first, second = (
        cv2.resize(one.luminance, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        for one in (reference, candidate)
    )
    (across, down), response = cv2.phaseCorrelate(first, second, cv2.createHanningWindow(size, cv2.CV_32F))
    if response < _CONFIDENT:
        return None
    return across * width / size[0], down * height / size[1]
