"""A learned joint source-channel code: pictures to real numbers, as many as a patch deserves, and back.

2.3 million parameters. Both halves are a linear map of patches of 16x16 pixels to components, begun as the
principal ones of what is learned from, beside a small network that looks at the surroundings and corrects it.
Components are sent in an order of channels, each as it is, and those that matter most again folded: as a
triangle wave with a short period, which says where in a period a component lies, once the receiver knows
roughly in which (Shannon, "Communication in the presence of noise", 1949, fig. 4). A linear code does not
gain from symbols beyond its components; this one does.

Gains and periods come from tables of level and channel, so the rate map tells the receiver what to expect of
a patch. That stands in the place of NTSCC's hyperprior (arXiv 2112.10961): the map is chosen by the
distortion that a head of the encoder expects of every level, and crosses itself; no second latent does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from semvid.images.jscc.levels import CHANNELS, LEVELS, PATCH

WIDTHS: Final = (64, 80, 128)
"""Channels at a quarter, an eighth and a sixteenth of the sides."""
SAMPLES: Final = 3 * PATCH**2
"""Of a patch."""
COMPONENTS: Final = 144
"""Of a patch; fewer than `CHANNELS`, for some are sent several times."""
DEPTHS: Final = 3
"""Times that a component may be sent: once as it is, then folded ever finer."""
_HEAD: Final = 64
SEGMENTS: Final = (-2, -1, 0, 1, 2)  # of a folded component that are thought possible
_SENT: Final = np.arange(CHANNELS)[None] < 2 * np.array(LEVELS)[:, None]
SENT: Final[NDArray[np.float32]] = _SENT.astype(np.float32)
"""Float32 [len(LEVELS), CHANNELS]: 1 where a level sends the channel."""


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Float32 [n, channels, h, w]."""
        return x + self.second(functional.relu(self.first(x)))


class Film(nn.Module):
    """Scales and shifts channels by what is known of the channel (Perez et al., arXiv 1709.07871)."""

    def __init__(self, told: int, channels: int) -> None:
        super().__init__()
        self.told = nn.Conv2d(told, 2 * channels, 1)
        nn.init.zeros_(self.told.weight)
        nn.init.zeros_(self.told.bias)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """``x`` [n, channels, h, w], ``told`` [n, told, h or 1, w or 1]."""
        scale, shift = self.told(told).chunk(2, 1)
        return x * (1 + scale) + shift


Slope = tuple[NDArray[np.float32], NDArray[np.float32]]
"""A table at 10 dB, and what is added to it for every 10 dB more; both float32 of one shape."""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What the channels are.

    Attributes:
        component: int64 [CHANNELS].
        depth: int64 [CHANNELS], 0: as it is, 1 and on: folded ever finer. A depth comes after the one before.
    """

    component: NDArray[np.int64]
    depth: NDArray[np.int64]

    def at(self, depth: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Channels of a depth, and their components."""
        channels = np.flatnonzero(self.depth == depth)
        return channels, self.component[channels]

    def unsent(self) -> NDArray[np.float32]:
        """Float32 [len(LEVELS), COMPONENTS]: 1 where a level does not send the component at all."""
        channels, components = self.at(0)
        unsent = np.ones((len(LEVELS), COMPONENTS), np.float32)
        unsent[:, components] -= SENT[:, channels]
        return unsent


class Table(nn.Module):
    """A logarithm for every level and channel, and how it changes with the SNR that was planned for."""

    def __init__(self, start: Slope) -> None:
        super().__init__()
        self.at_10_db, self.by_10_db = (nn.Parameter(torch.from_numpy(one.copy())) for one in start)

    def forward(self, planned: Tensor) -> Tensor:
        """[len(LEVELS), CHANNELS] for ``planned`` [1, 1]: ``(snr_db - 10) / 10``."""
        return self.at_10_db + planned * self.by_10_db


class Tables(nn.Module):
    """What both halves know.

    Args:
        log_gain, log_rate: [len(LEVELS), CHANNELS]: by what a channel is scaled before it is sent,
            and a folded component before it is folded at 1.
    """

    def __init__(self, log_gain: Slope, log_rate: Slope) -> None:
        super().__init__()
        self.log_gain, self.log_rate = Table(log_gain), Table(log_rate)


