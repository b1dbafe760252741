r"""What the channel does to one block.

.. math:: y_i = h_i x_i + n_i, \qquad E|n_i|^2 = n_0 = 10^{-\mathrm{snr\_db} / 10}

for :math:`x` of unit mean power, with the gains :math:`h` (:math:`E|h|^2 = 1`) of the model, so that
``snr_db`` is the mean received Es/N0. The noise is complex, white, circularly symmetric Gaussian: variance
:math:`n_0 / 2` in each real dimension. The noise of a block is drawn from the seed and the block's sequence
number, the gains from the seed and the symbols' positions; neither depends on what was drawn before. The
result is the same to the last bit on every machine (see `channel.gaussian`).
"""

import numpy as np
from numpy.typing import NDArray

from channel.conditions import Conditions
from channel.gaussian import NOISE, complex_normal
from channel.models import MODELS


def receive(
    symbols: NDArray[np.complex64], conditions: Conditions, sequence: int, first_symbol: int
) -> NDArray[np.complex64]:
    """Received symbols of one block.

    Args:
        symbols: [n], complex64, as sent.
        conditions: of the channel during this block.
        sequence: number of the block within the transmission; chooses the noise.
        first_symbol: position of the block's first symbol within the transmission; chooses the gains.

    Returns:
        [n], complex64.
    """
    count = symbols.size
    gains = MODELS[conditions.model](conditions, first_symbol, count)
    noise_re, noise_im = complex_normal(conditions.seed, (NOISE, sequence), 0, count)
    # in real parts and doubles: complex products may or may not be fused, depending on the processor
    sent_re, sent_im = symbols.real.astype(np.float64), symbols.imag.astype(np.float64)
    gain_re, gain_im = gains.real.astype(np.float64), gains.imag.astype(np.float64)
    amplitude = conditions.noise_amplitude
    received = np.empty(count, dtype=np.complex64)
    received.real = (gain_re * sent_re - gain_im * sent_im) + amplitude * noise_re
    received.imag = (gain_re * sent_im + gain_im * sent_re) + amplitude * noise_im
    return received
