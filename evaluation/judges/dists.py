"""DISTS (Ding, Ma, Wang and Simoncelli, 2020): structure and texture of VGG-16 features.

The weights are the user's.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, MissingComponent
from semvid.images.resize import at_size
from semvid.images.types import Picture

VGG: Final = "vgg16.pth"  # state dict of torchvision's VGG-16: features.0.weight, features.0.bias, ...
MIXTURE: Final = "dists.pth"  # alpha and beta, as the authors publish them

# convolutions of the five stages, by their number in torchvision's ``features``
_STAGES: Final = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
_MEAN: Final = (0.485, 0.456, 0.406)
_DEVIATION: Final = (0.229, 0.224, 0.225)
_SHORTER_SIDE: Final = 256  # pixels; larger pictures are reduced to it, as in the authors' code
_C: Final = 1e-6


class Dists:
    """Distance of two pictures in structure and texture, 0 (equal) .. 1.

    Args:
        folder: holds `VGG` and `MIXTURE`.

    Raises:
        MissingComponent: no torch, or a file is not there.
        InvalidInput: files of another kind.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import torch
        except ImportError as error:
            raise MissingComponent("DISTS needs torch: pip install 'semvid[models]'") from error
        for name in (VGG, MIXTURE):
            if not (folder / name).is_file():
                raise MissingComponent(
                    f"DISTS: {folder} has no {name}; it must hold torchvision's VGG-16 state dict as {VGG} "
                    f"and alpha and beta of the DISTS authors as {MIXTURE}"
                )
        self._torch = torch
        vgg = torch.load(folder / VGG, weights_only=True)
        mixture = torch.load(folder / MIXTURE, weights_only=True)
        try:
            self._stages = [
                [(vgg[f"features.{n}.weight"], vgg[f"features.{n}.bias"]) for n in stage] for stage in _STAGES
            ]
            self._alpha, self._beta = mixture["alpha"].flatten(), mixture["beta"].flatten()
        except KeyError as error:
            raise InvalidInput(f"DISTS: the weights in {folder} have no entry {error}") from error
        channels = 3 + sum(stage[-1][0].shape[0] for stage in self._stages)
        if not len(self._alpha) == len(self._beta) == channels:
            raise InvalidInput(
                f"DISTS: the weights in {folder} mix {len(self._alpha)} and {len(self._beta)} channels, the "
                f"network has {channels}"
            )

    def __call__(self, reference: Picture, picture: Picture) -> float:
        """Distance of two uint8 RGB pictures [height, width, 3] of one shape.

        Raises:
            ValueError: the pictures differ in shape.
        """
        if reference.shape != picture.shape:
            raise ValueError(f"cannot compare pictures of shapes {reference.shape} and {picture.shape}")
        with self._torch.inference_mode():
            x, y = self._features(_reduced(reference)), self._features(_reduced(picture))
            return distance(x, y, self._alpha.numpy(), self._beta.numpy())

    def _features(self, picture: Picture) -> list[NDArray[np.float64]]:
        """Channels of the picture itself and of each stage, [channels, pixels] each."""
        functional = self._torch.nn.functional
        planes = self._torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)[None])).float() / 255
        features = [planes]
        shape = (1, 3, 1, 1)
        h = (planes - self._torch.tensor(_MEAN).view(shape)) / self._torch.tensor(_DEVIATION).view(shape)
        for number, stage in enumerate(self._stages):
            if number:
                h = self._pooled(h)
            for weight, bias in stage:
                h = functional.relu(functional.conv2d(h, weight, bias, padding=weight.shape[-1] // 2))
            features.append(h)
        return [plane[0].flatten(1).double().numpy() for plane in features]

    def _pooled(self, h: Any) -> Any:
        """L2 pooling with a Hanning window of 3x3, every second pixel: no aliasing, unlike the maximum."""
        window = np.hanning(5)[1:-1]
        kernel = self._torch.from_numpy(np.outer(window, window) / np.sum(window) ** 2).float()
        kernel = kernel.expand(h.shape[1], 1, 3, 3)
        squares = self._torch.nn.functional.conv2d(h**2, kernel, stride=2, padding=1, groups=h.shape[1])
        return (squares + 1e-12).sqrt()


def distance(
    x: list[NDArray[np.float64]],
    y: list[NDArray[np.float64]],
    alpha: NDArray[np.floating[Any]],
    beta: NDArray[np.floating[Any]],
) -> float:
    """One minus the weighted similarity of means (texture) and of covariances (structure).

    Args:
        x, y: features by stage, [channels, pixels] each.
        alpha, beta: weights of texture and structure, [all channels].
    """
    texture, structure = [], []
    for a, b in zip(x, y, strict=True):
        mean_a, mean_b = a.mean(axis=1), b.mean(axis=1)
        variances = a.var(axis=1) + b.var(axis=1)
        covariance = (a * b).mean(axis=1) - mean_a * mean_b
        texture.append((2 * mean_a * mean_b + _C) / (mean_a**2 + mean_b**2 + _C))
        structure.append((2 * covariance + _C) / (variances + _C))
    weighted = alpha @ np.concatenate(texture) + beta @ np.concatenate(structure)
    return float(1 - weighted / (alpha.sum() + beta.sum()))


def _reduced(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    scale = _SHORTER_SIDE / min(height, width)
    if scale >= 1:
        return picture
    size = round(width * scale), round(height * scale)
    return at_size(picture, size)
