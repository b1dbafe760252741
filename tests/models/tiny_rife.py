"""RIFE 4.25 in torch, as its authors describe and name it, at any width; the reference of our graph.

Huang et al., "Real-Time Intermediate Flow Estimation for Video Frame Interpolation", ECCV 2022, and the
release notes of the practical models: five blocks instead of three, an encoder of features, a memory that
goes from block to block.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

SCALES = (16, 8, 4, 2, 1)
LIVELINESS = 1.8  # times the weights of torch's defaults, with which hardly anything moves


class Encoder(nn.Module):
    """Features at the size of the picture."""

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        self.cnn0 = nn.Conv2d(3, width, 3, 2, 1)
        self.cnn1 = nn.Conv2d(width, width, 3, 1, 1)
        self.cnn2 = nn.Conv2d(width, width, 3, 1, 1)
        self.cnn3 = nn.ConvTranspose2d(width, features, 4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        for layer in (self.cnn0, self.cnn1, self.cnn2):
            x = F.leaky_relu(layer(x), 0.2)
        return self.cnn3(x)


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, 1, 1)
        self.beta = nn.Parameter(torch.rand(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.conv(x) * self.beta + x, 0.2)


def halving(taken: int, given: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(taken, given, 3, 2, 1), nn.LeakyReLU(0.2))


class Block(nn.Module):
    """Flow (4 planes), mask (1) and memory on the grid of its input."""

    def __init__(self, taken: int, width: int, memory: int) -> None:
        super().__init__()
        self.conv0 = nn.Sequential(halving(taken, width // 2), halving(width // 2, width))
        self.convblock = nn.Sequential(*(Residual(width) for _ in range(8)))
        self.lastconv = nn.Sequential(
            nn.ConvTranspose2d(width, 4 * (5 + memory), 4, 2, 1), nn.PixelShuffle(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.lastconv(self.convblock(self.conv0(x)))


class Rife(nn.Module):
    """The whole network. ``moved_at_middles``: blocks see pictures moved at the middles of their cells."""

    def __init__(
        self, widths: tuple[int, ...] = (12, 12, 10, 8, 8), features: int = 3, memory: int = 5
    ) -> None:
        super().__init__()
        self.encode = Encoder(6, features)
        seen = 2 * (3 + features) + 1
        for index, width in enumerate(widths):
            taken = seen + (1 + memory + 4) * (index > 0)
            setattr(self, f"block{index}", Block(taken, width, memory))

    def forward(self, a: Tensor, b: Tensor, t: float, moved_at_middles: bool = False) -> dict[str, Tensor]:
        ends = [torch.cat([picture, self.encode(picture)], 1) for picture in (a, b)]
        flow = mask = memory = None
        for index, scale in enumerate(SCALES):
            if flow is None:
                known = [smaller(end, scale) for end in ends]
            else:
                ways = (flow[:, :2], flow[:, 2:])
                move = moved_to_middles if moved_at_middles else moved_then_smaller
                known = [move(end, way, scale) for end, way in zip(ends, ways, strict=True)]
            time = torch.full_like(known[0][:, :1], t)
            planes = [known[0][:, :3], known[1][:, :3], known[0][:, 3:], known[1][:, 3:], time]
            if flow is not None:
                planes += [smaller(mask, scale), smaller(memory, scale), smaller(flow, scale) / scale]
            found = F.interpolate(
                getattr(self, f"block{index}")(torch.cat(planes, 1)), scale_factor=scale, mode="bilinear"
            )
            step = found[:, :4] * scale
            flow = step if flow is None else flow + step
            mask, memory = found[:, 4:5], found[:, 5:]
        assert flow is not None
        assert mask is not None
        share = torch.sigmoid(mask)
        frame = moved(a, flow[:, :2]) * share + moved(b, flow[:, 2:]) * (1 - share)
        return {"flow": flow, "mask": share, "frame": frame}


def smaller(x: Tensor, scale: int) -> Tensor:
    return F.interpolate(x, scale_factor=1 / scale, mode="bilinear")


def moved(x: Tensor, flow: Tensor) -> Tensor:
    """``x`` at the places that ``flow`` leads to, by the pixel."""
    height, width = x.shape[2:]
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return sampled(x, columns + flow[:, 0], rows + flow[:, 1])


def sampled(x: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    height, width = x.shape[2:]
    places = torch.stack([columns / (width - 1), rows / (height - 1)], -1) * 2 - 1
    return F.grid_sample(x, places, mode="bilinear", padding_mode="border", align_corners=True)


def moved_then_smaller(x: Tensor, flow: Tensor, scale: int) -> Tensor:
    """As published."""
    return smaller(moved(x, flow), scale)


def moved_to_middles(x: Tensor, flow: Tensor, scale: int) -> Tensor:
    """What our graph does: the mean of four pixels, moved by the flow in the middle of a cell."""
    if scale == 1:
        return moved(x, flow)
    corners = F.avg_pool2d(x, 2, 1)
    flow = smaller(flow, scale)
    rows, columns = (
        torch.arange(length) * scale + scale / 2 - 1 for length in (flow.shape[2], flow.shape[3])
    )
    return sampled(corners, columns + flow[:, 0], rows[:, None] + flow[:, 1])


def tiny_rife(seed: int = 0) -> Rife:
    """A tiny random network whose flow is a few pixels."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Rife().eval()
    with torch.no_grad():
        for weight in network.parameters():
            if weight.dim() == 4 and weight.shape[-1] > 1:
                weight *= LIVELINESS
    return network


def saved(content: Any) -> bytes:
    """What ``torch.save`` writes."""
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def tiny_checkpoint(seed: int = 0) -> bytes:
    """The weights of `tiny_rife` as a published checkpoint: names begin with ``module.``."""
    return saved({f"module.{name}": weight for name, weight in tiny_rife(seed).state_dict().items()})


def planes(picture: np.ndarray) -> Tensor:
    """uint8 RGB [height, width, 3] as float32 [1, 3, height, width], 0..1."""
    return torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32) / 255)
