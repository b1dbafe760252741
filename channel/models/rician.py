"""Rician block fading: a direct path among scattered ones."""

import math

import numpy as np

from channel.gaussian import amplitude_of_db
from channel.instants import Instants
from channel.model import Fading, Path, flat
from channel.models.rayleigh import block_gains


def rician(fading: Fading, instants: Instants) -> list[Path]:
    r"""Rician block fading [TV05]_; see `channel.model.ChannelModel`.

    .. math:: h_c = \sqrt{\frac{K}{K + 1}} + \sqrt{\frac{1}{K + 1}}\, g_c, \qquad g_c \sim \mathcal{CN}(0, 1)

    with :math:`K = 10^{K_\mathrm{dB} / 10}` = ``rician_k_db`` the power of the direct path over that of the
    scattered ones. The direct path has phase 0. :math:`|h|` is Rice distributed with :math:`E|h|^2 = 1`.
    :math:`g_c` are the gains of `rayleigh` with the same seed and coherence: towards :math:`K = 0` the two
    models become one, towards infinity there is no fading.

    Typical values: 9 dB on average in urban line of sight (3GPP TR 38.901, table 7.5-6), 13.3 dB on its
    tapped delay line TDL-D (table 7.7.2-4).

    .. [TV05] D. Tse, P. Viswanath, "Fundamentals of Wireless Communication", Cambridge 2005, section 2.4.2.
    """
    direct_to_scattered = amplitude_of_db(fading.rician_k_db)
    scattered = 1.0 / math.sqrt(direct_to_scattered * direct_to_scattered + 1.0)
    gains = block_gains(fading, instants)
    gains.real = direct_to_scattered * scattered + scattered * gains.real.astype(np.float64)
    gains.imag = scattered * gains.imag.astype(np.float64)
    return flat(gains)
