"""Flat fading that moves from symbol to symbol, as a receiver on the move sees it."""

import math

from channel.doppler import direct, scattered
from channel.gaussian import amplitude_of_db
from channel.instants import Instants
from channel.model import Fading, Path, as_gains, flat
from channel.phasor import Doubles, Parts

LOS_SHIFT = 0.7
"""Doppler shift of a direct path over the largest one: TR 38.901 clause 7.7.2 (45 degrees off)."""


def rayleigh_jakes(fading: Fading, instants: Instants) -> list[Path]:
    r"""Rayleigh fading with Clarke's and Jakes' spectrum; see `channel.model.ChannelModel`.

    .. math:: y_i = g(t_i)\, x_i + n_i, \qquad E[g(t + \tau) g^*(t)] = J_0(2 \pi f_d \tau)

    with :math:`f_d` = ``doppler_hz``: a speed of :math:`v` at the carrier :math:`f_c` gives
    :math:`f_d = f_c v / c`, 5 Hz for a pedestrian at 2 GHz. See `channel.doppler`.
    """

    def process(times_s: Doubles) -> Parts:
        return scattered(fading.seed, 0, fading.doppler_hz, times_s)

    return flat(as_gains(*instants.interpolated(process)))


def rician_jakes(fading: Fading, instants: Instants) -> list[Path]:
    r"""Rician fading: a direct path beside that of `rayleigh_jakes`; see `channel.model.ChannelModel`.

    .. math:: h(t) = \sqrt{\tfrac{K}{K + 1}}\, e^{j 2 \pi (0.7 f_d t + \phi)} + \sqrt{\tfrac{1}{K + 1}}\, g(t)

    with :math:`K` = ``rician_k_db`` in decibels.
    """
    direct_to_scattered = amplitude_of_db(fading.rician_k_db)
    amplitude = 1.0 / math.sqrt(direct_to_scattered * direct_to_scattered + 1.0)

    def process(times_s: Doubles) -> Parts:
        scattered_re, scattered_im = scattered(fading.seed, 0, fading.doppler_hz, times_s)
        direct_re, direct_im = direct(fading.seed, 0, LOS_SHIFT * fading.doppler_hz, times_s)
        return (
            (direct_re * direct_to_scattered + scattered_re) * amplitude,
            (direct_im * direct_to_scattered + scattered_im) * amplitude,
        )

    return flat(as_gains(*instants.interpolated(process)))
