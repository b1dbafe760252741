"""The restorer: a small U-net that adds a correction to a decoded keyframe.

0.9 million parameters. Half, a quarter and an eighth of the sides, with 32, 64 and 96 channels; every level
is told how the picture was coded. A plane of grain goes in beside the picture, for a network cannot roll
dice: from it texture can be made where some is missing. At first it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS: Final = (32, 64, 96)
"""Channels at half, a quarter and an eighth of the sides."""
DEPTHS: Final = (1, 2, 3)
"""Residual blocks at each level, on the way down and, but for the last, up again."""
CONDITIONS: Final = 3
"""See `semvid.images.restorer.Coding.conditions`."""


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, channels: int, activation: Callable[[Tensor], Tensor] = functional.silu) -> None:
        super().__init__()
        self._activation = activation
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Float32 [n, channels, h, w]."""
        return x + self.second(self._activation(self.first(x)))


class RestorerNetwork(nn.Module):
    """See the module. Convolutions of 6x6 that step by two are those of 3x3 on unshuffled pixels."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c = WIDTHS
        self.enter = nn.Conv2d(3 + 1, a, 6, stride=2, padding=2)
        self.told = nn.ModuleList(nn.Linear(CONDITIONS, channels) for channels in WIDTHS)
        self.down = nn.ModuleList([nn.Conv2d(a, b, 2, stride=2), nn.Conv2d(b, c, 2, stride=2)])
        self.up = nn.ModuleList(
            [nn.ConvTranspose2d(b, a, 2, stride=2), nn.ConvTranspose2d(c, b, 2, stride=2)]
        )
        self.before = nn.ModuleList(_blocks(*level) for level in zip(WIDTHS, DEPTHS, strict=True))
        self.after = nn.ModuleList(_blocks(*level) for level in zip(WIDTHS[:2], DEPTHS[:2], strict=True))
        self.leave = nn.ConvTranspose2d(a, 3, 6, stride=2, padding=2)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, picture: Tensor, conditions: Tensor, grain: Tensor) -> Tensor:
        """The picture, restored.

        Args:
            picture: float32 [n, 3, h, w], RGB 0..1; sides are multiples of 8.
            conditions: float32 [n, 3].
            grain: float32 [n, 1, h, w], of unit variance.
        """
        x = self.enter(torch.cat([picture, grain], 1))
        levels: list[Tensor] = []
        for level, blocks in enumerate(self.before):
            if level:
                x = self.down[level - 1](x)
            x = blocks(x + self.told[level](conditions)[:, :, None, None])
            levels.append(x)
        for level in (1, 0):
            x = self.after[level](levels[level] + self.up[level](x))
        return picture + self.leave(x)


def _blocks(channels: int, depth: int) -> nn.Sequential:
    return nn.Sequential(*(Residual(channels) for _ in range(depth)))
