"""Temporal consistency: does what is shown move as the source does, and only so?"""

from typing import Final

import cv2
import numpy as np

from semvid.images.flow import Effort, Flow, flow_both_ways
from semvid.images.types import Picture

_ROUND_TRIP_PX: Final = 1.5  # forward and backward flow that disagree by more mark what is hidden


def flicker(before: Picture, now: Picture, shown_before: Picture, shown_now: Picture) -> float:
    """Change from frame to frame that the source does not have, or that is missing: 0 (none) .. 2.

    Mean over pixels and colours of ``|(shown_now - shown_before) - (now - before)| / 255``.

    Args:
        before, now: neighbouring frames of the source, uint8 RGB [height, width, 3].
        shown_before, shown_now: what is shown in their place.
    """
    source = now.astype(np.int16) - before
    shown = shown_now.astype(np.int16) - shown_before
    return float(np.abs(shown - source).mean() / 255)


def warping_error(before: Picture, now: Picture, shown_before: Picture, shown_now: Picture) -> float:
    """How badly what is shown follows the source's motion: 0 .. 1, lower is steadier.

    The picture shown before is moved along the optical flow of the *source* and compared with the one shown
    now; mean absolute difference of all colours over 255, over pixels that the source shows in both frames
    (after Lai et al., 2018, who square it). Never quite 0, since no flow is exact: compare it with the
    source's own, ``warping_error(before, now, before, now)``.

    Args:
        before, now: neighbouring frames of the source, uint8 RGB [height, width, 3].
        shown_before, shown_now: what is shown in their place.
    """
    ahead, back = flow_both_ways(before, now, Effort.HIGH)
    grid = _grid(*now.shape[:2])
    at_before = grid + back
    inside = (
        (at_before[..., 0] >= 0)
        & (at_before[..., 0] <= now.shape[1] - 1)
        & (at_before[..., 1] >= 0)
        & (at_before[..., 1] <= now.shape[0] - 1)
    )
    round_trip = np.asarray(_sample(ahead, at_before)) + back
    visible = inside & (np.linalg.norm(round_trip, axis=2) <= _ROUND_TRIP_PX)
    if not visible.any():
        return float("nan")
    moved = np.asarray(_sample(shown_before, at_before), np.int16)
    return float(np.abs(moved - shown_now)[visible].mean() / 255)


def _grid(height: int, width: int) -> Flow:
    columns, rows = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    return np.stack(np.meshgrid(columns, rows), axis=-1)


def _sample(source: cv2.typing.MatLike, at: Flow) -> cv2.typing.MatLike:
    return cv2.remap(source, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
