"""Rayleigh block fading: many scattered paths, none of them direct."""

import numpy as np

from channel.gaussian import FADING, complex_normal
from channel.model import Fading, Gains


def rayleigh(fading: Fading, first_symbol: int, count: int) -> Gains:
    r"""Rayleigh block fading [TV05]_; see `channel.model.ChannelModel`.

    .. math:: y_i = h_{\lfloor i / L \rfloor}\, x_i + n_i, \qquad h_c \sim \mathcal{CN}(0, 1)

    with :math:`L` = ``coherence_symbols``: the gain stays for :math:`L` symbols and is then drawn anew. Its
    amplitude is Rayleigh distributed, its phase uniform, its mean power :math:`E|h|^2 = 1`. Interval
    :math:`c` takes draw :math:`c` of the seed's fading stream.

    .. [TV05] D. Tse, P. Viswanath, "Fundamentals of Wireless Communication", Cambridge 2005, sections 2.4
       and 5.4.
    """
    if not count:
        return np.empty(0, dtype=np.complex64)
    first, offset = divmod(first_symbol, fading.coherence_symbols)
    intervals = (offset + count - 1) // fading.coherence_symbols + 1
    drawn = np.empty(intervals, dtype=np.complex64)
    drawn.real, drawn.imag = complex_normal(fading.seed, (FADING,), first, intervals)
    return drawn[np.arange(offset, offset + count) // fading.coherence_symbols]