class Analysis(nn.Module):
    """The encoder's half.

    Args:
        basis: float32 [COMPONENTS, SAMPLES], orthonormal rows.
        spread: float32 [COMPONENTS], standard deviations of what the rows make of patches.
        log_noise: [len(LEVELS)], logarithms of the error that noise makes, at first.
        order: of the channels.
    """

    def __init__(
        self,
        basis: NDArray[np.float32],
        spread: NDArray[np.float32],
        log_noise: Slope,
        order: Order,
    ) -> None:
        super().__init__()
        a, b, c = WIDTHS
        self.linear = nn.Conv2d(SAMPLES, COMPONENTS, 1, bias=False)
        self.linear.weight.data.copy_(torch.from_numpy(basis)[..., None, None])
        self.enter = nn.Conv2d(48, a, 3, padding=1)
        self.quarter = nn.Sequential(Residual(a))
        self.to_eighth = nn.Conv2d(4 * a, b, 1)
        self.eighth = nn.Sequential(Residual(b), Residual(b))
        self.to_sixteenth = nn.Conv2d(4 * b, c, 1)
        self.film = Film(1, c)
        self.sixteenth = nn.Sequential(Residual(c))
        self.leave = _silent(nn.Conv2d(c, COMPONENTS, 1))
        self.register_buffer("spread", torch.from_numpy(spread.copy()))
        self.register_buffer("unsent", torch.from_numpy(order.unsent())[..., None, None])
        self.log_noise = Table((log_noise[0][:, None], log_noise[1][:, None]))
        self.head = nn.Conv2d(c + len(LEVELS), _HEAD, 1)
        self.head_out = _silent(nn.Conv2d(_HEAD, len(LEVELS), 1))

    def forward(self, picture: Tensor, planned: Tensor) -> tuple[Tensor, Tensor]:
        """Components of every patch, and what each level would leave of an error.

        Args:
            picture: float32 [n, 3, h, w], RGB 0..1; sides are multiples of `PATCH`.
            planned: float32 [1, 1], the SNR that is planned for: ``(snr_db - 10) / 10``.

        Returns:
            [n, COMPONENTS, h / 16, w / 16]; logarithm of the mean squared error that is expected
            [n, len(LEVELS), h / 16, w / 16].
        """
        centred = picture - 0.5
        patches = functional.pixel_unshuffle(centred, PATCH)
        linear = self.linear(patches)
        x = self.quarter(self.enter(functional.pixel_unshuffle(centred, 4)))
        x = self.eighth(self.to_eighth(functional.pixel_unshuffle(x, 2)))
        x = self.to_sixteenth(functional.pixel_unshuffle(x, 2))
        x = self.sixteenth(self.film(x, planned[:, :, None, None]))
        components = linear + self.leave(functional.relu(x)) * self.spread[:, None, None]
        return components, self._expected(patches, linear, x, planned)

    def _expected(self, patches: Tensor, linear: Tensor, x: Tensor, planned: Tensor) -> Tensor:
        # the head must not pull at what it judges
        energy = linear.detach() ** 2
        outside = functional.relu((patches**2).sum(1, keepdim=True) - energy.sum(1, keepdim=True))
        unsent = functional.conv2d(energy, self.unsent)
        noise = torch.exp(self.log_noise(planned))[None, :, :, None]
        first = torch.log((unsent + outside) / SAMPLES + noise)
        inner = functional.relu(self.head(torch.cat([x.detach(), first], 1)))
        return first + self.head_out(inner)


