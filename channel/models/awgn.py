"""No fading: additive white Gaussian noise alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from channel.model import Fading


class Awgn:
    r"""Additive white Gaussian noise channel [PS08]_.

    .. math:: y_i = x_i + n_i, \qquad h_i = 1

    .. [PS08] J. G. Proakis, M. Salehi, "Digital Communications", 5th ed., McGraw-Hill 2008, chapter 4.
    """

    def __init__(self, conditions: Fading) -> None:
        """``conditions`` say nothing that this model needs."""

    def gains(self, first_symbol: int, count: int) -> NDArray[np.complex64]:  # noqa: ARG002
        """Gains ([count], complex64): one."""
        return np.ones(count, dtype=np.complex64)
