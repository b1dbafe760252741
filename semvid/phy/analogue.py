"""Symbols that carry no bits: what a burst has in the place of its bulk, and what the receiver keeps of them.

A learned joint source-channel code makes such symbols. Noise on them is noise in what they stand for: they
are sent once, no redundancy version follows, and the receiver hands on each with the variance of its noise.
What they stand for is in the protected transport block of the same burst; where that is repeated, they wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from semvid.phy.arrays import Reals, Symbols
from semvid.phy.control_word import ANALOGUE_STEP, MAX_ANALOGUE_SYMBOLS
from semvid.phy.pilots import pilot_symbols

_POWER_TOLERANCE: Final = 0.05


@dataclass(frozen=True, eq=False)
class AnalogueBlock:
    """Symbols to be sent as they are.

    Attributes:
        symbols: complex64[n] of unit mean power, n a multiple of `ANALOGUE_STEP`, at most
            `MAX_ANALOGUE_SYMBOLS`.

    Raises:
        ValueError: any others.
    """

    symbols: Symbols

    def __post_init__(self) -> None:
        symbols = self.symbols
        if symbols.dtype != np.complex64 or symbols.ndim != 1:
            raise ValueError(f"analogue symbols are complex64[n], got {symbols.dtype}{symbols.shape}")
        if not 1 <= len(symbols) <= MAX_ANALOGUE_SYMBOLS or len(symbols) % ANALOGUE_STEP:
            raise ValueError(
                f"1..{MAX_ANALOGUE_SYMBOLS} analogue symbols can be sent, in eights, not {len(symbols)}"
            )
        power = float(np.mean(np.abs(symbols) ** 2))
        if not abs(power - 1.0) <= _POWER_TOLERANCE:  # NaN is none either
            raise ValueError(f"analogue symbols have unit mean power, these have {power:.3g}")

    @classmethod
    def padded(cls, symbols: Symbols) -> AnalogueBlock:
        """``symbols``, any number of them, and behind them as many pilots as make it one that can be sent."""
        padding = pilot_symbols(padded_symbols(len(symbols)) - len(symbols))
        return cls(np.concatenate([symbols, padding]))


@dataclass(frozen=True, eq=False)
class AnalogueReception:
    """Symbols as they came in.

    Attributes:
        symbols: complex64[n], the gain divided out.
        no: float64[n], noise variance of each, complex.
    """

    symbols: Symbols
    no: Reals


class AnalogueSlot:
    """Symbols that wait until the protected transport block of their burst is decoded: the newest only."""

    def __init__(self) -> None:
        self._process: int | None = None
        self._waiting: AnalogueReception | None = None

    def begin(self, process: int, symbols: AnalogueReception | None) -> None:
        """New data came in, with symbols or without: what waited will not be asked for any more."""
        self._process, self._waiting = process, symbols

    def take(self, process: int) -> AnalogueReception | None:
        """The symbols that came with this process, once."""
        if process != self._process:
            return None
        taken, self._waiting = self._waiting, None
        return taken


def padded_symbols(count: int) -> int:
    """What ``count`` symbols take with their padding: the next multiple of `ANALOGUE_STEP`, at least one."""
    return ANALOGUE_STEP * max(1, -(-count // ANALOGUE_STEP))
