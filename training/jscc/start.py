"""Where the code begins: principal components, and gains and periods for them that suit 10 dB.

From here it learns. Random weights would spend all of an hour on one core to get as far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semvid.images.jscc.levels import CHANNELS, LEVELS, PATCH, choose_levels
from training.jscc.network import (
    COMPONENTS,
    DEPTHS,
    SAMPLES,
    SENT,
    Analysis,
    JsccNetwork,
    Order,
    Slope,
    Synthesis,
    Tables,
)

_BUDGETS: Final = (12.0, 24.0, 40.0, 60.0)  # symbols a patch at which the levels of patches are looked at
_ROUNDS: Final = 4  # of levels, then tables for them, then levels again
_LEAST: Final = 1e-5  # variance of a component
_FEW: Final = 50  # patches' worth of the overall variance in that of a level
_SNR: Final = 10.0  # 10 dB, at which the order is decided
_POWER: Final = 0.4  # exponent of variance that gives power: 1/2 is best for a linear code
_SEGMENT: Final = 7.0  # standard deviations of what is known in half a period
_SLOPE: Final = 0.7  # of that between 10 and 20 dB; below 10 dB it is less steep
_FOLDED_POWER: Final = 1 / 3  # of a triangle wave of height 1
Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """See `training.jscc.network`."""

    basis: NDArray[np.float32]
    spread: NDArray[np.float32]
    log_gain: Slope
    log_rate: Slope
    log_power: Slope
    log_noise: Slope
    order: Order

    def network(self) -> JsccNetwork:
        """The network that begins there; its other weights come from torch's seed."""
        return JsccNetwork(
            Analysis(self.basis, self.spread, self.log_noise, self.order),
            Synthesis(self.basis, self.spread, self.log_power, self.order),
            Tables(self.log_gain, self.log_rate),
            self.order,
        )

    @classmethod
    def nowhere(cls, order: Order) -> Start:
        """An order and shapes, for weights that are loaded."""
        table = np.zeros((2, len(LEVELS), CHANNELS), np.float32)
        level = np.zeros((2, len(LEVELS)), np.float32)
        basis = np.zeros((COMPONENTS, SAMPLES), np.float32)
        gain, rate, power = ((one[0], one[1]) for one in (table, table, table))
        return cls(basis, np.ones(COMPONENTS, np.float32), gain, rate, power, (level[0], level[1]), order)


