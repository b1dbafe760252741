r"""OFDM over several paths: what becomes of resource elements.

The emulator stands for the air and for both radio units (split 7.2x of O-RAN): what it is handed are
resource elements, it does the inverse Fourier transform, the cyclic prefix, the channel and the transform
back. Within the cyclic prefix all paths of the symbol before die out (`Conditions.require`), and over one
OFDM symbol each gain is a straight line from its value at the start to that at the end. So with :math:`u`
from -1/2 to 1/2 over the useful part, :math:`F` the transform, and :math:`\phi` the phase of the
oscillators,

.. math:: Y = F^{-1}\, e^{j \phi(t)} \left( F (H_0 X) + u\, F (H_1 X) \right), \qquad
          H_{0,1}(f) = \sum_i \left\{\frac{h_i(0) + h_i(T)}{2},\; h_i(T) - h_i(0)\right\}
          e^{-j 2 \pi f \tau_i}:

subcarriers fade each by itself, and leak into each other as far as gains or phase move.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from channel.fourier import transformed
from channel.model import Path
from channel.phasor import Doubles, Parts, phasor, product
from semvid.waveform import Ofdm


def through_air(
    symbols: NDArray[np.complex64],
    paths: list[Path],
    waveform: Ofdm,
    starts_s: Doubles,
    phase_turns: Callable[[Doubles], Doubles | None],
) -> Parts:
    """Real and imaginary part, [n], of the resource elements of a burst as they arrive, without noise.

    Args:
        symbols: complex64[n], OFDM symbol by OFDM symbol, in each from the lowest subcarrier up.
        paths: with gains at start and end of every OFDM symbol in turn.
        waveform: of the burst.
        starts_s: float64[OFDM symbols], when each useful part begins.
        phase_turns: of the oscillators at some times; None: it stays 0.
    """
    grid = symbols.reshape(-1, waveform.subcarriers)
    sent = grid.real.astype(np.float64), grid.imag.astype(np.float64)
    mean, change = frequency_response(paths, waveform)
    received = product(mean, sent)
    sample = np.arange(waveform.fft_size) / waveform.fft_size
    turns = phase_turns(starts_s[:, None] + sample[None, :] * waveform.useful_s)
    moves = bool(np.any(change[0]) or np.any(change[1]))
    if moves or turns is not None:
        bins = (np.arange(waveform.subcarriers) - waveform.subcarriers // 2) % waveform.fft_size
        signal = _to_time(received, bins, waveform.fft_size)
        if moves:
            slope = _to_time(product(change, sent), bins, waveform.fft_size)
            position = sample - 0.5
            signal = signal[0] + slope[0] * position, signal[1] + slope[1] * position
        if turns is not None:
            signal = product(phasor(turns), signal)
        real, imag = transformed(*signal, -1)
        received = real[:, bins] / waveform.fft_size, imag[:, bins] / waveform.fft_size
    return received[0].reshape(-1), received[1].reshape(-1)


def frequency_response(paths: list[Path], waveform: Ofdm) -> tuple[Parts, Parts]:
    """Of every OFDM symbol and subcarrier the mean gain, and how much it changes within; [l, k]."""
    subcarriers = waveform.subcarriers
    frequency_hz = (np.arange(subcarriers) - subcarriers // 2) * waveform.spacing_hz
    shape = (len(paths[0].gain) // 2, subcarriers)
    mean, change = ((np.zeros(shape), np.zeros(shape)) for _ in range(2))
    for path in paths:
        ends = path.gain.reshape(-1, 2)
        start_re, start_im = ends[:, 0].real.astype(np.float64), ends[:, 0].imag.astype(np.float64)
        end_re, end_im = ends[:, 1].real.astype(np.float64), ends[:, 1].imag.astype(np.float64)
        turned = phasor(np.asarray(-path.delay_s * frequency_hz[None, :], np.float64))
        for total, gain in (
            (mean, ((start_re + end_re) * 0.5, (start_im + end_im) * 0.5)),
            (change, (end_re - start_re, end_im - start_im)),
        ):
            real, imag = product((gain[0][:, None], gain[1][:, None]), turned)
            np.add(total[0], real, out=total[0])
            np.add(total[1], imag, out=total[1])
    return mean, change


def _to_time(parts: Parts, bins: NDArray[np.integer], size: int) -> Parts:
    grid = np.zeros((2, len(parts[0]), size))
    grid[0][:, bins], grid[1][:, bins] = parts
    return transformed(grid[0], grid[1], 1)
