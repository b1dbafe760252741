r"""What the channel does to one block.

.. math:: y_i = e^{j \phi_i} (h * x)_i + n_i, \qquad E|n_i|^2 = n_0 = 10^{-\mathrm{snr\_db} / 10}

for :math:`x` of unit mean power, with the gains :math:`h` (:math:`E|h|^2 = 1` over all paths) of the model,
so that ``snr_db`` is the mean received Es/N0. The noise is complex, white, circularly symmetric Gaussian:
variance :math:`n_0 / 2` in each real dimension. The noise of a block is drawn from the seed and the block's
sequence number, everything else follows from the seed, the symbols' positions and their times
(`channel.instants`); nothing depends on what was drawn before. The result is the same to the last bit on
every machine (see `channel.gaussian`).
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from channel.conditions import Conditions
from channel.dispersion import dispersed
from channel.gaussian import NOISE, complex_normal
from channel.impairments.level import noise_amplitudes
from channel.impairments.oscillator import phase_turns
from channel.instants import Instants
from channel.models import MODELS
from channel.multicarrier import through_air
from channel.phasor import Doubles, Parts, phasor, product
from semvid.errors import InvalidInput
from semvid.waveform import SINGLE_CARRIER, Ofdm, Waveform


def receive(
    symbols: NDArray[np.complex64],
    conditions: Conditions,
    sequence: int,
    first_symbol: int,
    waveform: Waveform = SINGLE_CARRIER,
) -> NDArray[np.complex64]:
    """Received symbols of one block.

    Args:
        symbols: [n], complex64, as sent.
        conditions: of the channel during this block; fit for the waveform (`Conditions.require`).
        sequence: number of the block within the transmission; chooses the noise, counts the pauses.
        first_symbol: position of the block's first symbol within the transmission; chooses the gains.
        waveform: how symbols become a signal.

    Returns:
        [n], complex64.

    Raises:
        InvalidInput: a part of an OFDM symbol.
    """
    paused_s = sequence * conditions.pause_ms * 1e-3
    if isinstance(waveform, Ofdm):
        (real, imag), amplitude = _ofdm(symbols, conditions, first_symbol, waveform, paused_s)
    else:
        (real, imag), amplitude = _single_carrier(symbols, conditions, first_symbol, paused_s)
    noise_re, noise_im = complex_normal(conditions.seed, (NOISE, sequence), 0, symbols.size)
    received = np.empty(symbols.size, dtype=np.complex64)
    received.real = real + amplitude * noise_re
    received.imag = imag + amplitude * noise_im
    return received


def _single_carrier(
    symbols: NDArray[np.complex64], conditions: Conditions, first: int, paused_s: float
) -> tuple[Parts, Doubles]:
    """What arrives without noise, and the amplitude of the noise."""
    rate_hz = conditions.symbol_rate_hz
    instants = Instants.of_single_carrier(first, symbols.size, rate_hz, paused_s)
    # in real parts and doubles: complex products may or may not be fused, depending on the processor
    sent = symbols.real.astype(np.float64), symbols.imag.astype(np.float64)
    paths = MODELS[conditions.chain.fading](conditions, instants)
    if len(paths) == 1:
        gain = paths[0].gain
        signal = product((gain.real.astype(np.float64), gain.imag.astype(np.float64)), sent)
    else:
        signal = dispersed(sent, paths, rate_hz)
    turns = phase_turns(conditions, instants.times_s)
    if turns is not None:
        signal = product(phasor(turns), signal)
    return signal, noise_amplitudes(conditions, instants)


def _ofdm(
    symbols: NDArray[np.complex64], conditions: Conditions, first: int, waveform: Ofdm, paused_s: float
) -> tuple[Parts, Doubles]:
    """The same for resource elements."""
    rows, rest = divmod(symbols.size, waveform.subcarriers)
    if rest or first % waveform.subcarriers:
        raise InvalidInput(
            f"channel: a burst of OFDM is a whole number of OFDM symbols of {waveform.subcarriers} resource "
            f"elements, got {symbols.size} after {first}"
        )
    instants = Instants.of_ofdm(waveform, first, rows, paused_s)
    paths = MODELS[conditions.chain.fading](conditions, instants)
    signal = through_air(symbols, paths, waveform, instants.times_s[::2], partial(phase_turns, conditions))
    return signal, np.repeat(noise_amplitudes(conditions, instants)[::2], waveform.subcarriers)
