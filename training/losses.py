"""What a restored picture is blamed for."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

CONTRAST_WEIGHT: Final = 0.15
"""Of local contrast that differs, against the mean absolute difference of RGB in 0..1."""
FEATURE_WEIGHT: Final = 0.1
"""Of features that differ, likewise."""

_SIGMA: Final = 1.5  # pixels; window of the local statistics
_REACH: Final = 4  # pixels from the middle of the window
_FLOOR: Final = (0.03) ** 2  # SSIM's second constant, for levels of 0..1
_LUMA: Final = (0.299, 0.587, 0.114)  # ITU-R BT.601
_SOFT: Final = 1e-3  # keeps the root's slope finite where nothing differs


def contrast_loss(made: Tensor, real: Tensor) -> Tensor:
    """How far local contrast differs: a root of one minus SSIM's contrast term (Wang et al., 2004), mean.

    What `transmitter.rate.loss` calls ``wrong``, in a form that has a slope everywhere.

    Args:
        made, real: float32 [n, 3, h, w], RGB 0..1.
    """
    ours, theirs = _variance(made), _variance(real)
    alike = (2 * torch.sqrt(ours * theirs + _SOFT * _FLOOR**2) + _FLOOR) / (ours + theirs + _FLOOR)
    return torch.sqrt((1 - alike).clamp_min(0) + _SOFT).mean() - math.sqrt(_SOFT)


def _variance(picture: Tensor) -> Tensor:
    """Of luma around each pixel, [n, 1, h, w]."""
    weights = torch.tensor(_LUMA, dtype=picture.dtype, device=picture.device)
    luma = (picture * weights[:, None, None]).sum(1, keepdim=True)
    return (_blurred(luma * luma) - _blurred(luma) ** 2).clamp_min(0)


def _blurred(plane: Tensor) -> Tensor:
    at = torch.arange(-_REACH, _REACH + 1, dtype=plane.dtype, device=plane.device)
    window = torch.exp(-(at**2) / (2 * _SIGMA**2))
    window = window / window.sum()
    padded = functional.pad(plane, (_REACH,) * 4, mode="reflect")
    across = functional.conv2d(padded, window[None, None, None, :])
    return functional.conv2d(across, window[None, None, :, None])
