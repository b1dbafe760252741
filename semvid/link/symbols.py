"""Complex baseband symbols as the bytes of a `SymbolBlock`.

Eight bytes a symbol: real part, imaginary part, each IEEE 754 binary32, little endian.
"""

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput, LimitExceeded

MAX_BLOCK_SYMBOLS = 65_536
SYMBOL_BYTES = 8
MAX_AMPLITUDE = 2.0**20
"""Largest real or imaginary part. Unit-power symbols stay below 2 and the noise of the worst channel below
1000; a million can only be nonsense, and its square still fits into float32."""

_WIRE_DTYPE = np.dtype("<c8")


def pack_symbols(symbols: NDArray[np.complex64]) -> bytes:
    """Bytes of ``symbols`` ([n], complex64), ``8 * n`` of them.

    Raises:
        InvalidInput: not a complex64 vector, or values that `unpack_symbols` would refuse.
        LimitExceeded: more than `MAX_BLOCK_SYMBOLS`.
    """
    if symbols.ndim != 1 or symbols.dtype != np.complex64:
        raise InvalidInput(
            f"symbols must be a complex64 vector, got {symbols.dtype} of shape {symbols.shape}"
        )
    contiguous = np.ascontiguousarray(symbols)
    _check(contiguous)
    return contiguous.astype(_WIRE_DTYPE, copy=False).tobytes()


def unpack_symbols(data: bytes) -> NDArray[np.complex64]:
    """Symbols ([n], complex64, native byte order, read-only) from the bytes of a `SymbolBlock`.

    Raises:
        InvalidInput: no symbols, a length that is no multiple of 8, NaN, infinity, or a real or imaginary
            part beyond `MAX_AMPLITUDE`.
        LimitExceeded: more than `MAX_BLOCK_SYMBOLS`.
    """
    if len(data) % SYMBOL_BYTES:
        raise InvalidInput(
            f"a symbol takes {SYMBOL_BYTES} bytes; {len(data)} bytes are no whole number of them"
        )
    symbols = np.frombuffer(data, dtype=_WIRE_DTYPE).astype(np.complex64, copy=False)
    _check(symbols)
    return symbols


def _check(symbols: NDArray[np.complex64]) -> None:
    if not symbols.size:
        raise InvalidInput("a block without symbols; send at least 1")
    if symbols.size > MAX_BLOCK_SYMBOLS:
        raise LimitExceeded(
            f"a block of {symbols.size} symbols, the limit is {MAX_BLOCK_SYMBOLS}; split it into several"
        )
    parts = symbols.view(np.float32)
    within = np.abs(parts) <= MAX_AMPLITUDE  # false for NaN as well
    if not within.all():
        worst = int(np.argmin(within))
        raise InvalidInput(
            f"symbol {worst // 2} has a part of {parts[worst]}; "
            f"parts must be numbers of at most {MAX_AMPLITUDE:.0f} in magnitude"
        )
