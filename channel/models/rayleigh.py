"""Rayleigh block fading: many scattered paths, none of them direct."""

import numpy as np

from channel.gaussian import FADING, complex_normal
from channel.instants import Instants
from channel.model import Fading, Gains, Path, as_gains, flat


def rayleigh(fading: Fading, instants: Instants) -> list[Path]:
    r"""Rayleigh block fading [TV05]_; see `channel.model.ChannelModel`.

    .. math:: y_i = h_{\lfloor i / L \rfloor}\, x_i + n_i, \qquad h_c \sim \mathcal{CN}(0, 1)

    with :math:`L` = ``coherence_symbols``: the gain stays for :math:`L` symbols and is then drawn anew. Its
    amplitude is Rayleigh distributed, its phase uniform, its mean power :math:`E|h|^2 = 1`. Interval
    :math:`c` takes draw :math:`c` of the seed's fading stream. For fading that moves see `rayleigh_jakes`.

    .. [TV05] D. Tse, P. Viswanath, "Fundamentals of Wireless Communication", Cambridge 2005, sections 2.4
       and 5.4.
    """
    return flat(block_gains(fading, instants))


def block_gains(fading: Fading, instants: Instants) -> Gains:
    """The gains of `rayleigh`, [n]."""
    intervals = instants.positions // fading.coherence_symbols
    if not intervals.size:
        return np.empty(0, dtype=np.complex64)
    first, last = int(intervals[0]), int(intervals[-1])
    drawn = as_gains(*complex_normal(fading.seed, (FADING,), first, last - first + 1))
    return drawn[intervals - first]
