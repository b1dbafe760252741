"""The synthesiser: a small U-net that says how a picture between two keyframes is better drawn.

It looks at both keyframes where the bridge has moved them to, in luma at full size and in colour at half the
sides, as video is coded; and says of every place how much further each keyframe is to be moved, how much more
the end counts, and what is to be added. At first it says nothing. Half, a quarter and an eighth of the sides.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.network import Residual

WIDTHS: Final = (16, 32, 48)
"""Channels at half, a quarter and an eighth of the sides."""
MOTION_SCALE: Final = 1 / 16
"""Of motion before it goes in, so that it is about as large as a picture is."""
SHIFTS: Final = 4
"""Planes that say how much further to move: x and y of the start, then of the end."""
LUMA, COLOUR, SHARE = 4, 3, 1
"""Planes at half the sides: four pixels of luma in a place; red, green and blue; how much the end counts."""
_SEEN: Final = 2 * (LUMA + COLOUR) + 2 + SHARE


class Said(NamedTuple):
    """What the network says, float32 at half the sides but for the last one.

    Attributes:
        shift: [n, 4, h, w], places: where the start's pixel lies further (x, y), then the end's.
        share: [n, 1, h, w], how much the end counts, 0..1.
        colour: [n, 3, h, w], to be added to RGB in 0..1.
        luma: [n, 1, 2 h, 2 w], likewise, to all three.
    """

    shift: Tensor
    share: Tensor
    colour: Tensor
    luma: Tensor


class SynthesiserNetwork(nn.Module):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c = WIDTHS
        self.enter = nn.Conv2d(_SEEN, a, 3, padding=1)
        self.down = nn.ModuleList([nn.Conv2d(a, b, 2, stride=2), nn.Conv2d(b, c, 2, stride=2)])
        self.told = nn.Linear(1, c)
        self.quarter_down = nn.Sequential(_block(b))
        self.eighth = nn.Sequential(_block(c), _block(c))
        self.quarter_up = nn.Sequential(_block(b))
        self.half_up = nn.Sequential(_block(a))
        self.up = nn.ModuleList(
            [nn.ConvTranspose2d(b, a, 2, stride=2), nn.ConvTranspose2d(c, b, 2, stride=2)]
        )
        self.leave = nn.Conv2d(a, SHIFTS + SHARE + COLOUR + LUMA, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        assert self.leave.bias is not None
        nn.init.zeros_(self.leave.bias)

    def forward(self, luma: Tensor, colour: Tensor, motion: Tensor, share: Tensor, t: Tensor) -> Said:
        """See `Said`.

        Args:
            luma: float32 [n, 2, 2 h, 2 w], 0..1, of both keyframes where they were moved to; h and w are
                multiples of 4.
            colour: float32 [n, 6, h, w], RGB 0..1, likewise, a mean over four pixels.
            motion: float32 [n, 2, h, w], from start to end, places.
            share: float32 [n, 1, h, w], how much the end counts, 0..1.
            t: float32 [n, 1], between 0 (start) and 1 (end).
        """
        seen = [functional.pixel_unshuffle(luma, 2), colour, motion * MOTION_SCALE, share]
        half = functional.relu(self.enter(torch.cat(seen, 1)))
        quarter = self.quarter_down(self.down[0](half))
        eighth = self.eighth(self.down[1](quarter) + self.told(t)[:, :, None, None])
        quarter = self.quarter_up(quarter + self.up[1](eighth))
        half = self.half_up(half + self.up[0](quarter))
        shift, more, added, detail = self.leave(half).split([SHIFTS, SHARE, COLOUR, LUMA], 1)
        return Said(shift, (share + more).clamp(0, 1), added, functional.pixel_shuffle(detail, 2))


def _block(channels: int) -> Residual:
    return Residual(channels, functional.relu)