def start_from(crops: NDArray[np.float32]) -> Start:
    """The start for crops, float32 [n, 3, h, w], RGB 0..1."""
    samples = _patches(crops) - 0.5
    _, vectors = np.linalg.eigh(samples.T @ samples / len(samples))
    basis = vectors[:, ::-1].T[:COMPONENTS]
    energy = (samples @ basis.T) ** 2
    outside = (samples**2).sum(1) - energy.sum(1)
    overall = energy.mean(0)
    levels = _by_energy(energy, outside)
    planned: _Planned
    for _ in range(_ROUNDS):
        variance = _variances(energy, levels, overall)
        shares = np.bincount(levels.ravel(), minlength=len(LEVELS)) / levels.size
        planned = _planned(variance, shares, _SNR)
        unsent = energy @ planned.order.unsent().T + outside[:, None]
        expected = unsent / SAMPLES + np.exp(planned.log_noise)
        levels = np.stack([choose_levels(expected, budget * len(energy)) for budget in _BUDGETS])
    # with one order, for it is of one order that tables have slopes
    here, better = (_planned(variance, shares, snr, planned.order) for snr in (_SNR, 10 * _SNR))

    def slope(middle: Reals, low: Reals, high: Reals) -> Slope:
        return middle.astype(np.float32), (_SLOPE * (high - low)).astype(np.float32)

    return Start(
        basis.astype(np.float32),
        np.sqrt(overall + _LEAST).astype(np.float32),
        slope(planned.log_gain, here.log_gain, better.log_gain),
        slope(planned.log_rate, here.log_rate, better.log_rate),
        slope(planned.log_power, here.log_power, better.log_power),
        slope(planned.log_noise, here.log_noise, better.log_noise),
        planned.order,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Planned:
    """An order, and tables for one SNR: [len(LEVELS), CHANNELS], the last one [len(LEVELS)]."""

    order: Order
    log_gain: Reals
    log_rate: Reals
    log_power: Reals
    log_noise: Reals
    mean_power: float


def _by_energy(energy: Reals, outside: Reals) -> NDArray[np.uint8]:
    """First levels: as if every channel were the next component, and there were no noise."""
    unsent = energy @ (1 - SENT[:, :COMPONENTS].T) + outside[:, None]
    return np.stack([choose_levels(unsent / SAMPLES, budget * len(energy)) for budget in _BUDGETS])


def _variances(energy: Reals, levels: NDArray[np.uint8], overall: Reals) -> Reals:
    """[len(LEVELS), COMPONENTS] of patches of a level; where those are few, towards the overall one."""
    variance = np.empty((len(LEVELS), COMPONENTS))
    for level in range(len(LEVELS)):
        chosen = np.concatenate([energy[one == level] for one in levels])
        variance[level] = (chosen.sum(0) + _FEW * overall * 0.1) / (len(chosen) + _FEW)
    return np.maximum(variance, _LEAST)


def _planned(variance: Reals, shares: Reals, snr: float, order: Order | None = None) -> _Planned:
    """Tables for these variances; without an order, each channel becomes what mends most error.

    Noise follows from the mean power of what is sent, which comes out of it: begun with a guess, and again.
    """
    mean_power = float(np.mean(variance**_POWER))
    for _ in range(_ROUNDS):
        planned = _planned_at(variance, shares, snr, mean_power, order)
        mean_power = planned.mean_power
    return planned


def _planned_at(
    variance: Reals, shares: Reals, snr: float, mean_power: float, order: Order | None
) -> _Planned:
    power = variance**_POWER
    no = mean_power / snr
    error = variance.copy()
    depth = np.zeros(COMPONENTS, np.int64)
    component, depths = np.zeros(CHANNELS, np.int64), np.zeros(CHANNELS, np.int64)
    log_gain, log_rate, log_power = np.zeros((3, len(LEVELS), CHANNELS))
    plain = variance * no / (power + no)
    for channel in range(CHANNELS):
        # folded: its noise in the component's own scale, beside what was known
        rate = 2 / (_SEGMENT * np.sqrt(error))
        folded_noise = no * _FOLDED_POWER / mean_power / rate**2
        after = np.where(depth == 0, plain, error * folded_noise / (error + folded_noise))
        gained = (shares * SENT[:, channel]) @ (error - after)
        gained[depth >= DEPTHS] = -1
        c = int(np.argmax(gained)) if order is None else int(order.component[channel])
        component[channel], depths[channel] = c, depth[c]
        if depth[c] == 0:
            log_gain[:, channel] = np.log(power[:, c] / variance[:, c]) / 2
            log_power[:, channel] = np.log(power[:, c])
        else:
            log_gain[:, channel] = np.log(mean_power / _FOLDED_POWER) / 2
            log_rate[:, channel] = np.log(rate[:, c])
        there = SENT[:, channel] > 0
        error[there, c] = after[there, c]
        depth[c] += 1
    order = Order(component, depths)
    unsent = order.unsent()
    noise = np.sum(error * (1 - unsent), axis=1) / SAMPLES
    powers = np.where(depths == 0, np.exp(log_power), mean_power)
    sent = SENT * shares[:, None]
    mean_power = float(np.sum(powers * sent) / np.sum(sent))
    return _Planned(order, log_gain, log_rate, log_power, np.log(noise + _LEAST), mean_power)


def _patches(crops: NDArray[np.float32]) -> NDArray[np.float64]:
    """[patches, SAMPLES] in the order of torch's pixel_unshuffle: channel, row, column."""
    n, _, h, w = crops.shape
    cut = crops.reshape(n, 3, h // PATCH, PATCH, w // PATCH, PATCH)
    return cut.transpose(0, 2, 4, 1, 3, 5).reshape(-1, SAMPLES).astype(np.float64)
