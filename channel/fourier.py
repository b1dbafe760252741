"""A discrete Fourier transform that is the same to the last bit on every machine (see `channel.phasor`)."""

import numpy as np

from channel.phasor import Doubles, phasor


def transformed(real: Doubles, imag: Doubles, sign: int) -> tuple[Doubles, Doubles]:
    r"""``X_k = sum_n x_n exp(sign j 2 pi k n / N)`` along the last axis, not scaled.

    Stockham's radix-2 algorithm: Cochran et al., "What is the fast Fourier transform?", Proceedings of the
    IEEE 55 (1967).

    Args:
        real, imag: [rows, N] with N a power of two.
        sign: -1 forward, 1 back.
    """
    rows, size = real.shape
    half, done = size // 2, 1
    while half:
        shape = (rows, 2, half, done)
        (a_re, b_re), (a_im, b_im) = (np.moveaxis(part.reshape(shape), 1, 0) for part in (real, imag))
        cosine, sine = phasor(sign * np.arange(half)[:, None] / (2.0 * half))
        difference_re, difference_im = a_re - b_re, a_im - b_im
        real = np.stack([a_re + b_re, difference_re * cosine - difference_im * sine], axis=2)
        imag = np.stack([a_im + b_im, difference_re * sine + difference_im * cosine], axis=2)
        real, imag = real.reshape(rows, size), imag.reshape(rows, size)
        half, done = half // 2, 2 * done
    return real, imag
