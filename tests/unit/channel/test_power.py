"""The power guard lets honest symbols pass and sold SNR not."""

from __future__ import annotations

import numpy as np
import pytest

from channel.power import PowerGuard
from semvid.errors import InvalidInput


def _flat(count, power):
    return np.full(count, np.sqrt(power), np.complex64)


def _qam(order, count, seed):
    """Random square QAM of unit mean power, [count] complex64."""
    side = int(np.sqrt(order))
    levels = (2 * np.arange(side) - side + 1) / np.sqrt(2 * (order - 1) / 3)
    drawn = np.random.default_rng(seed).choice(levels, (2, count))
    return (drawn[0] + 1j * drawn[1]).astype(np.complex64)


@pytest.mark.parametrize("order", [4, 16, 64, 256, 1024])
@pytest.mark.parametrize("size", [1, 63, 64, 700, 65_536])
def test_honest_constellations_pass(order, size):
    guard = PowerGuard()
    for seed in range(200 if size < 1000 else 3):
        guard.check(_qam(order, size, seed))


@pytest.mark.parametrize(("size", "limit"), [(1, 3.0), (63, 3.0), (64, 1.5), (4095, 1.5), (4096, 1.1)])
def test_power_at_the_limit_passes_and_above_it_does_not(size, limit):
    PowerGuard().check(_flat(size, limit * 0.9999))
    with pytest.raises(
        InvalidInput, match=rf"mean power {limit * 1.01:.4g} over {size} symbols, the limit is {limit:g};"
    ):
        PowerGuard().check(_flat(size, limit * 1.01))


def test_many_small_loud_blocks_are_found_out():
    guard = PowerGuard()
    for _ in range(124):
        guard.check(_flat(33, 2.9))
    with pytest.raises(InvalidInput, match=r"transmission has mean power 2\.9 over 4125 symbols"):
        guard.check(_flat(33, 2.9))


def test_a_pause_does_not_earn_a_loud_block():
    guard = PowerGuard()
    guard.check(_flat(60_000, 0))
    with pytest.raises(InvalidInput, match="block has mean power 2 over 1000"):
        guard.check(_flat(1000, 2))
