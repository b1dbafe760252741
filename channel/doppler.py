r"""Processes that move with a Doppler spectrum, computed for any time without what came before.

A scattered path is a sum of :data:`SINUSOIDS` plane waves of equal power from random directions [ZX03]_,

.. math:: g(t) = \frac{1}{\sqrt S} \sum_{s=0}^{S-1} e^{j 2 \pi (f_d \cos \alpha_s\, t + \phi_s)},
          \qquad \alpha_s = \frac{2 \pi (s + u_s)}{S},

with :math:`u_s, \phi_s` uniform in (0, 1), drawn once from the seed. One direction lies in each sector, so
the autocorrelation over seeds is Clarke's, :math:`J_0(2 \pi f_d \tau)` (the U-shaped spectrum that TR
38.901 clause 7.7.2 asks for), and the mean power over time is 1 for every seed. The amplitude is Rayleigh
distributed up to :math:`E|g|^4 = 2 - 1/S`. The sums are exact on every machine (`channel.phasor`), and
added one by one.

.. [ZX03] Y. R. Zheng, C. Xiao, "Simulation models with correct statistical properties for Rayleigh fading
   channels", IEEE Transactions on Communications 51 (2003).
"""

from functools import lru_cache

import numpy as np

from channel.gaussian import FADING, uniform
from channel.phasor import Doubles, Parts, phasor

SINUSOIDS = 32
_MOVING = 1  # second word of the streams' names; block fading uses the name of one word


def scattered(seed: int, path: int, doppler_hz: float, times_s: Doubles) -> Parts:
    """Real and imaginary part, [n], of unit mean power: scattered path number ``path`` of a seed."""
    cosine, phase = _waves(seed, path)
    shift_hz = doppler_hz * cosine
    real, imag = np.zeros_like(times_s), np.zeros_like(times_s)
    waves_re, waves_im = phasor(shift_hz[:, None] * times_s[None, :] + phase[:, None])
    for wave_re, wave_im in zip(waves_re, waves_im, strict=True):
        real += wave_re
        imag += wave_im
    scale = np.sqrt(1.0 / SINUSOIDS)
    return real * scale, imag * scale


@lru_cache(maxsize=1024)
def _waves(seed: int, path: int) -> tuple[Doubles, Doubles]:
    """Of every plane wave the cosine of its direction, and its phase in turns; do not write to them."""
    drawn = uniform(seed, (FADING, _MOVING, path), 0, 2 * SINUSOIDS)
    cosine, _ = phasor((np.arange(SINUSOIDS) + drawn[:SINUSOIDS]) / SINUSOIDS)
    return cosine, drawn[SINUSOIDS:]


def direct(seed: int, path: int, shift_hz: float, times_s: Doubles) -> Parts:
    """Real and imaginary part, [n], of one plane wave of unit power with a random phase."""
    phase = uniform(seed, (FADING, _MOVING, path), 2 * SINUSOIDS, 1)[0]
    return phasor(shift_hz * times_s + phase)
