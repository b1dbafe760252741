"""What a restored picture is blamed for, besides its difference from the source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from training.features import Features, Lpips

PARTS: Final = ("difference", "texture", "features", "gist", "lpips", "glance")
"""Names, see `Loss.parts`."""
TEXTURE_WEIGHT: Final = 0.4
"""Of texture that differs, against the mean absolute difference of RGB in 0..1; none where LPIPS judges."""
FEATURE_WEIGHT: Final = 0.4
"""Of features that differ at their places, likewise."""
GIST_WEIGHT: Final = 4.0
"""Of features that differ on the whole, likewise."""
LPIPS_WEIGHT: Final = 0.5
"""Likewise."""
GLANCE_WEIGHT: Final = 1.5
"""Of what LPIPS' network sees last and differs on the whole, likewise."""

_BANDS: Final = (0.8, 1.6)  # pixels; each band is what a blur of this sigma takes out of the one before
_AROUND: Final = (1.5, 4.0)  # pixels; sigma of the windows in which a band's strength is measured
_FAINT: Final = 0.004  # of RGB in 0..1; strength that hardly counts
_STEEP: Final = 1e-7  # keeps the root's slope finite
LUMA: Final = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True, slots=True)
class Loss:
    """What is blamed.

    Attributes:
        features: whose eyes are asked; None: nobody's.
        lpips: asked in the place of `texture_loss`; None: it is not.
    """

    features: Features | None = None
    lpips: Lpips | None = None

    def to_device(self, device: torch.device) -> Loss:
        """Itself, on ``device``."""
        for network in (self.features, self.lpips):
            if network is not None:
                network.to_device(device)
        return self

    def parts(self, made: Tensor, real: Tensor) -> dict[str, Tensor]:
        """Each part by name, before its weight; 0 where it is not asked.

        Args:
            made, real: float32 [n, 3, h, w], RGB 0..1; sides are multiples of 64.
        """
        none = made.new_zeros(())
        places, gist = (none, none) if self.features is None else self.features.distances(made, real)
        lpips, glance = (none, none) if self.lpips is None else self.lpips.distances(made, real)
        return {
            "difference": (made - real).abs().mean(),
            "texture": texture_loss(made, real),
            "features": places,
            "gist": gist,
            "lpips": lpips,
            "glance": glance,
        }

    def total(self, parts: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of `parts`."""
        texture = TEXTURE_WEIGHT if self.lpips is None else 0.0
        detector = FEATURE_WEIGHT * parts["features"] + GIST_WEIGHT * parts["gist"]
        judge = LPIPS_WEIGHT * parts["lpips"] + GLANCE_WEIGHT * parts["glance"]
        return parts["difference"] + texture * parts["texture"] + detector + judge


def texture_loss(made: Tensor, real: Tensor) -> Tensor:
    """How far the strength of fine detail differs around each pixel, relative, 0 .. 1, mean.

    It asks how much texture there is and not where each grain lies: a picture that is right on average and
    too smooth is blamed, one with another grain is not. On held-out clips it orders strengths of
    `semvid.images.detail` as LPIPS does, which one minus SSIM's contrast term does not.

    Args:
        made, real: float32 [n, 3, h, w], RGB 0..1, sides of 16 and up.
    """
    each = [
        ((ours - theirs).abs() / (ours + theirs + _FAINT)).mean()
        for ours, theirs in zip(_strengths(made), _strengths(real), strict=True)
    ]
    return torch.stack(each).mean()


def _strengths(picture: Tensor) -> Iterator[Tensor]:
    """Of each band in each window, [n, 1, h, w]."""
    weights = torch.tensor(LUMA, dtype=picture.dtype, device=picture.device)
    planes = [(picture * weights[:, None, None]).sum(1, keepdim=True)]
    for sigma in _BANDS:
        planes.append(blurred(planes[-1], sigma))
    for finer, coarser in pairwise(planes):
        for sigma in _AROUND:
            yield torch.sqrt(blurred((finer - coarser) ** 2, sigma) + _STEEP)


def blurred(plane: Tensor, sigma: float) -> Tensor:
    """A Gaussian blur of float32 [n, 1, h, w], ``sigma`` in pixels."""
    reach = round(3 * sigma)
    at = torch.arange(-reach, reach + 1, dtype=plane.dtype, device=plane.device)
    window = torch.exp(-(at**2) / (2 * sigma**2))
    window = window / window.sum()
    padded = functional.pad(plane, (reach,) * 4, mode="reflect")
    across = functional.conv2d(padded, window[None, None, None, :])
    return functional.conv2d(across, window[None, None, :, None])
