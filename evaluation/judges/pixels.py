"""PSNR and SSIM of single pictures: `semvid.fidelity`, and SSIM of all three colours."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from semvid.fidelity import PSNR_CAP_DB, psnr_db, ssim
from semvid.images.types import Picture

__all__ = ["PSNR_CAP_DB", "psnr_db", "ssim", "ssim_rgb"]


_CHANNELS: Final = 3


def ssim_rgb(reference: Picture, picture: Picture) -> float:
    """Mean of the SSIM of red, green and blue, -1..1, higher is closer.

    The paper's SSIM is of grey (`ssim`); many public scripts average colours instead, which gives other
    figures on saturated pictures.

    Args:
        reference, picture: uint8 RGB [height, width, 3].

    Raises:
        ValueError: the pictures differ in shape.
    """
    if reference.shape != picture.shape:
        raise ValueError(f"cannot compare pictures of shapes {reference.shape} and {picture.shape}")
    return float(np.mean([ssim(_grey(reference[..., c]), _grey(picture[..., c])) for c in range(_CHANNELS)]))


def _grey(plane: NDArray[np.uint8]) -> Picture:
    """A plane as a picture whose luma is that plane."""
    return np.repeat(plane[..., None], _CHANNELS, axis=2)
