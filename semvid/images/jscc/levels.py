"""How many symbols a patch may get, and who gets how many: what training, encoder and receiver agree on."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

PATCH: Final = 16
"""Sides of a patch, pixels."""
LEVELS: Final = (0, 4, 8, 16, 24, 40, 64, 96)
"""Complex symbols that a patch may get."""
CHANNELS: Final = 2 * LEVELS[-1]
"""Real numbers that the transform makes of a patch, the most important first; two are a complex symbol."""

_SYMBOLS: Final = np.array(LEVELS, np.float64)
_HALVINGS: Final = 50  # of the price's logarithm
_CHEAPEST, _DEAREST = 1e-12, 1e2  # of a symbol, in mean squared error of a patch
_REACH: Final = float(np.log(_DEAREST / _CHEAPEST))


def choose_levels(
    distortion: NDArray[np.floating],
    symbols: float,
    switching: NDArray[np.float64] | None = None,
    spend_all: bool = False,
) -> NDArray[np.uint8]:
    """The levels of least total distortion for at most ``symbols`` symbols.

    Every patch takes the level that minimises distortion plus price times symbols; the price, one for all, is
    found by bisection (Shoham and Gersho, "Efficient bit allocation for an arbitrary set of quantizers",
    1988).

    Args:
        distortion: [patches, len(LEVELS)], expected mean squared error of a patch at each level.
        symbols: complex symbols of all patches together.
        switching: [patches, len(LEVELS)], further symbols that a choice costs elsewhere; counted in the
            choice, not in the sum. None: nothing.
        spend_all: the price may be a reward, so that nearly all symbols are taken also where more of them
            are expected to do harm: training has to try what it has not learned to use yet.

    Returns:
        uint8 [patches], indices of `LEVELS`.
    """
    wanted = _SYMBOLS[None] + (0.0 if switching is None else switching)
    low, high = (-_REACH if spend_all else 0.0), _REACH
    best = np.argmin(distortion + _DEAREST * wanted, axis=1)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        price = np.sign(middle) * _CHEAPEST * np.exp(abs(middle))
        levels = np.argmin(distortion + price * wanted, axis=1)
        if _SYMBOLS[levels].sum() <= symbols:
            high, best = middle, levels
        else:
            low = middle
    return np.asarray(best, np.uint8)
