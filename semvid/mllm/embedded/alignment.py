"""Two pictures laid over each other: camera motion and lighting taken out, what differs left."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.mllm.embedded.registration import STILL, Registration, register
from semvid.mllm.embedded.views import View

CHANGED = 14  # colour difference that is no noise, 8-bit Lab levels, after local tolerance
LEAST_OVERLAP = 0.05  # share of the picture

_STILL = 0.03  # share of changed pixels up to which the camera is taken to stand still
_EDGE = 0.12  # width of the frame around the picture that shows whether the camera moved, of its size
_SAME_LIGHT = 2.0  # difference of mean colours that is left alone, 8-bit Lab levels
_GAINS = (0.5, 2.0)  # of lightness
_OFFSETS = ((-80, 80), (-14, 14), (-14, 14))  # of lightness and the two colour axes, 8-bit Lab levels
_NEIGHBOURS = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Alignment:
    """The candidate as seen from the reference's place and in its light.

    Attributes:
        registration: the camera motion; support 0 where none was found (then nothing was carried).
        carried: uint8 [h, w, 3], Lab of the candidate on the reference's coarse grid.
        common: bool [h, w], where both pictures show something.
        change: uint8 [h, w], colour difference in 8-bit Lab levels, 0 outside ``common``.
    """

    registration: Registration
    carried: NDArray[np.uint8]
    common: NDArray[np.bool_]
    change: NDArray[np.uint8]

    @property
    def overlap(self) -> float:
        """Share of the reference that the candidate still shows."""
        return max(float(self.common.mean()), LEAST_OVERLAP)


def align(reference: View, candidate: View) -> Alignment:
    """Finds the camera motion and the change of lighting between two views of one size, takes them out.

    A camera that moves moves the picture's rim. Where the rim agrees better without the estimated motion (a
    large object moved before a still background), the camera is taken to stand still.
    """
    unmoved = _relit(candidate.lab, reference.lab, None)
    everywhere = np.ones(unmoved.shape[:2], np.bool_)
    difference = tolerant_difference(reference.lab, unmoved)
    still = Alignment(STILL, unmoved, everywhere, difference)
    if float((difference > CHANGED).mean()) < _STILL:
        return still
    registration = register(reference, candidate)
    if registration.support == 0.0:
        return Alignment(registration, unmoved, everywhere, difference)
    carried, common = _carry(candidate.lab, registration, reference)
    carried = _relit(carried, reference.lab, common)
    change = tolerant_difference(reference.lab, carried)
    rim = _rim(common.shape[0], common.shape[1]) & common
    if not rim.any() or float(difference[rim].mean()) > float(change[rim].mean()):
        return Alignment(registration, carried, common, cv2.bitwise_and(change, common.view(np.uint8) * 255))
    return still


def tolerant_difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colour difference summed over channels, saturating, forgiving one pixel of misplacement."""
    difference: NDArray[np.uint8] = cv2.max(_outside(first, second), _outside(second, first))
    return difference


def _outside(reference: NDArray[np.uint8], picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How far ``picture`` leaves the range that ``reference`` has within one pixel, summed over channels."""
    over = cv2.subtract(picture, cv2.dilate(reference, _NEIGHBOURS))
    under = cv2.subtract(cv2.erode(reference, _NEIGHBOURS), picture)
    lightness, green_red, blue_yellow = cv2.split(cv2.max(over, under))
    total: NDArray[np.uint8] = cv2.add(cv2.add(lightness, green_red), blue_yellow)
    return total


def _rim(height: int, width: int) -> NDArray[np.bool_]:
    rim = np.ones((height, width), np.bool_)
    down, across = max(1, round(_EDGE * height)), max(1, round(_EDGE * width))
    rim[down:-down, across:-across] = False
    return rim


def _carry(
    lab: NDArray[np.uint8], registration: Registration, reference: View
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    height, width = lab.shape[:2]
    full_height, full_width = reference.luminance.shape
    matrix = registration.matrix.copy()
    matrix[0, 2] *= width / full_width
    matrix[1, 2] *= height / full_height
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    carried = cv2.warpAffine(lab, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.full((height, width), 255, np.uint8), matrix, (width, height), flags=flags)
    return carried, inside > 250


def _relit(
    lab: NDArray[np.uint8], target: NDArray[np.uint8], common: NDArray[np.bool_] | None
) -> NDArray[np.uint8]:
    """``lab`` with the exposure and tint of ``target``, as far as one gain and offset can bring it there.

    Quartiles are matched, not means: what came or went in less than a quarter of the picture does not count.
    """
    if float(np.abs(np.array(cv2.mean(lab)) - np.array(cv2.mean(target))).sum()) < _SAME_LIGHT:
        return lab
    where = np.ones(lab.shape[:2], np.bool_) if common is None or common.mean() < LEAST_OVERLAP else common
    own = np.percentile(lab[where][::3], (25, 50, 75), axis=0)
    other = np.percentile(target[where][::3], (25, 50, 75), axis=0)
    table = np.empty((1, 256, 3), np.uint8)
    levels = np.arange(256, dtype=np.float64)
    for channel, limits in enumerate(_OFFSETS):
        gain = (other[2, 0] - other[0, 0] + 4.0) / (own[2, 0] - own[0, 0] + 4.0) if channel == 0 else 1.0
        offset = np.clip(other[1, channel] - own[1, channel], *limits)
        middle = own[1, channel]
        relit = (levels - middle) * np.clip(gain, *_GAINS) + middle + offset
        table[0, :, channel] = np.clip(relit, 0, 255)
    result: NDArray[np.uint8] = cv2.LUT(lab, table)
    return result
