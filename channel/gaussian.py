r"""Complex Gaussian draws, and amplitudes in decibels, that are the same to the last bit on every machine.

Draw :math:`k` of a stream is made from two words of the stream's Philox-4x64-10 generator by Box and Muller's
transform [BM58]_,

.. math:: g_k = \sqrt{-\ln u}\; e^{j 2 \pi v}, \qquad E|g_k|^2 = 1,

with :math:`u, v` uniform. NumPy's own normal draws are not used: its ziggurat asks the machine's ``exp`` and
``log1p``, whose last bits differ between C libraries, and its streams may change between releases. What is
used is exact everywhere: Philox and `SeedSequence` are integer arithmetic whose output NumPy guarantees
(NEP 19); the rest is additions, multiplications, one division and one square root of IEEE 754 doubles, which
the standard rounds correctly, each in its own NumPy call so that no compiler can fuse a multiplication with
an addition; logarithm, sine and cosine are the series below. Philox is counter based, so a draw costs the
same wherever in the stream it stands.

.. [BM58] G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates", Annals of
   Mathematical Statistics 29 (1958).
"""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from channel.phasor import QUARTER_TURN, Doubles, from_axis, horner

NOISE, FADING, BURSTS, PHASE, RETURN_NOISE = range(5)
"""First word of a stream's name: what the stream is for."""

_LN2 = 0.6931471805599453
_ATANH_TERMS = tuple(2.0 / (2 * k + 1) for k in range(12))  # 2 atanh(s) = s * sum_k _ATANH_TERMS[k] s^2k


def complex_normal(seed: int, stream: tuple[int, ...], first: int, count: int) -> tuple[Doubles, Doubles]:
    """Draws ``first`` .. ``first + count - 1`` of one stream, circularly symmetric, unit variance.

    Args:
        seed: 0 .. 2**64 - 1.
        stream: name of the stream; streams of other names or other seeds are independent.
        first: index of the first draw, not negative.
        count: number of draws.

    Returns:
        Real and imaginary parts, each [count] float64 with variance 1/2.
    """
    generator = np.random.Philox(np.random.SeedSequence(seed, spawn_key=stream))
    generator.advance(first // 2)  # one step of the counter gives four words, two draws
    skipped = first % 2
    words = generator.random_raw(2 * (skipped + count))[2 * skipped :]
    radius = np.sqrt(-_log(_uniform(words[0::2])))
    cosine, sine = _turn(words[1::2])
    return radius * cosine, radius * sine


def uniform(seed: int, stream: tuple[int, ...], first: int, count: int) -> Doubles:
    """Draws ``first`` .. ``first + count - 1`` of one stream, [count] float64 in (0, 1)."""
    generator = np.random.Philox(np.random.SeedSequence(seed, spawn_key=stream))
    generator.advance(first // 4)  # one step of the counter gives four words
    skipped = first % 4
    return _uniform(generator.random_raw(skipped + count)[skipped:])


def _uniform(words: NDArray[np.uint64]) -> Doubles:
    """The top 52 bits as a number in (0, 1), both ends excluded; exact."""
    return ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def _log(x: Doubles) -> Doubles:
    """Natural logarithm of positive normal numbers, to about one unit in the last place."""
    mantissa, exponent = np.frexp(x)  # mantissa in [1/2, 1)
    small = mantissa < 0.7071067811865476
    mantissa = np.where(small, mantissa * 2.0, mantissa)
    exponent = exponent - small
    s = (mantissa - 1.0) / (mantissa + 1.0)  # |s| <= 0.172: the series' rest is below 1e-19
    return exponent * _LN2 + s * horner(_ATANH_TERMS, s * s)


def _turn(words: NDArray[np.uint64]) -> tuple[Doubles, Doubles]:
    """Cosine and sine of a uniform angle: 2 bits choose an axis, 52 the angle to it, up to an eighth turn."""
    return from_axis((_uniform(words) - 0.5) * QUARTER_TURN, (words & np.uint64(3)).astype(np.int8))


def amplitude_of_db(power_db: float) -> float:
    """Amplitude whose power is ``power_db`` decibels: ``10 ** (power_db / 20)``.

    Computed in decimal and rounded once: ``pow`` of the C library differs between machines.
    """
    return float(Decimal(10) ** (Decimal(power_db) / 20))
