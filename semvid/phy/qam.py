"""Gray-mapped QPSK, 16-, 64- and 256-QAM (TS 38.211 clauses 5.1.3 to 5.1.6) and the soft demapper.

In-phase and quadrature are two independent amplitudes: even bits of a symbol choose the in-phase one, odd
bits the quadrature one.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from semvid.compiled import njit
from semvid.phy.arrays import LLR_LIMIT, Bits, Llrs, Symbols

QAM_ORDERS = (2, 4, 6, 8)  # bits per symbol, Qm
_SMALLEST_NOISE = 1e-12


@cache
def amplitudes(qm: int) -> NDArray[np.float32]:
    """float32[2^(qm/2)]: the amplitude of one dimension for each pattern of its bits, first bit highest.

    Scaled so that a complex symbol has unit average power.

    Raises:
        ValueError: ``qm`` is not 2, 4, 6 or 8.
    """
    if qm not in QAM_ORDERS:
        raise ValueError(f"bits per symbol must be one of {QAM_ORDERS}, got {qm}")
    per_dimension = qm // 2
    patterns = np.arange(1 << per_dimension)
    signs = [1 - 2 * (patterns >> shift & 1) for shift in range(per_dimension - 1, -1, -1)]
    level = np.ones(len(patterns))
    for depth, sign in enumerate(reversed(signs)):
        level = sign * level if depth == 0 else sign * (2**depth - level)
    scaled: NDArray[np.float32] = (level / np.sqrt(2 * np.mean(level**2))).astype(np.float32)
    scaled.setflags(write=False)
    return scaled


def map_bits(bits: Bits, qm: int) -> Symbols:
    """Maps bits to symbols: uint8[n * qm] to complex64[n]."""
    level = amplitudes(qm)
    pairs = bits.reshape(-1, qm // 2, 2)
    pattern = np.zeros((len(pairs), 2), np.uint8)
    for bit in range(qm // 2):
        pattern = (pattern << 1 | pairs[:, bit]).astype(np.uint8)
    return level[pattern].view(np.complex64).reshape(-1)


@njit()
def _demap(
    parts: NDArray[np.float32], no: NDArray[np.float32], level: NDArray[np.float32], limit: float
) -> Llrs:
    """LLRs of ``parts``, float32[n, 2] in-phase and quadrature: float32[n, bits per dimension, 2]."""
    per_dimension = 0
    while 1 << per_dimension < level.size:
        per_dimension += 1
    out = np.empty((parts.shape[0], per_dimension, 2), np.float32)
    metric = np.empty(level.size)
    for n in range(parts.shape[0]):
        scale = 1.0 / max(no[n], _SMALLEST_NOISE)
        for dimension in range(2):
            part = np.float64(parts[n, dimension])
            best = -np.inf
            for i in range(level.size):
                metric[i] = -((part - level[i]) ** 2) * scale
                best = max(best, metric[i])
            for i in range(level.size):
                metric[i] = np.exp(metric[i] - best)
            for bit in range(per_dimension):
                mask = 1 << (per_dimension - 1 - bit)
                zero, one = 0.0, 0.0
                for i in range(level.size):
                    zero += 0.0 if i & mask else metric[i]
                    one += metric[i] if i & mask else 0.0
                value = limit if one == 0.0 else -limit if zero == 0.0 else np.log(zero / one)
                out[n, bit, dimension] = min(max(value, -limit), limit)
    return out


def demap(symbols: Symbols, no: float | NDArray[np.floating], qm: int) -> Llrs:
    """Soft decisions on equalised symbols: log-sum-exp over all points.

    Args:
        symbols: complex64[n] with the transmitted signal at unit average power. Symbols that are not finite
            say nothing: their LLRs are 0.
        no: noise variance per complex symbol, a number or float[n] (after equalisation: ``no / |h|^2``).
        qm: bits per symbol.

    Returns:
        float32[n * qm], log p(bit = 0) / p(bit = 1), of magnitude `LLR_LIMIT` at most.
    """
    noise = np.broadcast_to(np.asarray(no, np.float32), symbols.shape)
    usable = np.isfinite(symbols) & np.isfinite(noise)
    if not usable.all():
        symbols = np.where(usable, symbols, np.complex64(0))
    parts = np.ascontiguousarray(symbols, np.complex64).view(np.float32).reshape(-1, 2)
    llrs: Llrs = _demap(parts, np.ascontiguousarray(noise), amplitudes(qm), LLR_LIMIT)
    if not usable.all():
        llrs[~usable] = 0.0
    return llrs.reshape(-1)
