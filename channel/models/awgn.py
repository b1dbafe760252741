"""No fading: additive white Gaussian noise alone."""

import numpy as np

from channel.model import Fading, Gains


def awgn(fading: Fading, first_symbol: int, count: int) -> Gains:  # noqa: ARG001
    r"""Additive white Gaussian noise channel [PS08]_; see `channel.model.ChannelModel`.

    .. math:: y_i = x_i + n_i, \qquad h_i = 1

    .. [PS08] J. G. Proakis, M. Salehi, "Digital Communications", 5th ed., McGraw-Hill 2008, chapter 4.
    """
    return np.ones(count, dtype=np.complex64)