class Synthesis(nn.Module):
    """The receiver's half.

    Args:
        basis, spread, order: as for `Analysis`.
        log_power: [len(LEVELS), CHANNELS], logarithms of the power of channels that are not folded.
    """

    def __init__(
        self,
        basis: NDArray[np.float32],
        spread: NDArray[np.float32],
        log_power: Slope,
        order: Order,
    ) -> None:
        super().__init__()
        a, b, c = WIDTHS
        self._order = order
        self.log_power = Table(log_power)
        self.register_buffer("narrow", torch.from_numpy(1 / spread)[:, None, None])
        self.linear = nn.Conv2d(COMPONENTS, SAMPLES, 1, bias=False)
        self.linear.weight.data.copy_(torch.from_numpy(basis.T.copy())[..., None, None])
        told = len(LEVELS) + 1
        self.enter = nn.Conv2d(2 * COMPONENTS + told, c, 1)
        self.sixteenth = nn.Sequential(Residual(c), Residual(c))
        self.film_sixteenth = Film(told, c)
        self.to_eighth = nn.Conv2d(c, 4 * b, 1)
        self.eighth = nn.Sequential(Residual(b), Residual(b))
        self.to_quarter = nn.Conv2d(b, 4 * a, 1)
        self.join = nn.Conv2d(a + 48, a, 3, padding=1)
        self.film_quarter = Film(1, a)
        self.quarter = nn.Sequential(Residual(a), Residual(a), Residual(a))
        self.leave = _silent(nn.Conv2d(a, 48, 3, padding=1))

    def forward(
        self, received: Tensor, levels: Tensor, log_no: Tensor, gain: Tensor, rate: Tensor, power: Tensor
    ) -> Tensor:
        """The picture, float32 [n, 3, h, w], RGB about 0..1.

        Args:
            received: float32 [n, CHANNELS, h / 16, w / 16], channels with noise, or anything if not sent.
            levels: float32 [n, len(LEVELS), h / 16, w / 16], 1 at the level of the patch.
            log_no: float32, as ``received``: logarithm of the noise variance of each number.
            gain, rate, power: [len(LEVELS), CHANNELS], logarithms from the tables.
        """
        estimate, variance = self._estimate(received, levels, log_no, gain, rate, power)
        base = functional.pixel_shuffle(self.linear(estimate), PATCH)
        noise = log_no.mean(1, keepdim=True) / 4
        told = torch.cat([levels, noise], 1)
        x = self.enter(torch.cat([estimate * self.narrow, torch.sqrt(variance) * self.narrow, told], 1))
        x = self.sixteenth(self.film_sixteenth(functional.relu(x), told))
        x = self.eighth(functional.pixel_shuffle(self.to_eighth(x), 2))
        x = functional.pixel_shuffle(self.to_quarter(x), 2)
        x = self.join(torch.cat([x, functional.pixel_unshuffle(base, 4)], 1))
        x = self.quarter(self.film_quarter(functional.relu(x), noise.mean((2, 3), keepdim=True)))
        return base + functional.pixel_shuffle(self.leave(x), 4) + 0.5

    def _estimate(
        self,
        received: Tensor,
        levels: Tensor,
        log_no: Tensor,
        log_gain: Tensor,
        log_rate: Tensor,
        log_power: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Components and their variances, [n, COMPONENTS, h / 16, w / 16]: unfolded coarse to fine."""
        sent = functional.conv2d(levels, torch.from_numpy(SENT.T.copy()).to(levels.device)[..., None, None])
        gain, rate, power = (
            torch.exp(functional.conv2d(levels, table.T[..., None, None]))
            for table in (log_gain, log_rate, log_power)
        )
        plain = received / gain
        no = torch.exp(log_no)
        first, components = self._order.at(0)
        weight = sent[:, first] * power[:, first] / (power[:, first] + no[:, first])
        n, _, h, w = received.shape
        estimate = received.new_zeros((n, COMPONENTS, h, w)).index_copy(
            1, torch.from_numpy(components), plain[:, first] * weight
        )
        variance = power[:, first] / gain[:, first] ** 2 * (1 - weight)
        variance = received.new_ones((n, COMPONENTS, h, w)).index_copy(
            1, torch.from_numpy(components), variance
        )
        for depth in range(1, DEPTHS):
            channels, components = self._order.at(depth)
            if not len(channels):
                continue
            a = rate[:, channels]
            mean, spread = a * estimate[:, components], a**2 * variance[:, components]
            error = no[:, channels] / gain[:, channels] ** 2
            finer, narrower = unfold(plain[:, channels], error, mean, spread)
            there = sent[:, channels]
            index = torch.from_numpy(components)
            estimate = estimate.index_copy(1, index, torch.lerp(estimate[:, components], finer / a, there))
            variance = variance.index_copy(
                1, index, torch.lerp(variance[:, components], narrower / a**2, there)
            )
        return estimate, variance


def fold(x: Tensor) -> Tensor:
    """The triangle wave of period 4 that is ``x`` in -1..1."""
    return 1 - torch.abs(torch.remainder(x + 1, 4) - 2)


def unfold(folded: Tensor, error: Tensor, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of ``x`` from ``fold(x)`` with noise of variance ``error`` and from what was known.

    Every segment of the wave is a line, so a Gaussian stays one; segments are weighed by how likely they are.
    """
    middle = torch.round(mean / 2)
    values, logs = [], []
    for offset in SEGMENTS:
        segment = middle + offset
        sign = 1 - 2 * torch.remainder(segment, 2)
        seen = 2 * segment + sign * folded
        values.append((mean * error + seen * variance) / (variance + error))
        logs.append(-((seen - mean) ** 2) / (2 * (variance + error)))
    weights = torch.softmax(torch.stack(logs), 0)
    stacked = torch.stack(values)
    best = (weights * stacked).sum(0)
    spread = (weights * (stacked - best) ** 2).sum(0)
    return best, spread + variance * error / (variance + error)


class JsccNetwork(nn.Module):
    """Both halves.

    Args:
        analysis, synthesis: of one start.
        tables: that both know.
        order: of the channels.
    """

    def __init__(self, analysis: Analysis, synthesis: Synthesis, tables: Tables, order: Order) -> None:
        super().__init__()
        self.analysis, self.synthesis, self.tables, self.order = analysis, synthesis, tables, order


def channels_of(components: Tensor, order: Order, rate: Tensor) -> Tensor:
    """Channels before they are scaled, [n, CHANNELS, h, w].

    Args:
        components: [n, COMPONENTS, h, w].
        order: of the channels.
        rate: [n, CHANNELS, h, w], by what folded ones are scaled.
    """
    ordered = components[:, order.component]
    folded = torch.from_numpy(order.depth > 0)[None, :, None, None]
    return torch.where(folded, fold(ordered * rate), ordered)


def _silent(layer: nn.Conv2d) -> nn.Conv2d:
    """A layer that says nothing at first."""
    assert layer.bias is not None
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
