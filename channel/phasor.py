"""Sine and cosine that are the same to the last bit on every machine.

As in `channel.gaussian`: NumPy's own differ in last bits between C libraries and instruction sets.
Additions and multiplications of doubles, each in its own NumPy call, do not.
"""

import math

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Parts = tuple[Doubles, Doubles]  # real and imaginary part

QUARTER_TURN = 1.5707963267948966  # radians
_COS_TERMS = tuple((-1.0) ** k / math.factorial(2 * k) for k in range(10))
_SIN_TERMS = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(10))


def phasor(turns: Doubles) -> Parts:
    """Cosine and sine of an angle.

    Args:
        turns: the angle in whole turns, any finite value, any shape.
    """
    quarters = turns * 4.0
    nearest = np.floor(quarters + 0.5)
    quadrant = np.mod(nearest, 4.0).astype(np.int8)
    return from_axis((quarters - nearest) * QUARTER_TURN, quadrant)


def product(a: Parts, b: Parts) -> Parts:
    """Complex product in real parts: processors differ in whether they fuse complex ones."""
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def from_axis(angle: Doubles, quadrant: NDArray[np.integer]) -> Parts:
    """Cosine and sine of ``quadrant`` (0..3) quarter turns and ``angle`` radians, an eighth turn at most."""
    square = angle * angle
    cosine, sine = horner(_COS_TERMS, square), angle * horner(_SIN_TERMS, square)
    odd = (quadrant & 1).astype(bool)
    # quadrants 0..3: (c, s), (-s, c), (-c, -s), (s, -c)
    sign = np.where(quadrant < 2, 1.0, -1.0)
    return np.where(odd, -sine, cosine) * sign, np.where(odd, cosine, sine) * sign


def horner(terms: tuple[float, ...], x: Doubles) -> Doubles:
    """``sum_k terms[k] * x**k``, every multiplication and addition rounded by itself."""
    total = np.full_like(x, terms[-1])
    for term in reversed(terms[:-1]):
        np.multiply(total, x, out=total)
        np.add(total, term, out=total)
    return total
