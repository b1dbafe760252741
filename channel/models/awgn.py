"""No fading: additive white Gaussian noise alone."""

import numpy as np

from channel.instants import Instants
from channel.model import Fading, Path, flat


def awgn(fading: Fading, instants: Instants) -> list[Path]:  # noqa: ARG001
    r"""Additive white Gaussian noise channel [PS08]_; see `channel.model.ChannelModel`.

    .. math:: y_i = x_i + n_i, \qquad h_i = 1

    .. [PS08] J. G. Proakis, M. Salehi, "Digital Communications", 5th ed., McGraw-Hill 2008, chapter 4.
    """
    return flat(np.ones(instants.positions.size, dtype=np.complex64))
