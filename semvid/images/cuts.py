"""Hard cuts: where one shot ends and the next begins, found while the video streams by.

Two measurements, both on small copies, both causal:

- *Unexplained content.* Brightness and contrast are taken out, the previous frame is carried onto this one by
  dense optical flow, and what is left over is compared with the contrast of the two pictures. Motion, however
  fast, leaves little over; another shot leaves nearly everything. A flash is no other shot: blank (burnt-out
  or black) frames are stepped over, and the frame after them is compared with the one before.
- *Jumps.* A screen that stood still and from one frame to the next shows its text elsewhere has no motion in
  between either, although flow could invent one. It shows as a fine difference all over the picture, out of
  stillness.

Dissolves, fades and wipes are not hard cuts; the frames inside them are legitimate content of a segment.
"""

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from semvid.images.resize import with_side

COARSE_SIDE = 64  # pixels, longer side of the copy that flow is measured on
FINE_SIDE = 256  # pixels, longer side of the copy that jumps are measured on
UNEXPLAINED = 0.33  # share of the pictures' contrast that motion does not explain
OVER_HISTORY = 2.5  # a cut stands out this many times from the frames before it
GRADIENT_CHANGE = 0.6  # 1 - correlation of the gradients; a flash keeps its edges, another shot does not
JUMP_DIFFERENCE = 10.0  # mean absolute luminance difference, 8-bit levels
JUMP_GRADIENT_CHANGE = 0.5
STILLNESS = 1.0  # median luminance difference of the frames before a jump, 8-bit levels
HISTORY = 8  # frames
LONGEST_FLASH = 6  # blank frames that are stepped over before blankness counts as content
BLANK_SPREAD = 5.0  # standard deviation of luminance below which a frame shows nothing, 8-bit levels
CLEAR_SPREAD = 15.0  # above which a frame beside a blank one is another shot and not the end of a fade

_MIN_SIDE = 16
_CONTRAST = 50.0  # standard deviation that luminance is brought to, 8-bit levels
_LEAST_DEVIATION = 8.0  # noise in flat pictures is not blown up beyond _CONTRAST / this


@dataclass(frozen=True, slots=True)
class _Copy:
    fine: NDArray[np.float32]  # [h, w] luminance
    fine_gradient: NDArray[np.float32]  # [2, h, w]
    luminance: NDArray[np.uint8]  # [h, w], brightness and contrast normalised
    chroma: NDArray[np.float32]  # [h, w, 2]
    gradient: NDArray[np.float32]  # [2, h, w]
    contrast: float  # mean absolute deviation of luminance and chroma, levels
    deviation: float  # of luminance, levels

    @property
    def blank(self) -> bool:
        return self.deviation < BLANK_SPREAD


class CutDetector:
    """Finds hard cuts in a stream of frames; memory does not grow with the stream.

    Example:
        detector = CutDetector()
        starts = [index for index, picture in enumerate(pictures) if detector.push(picture)]
    """

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._flow.setFinestScale(0)
        self._reference: _Copy | None = None
        self._blanks = 0
        self._unexplained: deque[float] = deque(maxlen=HISTORY)
        self._differences: deque[float] = deque(maxlen=HISTORY)

    def push(self, picture: NDArray[np.uint8]) -> bool:
        """Takes the next frame.

        Args:
            picture: uint8 RGB [height, width, 3]; all frames of a stream have one size. A copy of
                256 pixels on its longer side is as good as the original.

        Returns:
            True when a hard cut lies between the previous frame and this one.
        """
        current = _copy(picture)
        reference = self._reference
        if reference is None:
            self._reference = current
            return False
        if current.blank and not reference.blank and self._blanks < LONGEST_FLASH:
            self._blanks += 1
            return False
        self._blanks = 0
        self._reference = current
        if current.blank and reference.blank:
            return False
        cut = self._is_other_shot(reference, current)
        jump = self._is_jump(reference, current)
        if cut:
            self._unexplained.clear()
            self._differences.clear()
        return cut or jump

    def _is_other_shot(self, reference: _Copy, current: _Copy) -> bool:
        if current.blank or reference.blank:  # nothing to follow; a fade comes with little contrast at first
            return max(current.deviation, reference.deviation) > CLEAR_SPREAD
        unexplained = self._measure_unexplained(reference, current)
        usual = float(np.mean(self._unexplained)) if self._unexplained else 0.0
        self._unexplained.append(unexplained)
        return (
            unexplained > max(UNEXPLAINED, OVER_HISTORY * usual)
            and 1.0 - _correlation(reference.gradient, current.gradient) > GRADIENT_CHANGE
        )

    def _is_jump(self, reference: _Copy, current: _Copy) -> bool:
        difference = float(np.mean(cv2.absdiff(reference.fine, current.fine)))
        still = len(self._differences) >= HISTORY // 2 and float(np.median(self._differences)) < STILLNESS
        self._differences.append(difference)
        return (
            still
            and difference > JUMP_DIFFERENCE
            and 1.0 - _correlation(reference.fine_gradient, current.fine_gradient) > JUMP_GRADIENT_CHANGE
        )

    def _measure_unexplained(self, reference: _Copy, current: _Copy) -> float:
        flow = self._flow.calc(current.luminance, reference.luminance, None)
        height, width = current.luminance.shape
        columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        columns += flow[..., 0]
        rows += flow[..., 1]
        carried = cv2.remap(
            np.dstack([reference.luminance.astype(np.float32), reference.chroma]),
            columns,
            rows,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        shown = np.dstack([current.luminance.astype(np.float32), current.chroma])
        left_over = float(np.abs(shown - carried).sum(axis=2).mean())
        return left_over / (reference.contrast + current.contrast)


def _copy(picture: NDArray[np.uint8]) -> _Copy:
    fine_rgb = with_side(picture, FINE_SIDE, _MIN_SIDE)
    fine = cv2.cvtColor(fine_rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    lab = cv2.cvtColor(with_side(fine_rgb, COARSE_SIDE, _MIN_SIDE), cv2.COLOR_RGB2LAB).astype(np.float32)
    mean, deviation = float(lab[..., 0].mean()), float(lab[..., 0].std())
    level = (lab[..., 0] - mean) * (_CONTRAST / max(deviation, _LEAST_DEVIATION)) + 128.0
    luminance = np.clip(level, 0, 255).astype(np.uint8)
    chroma = lab[..., 1:] - 128.0
    stacked = np.dstack([luminance.astype(np.float32), chroma])
    contrast = float(np.abs(stacked - stacked.mean(axis=(0, 1))).sum(axis=2).mean()) + 1.0
    return _Copy(
        fine,
        _gradient(fine),
        luminance,
        np.ascontiguousarray(chroma),
        _gradient(cv2.GaussianBlur(luminance, (3, 3), 0).astype(np.float32)),
        contrast,
        deviation,
    )


def _gradient(luminance: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([cv2.Sobel(luminance, cv2.CV_32F, 1, 0), cv2.Sobel(luminance, cv2.CV_32F, 0, 1)])


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    floor = 50.0 * first[0].size  # flat pictures agree
    energy = np.sqrt(float(np.vdot(first, first)) * float(np.vdot(second, second)))
    correlation = (float(np.vdot(first, second)) + floor) / (float(energy) + floor)
    return float(correlation)
