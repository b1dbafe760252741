r"""A single carrier over several paths: intersymbol interference.

Sender and receiver shape pulses with root raised cosines, so that a path of delay :math:`\tau` carries over
:math:`m` symbols with the raised cosine :math:`p(m - \tau / T)`,

.. math:: y_n = \sum_m \sum_i h_i(t_n)\, p(m - (\tau_i - \bar\tau) / T)\, x_{n - m}.

The receiver's clock is right at the mean delay :math:`\bar\tau = \sum_i P_i \tau_i`, where a timing loop
settles.
"""

import numpy as np
from numpy.typing import NDArray

from channel.model import Path
from channel.phasor import Doubles, Parts, phasor, product

ROLL_OFF = 0.25
MAX_SPREAD_SYMBOLS = 256  # between the first and the last path
_PULSE_REACH = 8  # symbols to each side; beyond a pulse is below -54 dB
_NEGLIGIBLE = 1e-6


def dispersed(sent: Parts, paths: list[Path], symbol_rate_hz: float) -> Parts:
    """Real and imaginary part, [n], of what a burst becomes; before and after it nothing was sent."""
    mean_delay_s = float(sum(path.delay_s * path.power for path in paths))
    weights = [_pulse((path.delay_s - mean_delay_s) * symbol_rate_hz) for path in paths]
    real, imag = np.zeros_like(sent[0]), np.zeros_like(sent[1])
    for late in sorted({symbols for weight in weights for symbols in weight}):
        gain_re, gain_im = np.zeros_like(real), np.zeros_like(imag)
        for path, weight in zip(paths, weights, strict=True):
            if late in weight:
                gain_re += path.gain.real.astype(np.float64) * weight[late]
                gain_im += path.gain.imag.astype(np.float64) * weight[late]
        part_re, part_im = product((gain_re, gain_im), (_delayed(sent[0], late), _delayed(sent[1], late)))
        real += part_re
        imag += part_im
    return real, imag


def _delayed(values: Doubles, symbols: int) -> Doubles:
    moved = np.zeros_like(values)
    if symbols >= 0:
        moved[symbols:] = values[: max(0, len(values) - symbols)]
    else:
        moved[:symbols] = values[-symbols:]
    return moved


def _pulse(delay_symbols: float) -> dict[int, float]:
    """By symbols of lateness, the raised cosine of a path with this delay, where it is not negligible."""
    nearest = int(np.floor(delay_symbols + 0.5))
    late = np.arange(nearest - _PULSE_REACH, nearest + _PULSE_REACH + 1)
    values = raised_cosine(np.asarray(late - delay_symbols, np.float64))
    return {int(m): float(v) for m, v in zip(late, values, strict=True) if abs(v) > _NEGLIGIBLE}


def raised_cosine(symbols: NDArray[np.float64]) -> Doubles:
    """The raised cosine pulse, 1 at 0 and 0 at every other whole number of symbols."""
    inside = 2.0 * ROLL_OFF * symbols
    edge = np.abs(np.abs(inside) - 1.0) < 1e-9  # there the formula is 0 over 0; its limit is pi/4 sinc
    numerator, _ = phasor(ROLL_OFF * symbols / 2.0)
    factor = np.where(edge, np.pi / 4.0, numerator / np.where(edge, 1.0, 1.0 - inside * inside))
    _, sine = phasor(symbols / 2.0)
    angle = np.pi * symbols
    sinc = np.where(symbols == 0.0, 1.0, sine / np.where(symbols == 0.0, 1.0, angle))
    return sinc * factor
