"""Rician block fading: a direct path among scattered ones."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from channel.decibels import amplitude_of_db
from channel.model import Fading
from channel.models.rayleigh import Rayleigh


class Rician:
    r"""Rician block fading [TV05]_.

    .. math:: h_c = \sqrt{\frac{K}{K + 1}} + \sqrt{\frac{1}{K + 1}}\, g_c, \qquad g_c \sim \mathcal{CN}(0, 1)

    with :math:`K = 10^{K_\mathrm{dB} / 10}` = ``rician_k_db`` the power of the direct path over that of the
    scattered ones. The direct path has phase 0. :math:`|h|` is Rice distributed with :math:`E|h|^2 = 1`.
    :math:`g_c` are the gains of `Rayleigh` with the same seed and coherence: towards :math:`K = 0` the two
    models become one, towards infinity there is no fading.

    Typical values: 9 dB on average in urban line of sight (3GPP TR 38.901, table 7.5-6), 13.3 dB on its
    tapped delay line TDL-D (table 7.7.2-4).

    .. [TV05] D. Tse, P. Viswanath, "Fundamentals of Wireless Communication", Cambridge 2005, section 2.4.2.
    """

    def __init__(self, conditions: Fading) -> None:
        direct_to_scattered = amplitude_of_db(conditions.rician_k_db)
        self._scattered = 1.0 / math.sqrt(direct_to_scattered * direct_to_scattered + 1.0)
        self._direct = direct_to_scattered * self._scattered
        self._scattering = Rayleigh(conditions)

    def gains(self, first_symbol: int, count: int) -> NDArray[np.complex64]:
        """Gains ([count], complex64) of symbols ``first_symbol`` .. ``first_symbol + count - 1``."""
        gains = self._scattering.gains(first_symbol, count)
        gains.real = self._direct + self._scattered * gains.real.astype(np.float64)
        gains.imag = self._scattered * gains.imag.astype(np.float64)
        return gains
