"""How symbols become a signal: one after the other, or on the subcarriers of OFDM.

Both ends and the channel know it before the first burst, as a radio knows it from its configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from semvid.errors import InvalidInput

SUBCARRIERS_PER_BLOCK: Final = 12  # TS 38.211 clause 4.4.4.1
NUMEROLOGIES: Final = (0, 4)  # mu, subcarriers 15 kHz * 2**mu apart: Table 4.2-1
RESOURCE_BLOCKS: Final = (1, 52)
_SPACING_HZ = 15_000
_HALF_SUBFRAME_S = 5e-4
# Table 5.3.1-1, in parts of the useful symbol: 144 of 2048, and 16 more once in half a subframe at mu = 0
_PREFIX, _LONGER_PREFIX = 144 / 2048, 16 / 2048
_OCCUPIED = 0.85  # of the FFT at most, as a 5G carrier's guard bands leave it


@dataclass(frozen=True, slots=True)
class SingleCarrier:
    """One symbol after the other, root raised cosine pulses at both ends."""


@dataclass(frozen=True, slots=True)
class Ofdm:
    """OFDM with a numerology of 5G NR and normal cyclic prefix (TS 38.211 clauses 4.2, 5.3.1).

    Attributes:
        numerology: mu, 0..4.
        resource_blocks: of twelve subcarriers, 1..52.

    Raises:
        InvalidInput: out of range.
    """

    numerology: int = 0
    resource_blocks: int = 6

    def __post_init__(self) -> None:
        for name, (low, high) in (("numerology", NUMEROLOGIES), ("resource_blocks", RESOURCE_BLOCKS)):
            if not low <= getattr(self, name) <= high:
                raise InvalidInput(f"OFDM: {name} must lie in {low}..{high}, got {getattr(self, name)}")

    @property
    def subcarriers(self) -> int:
        """Resource elements of one OFDM symbol; a burst is a whole number of OFDM symbols."""
        return SUBCARRIERS_PER_BLOCK * self.resource_blocks

    @property
    def spacing_hz(self) -> float:
        """Between two subcarriers."""
        return float(_SPACING_HZ << self.numerology)

    @property
    def useful_s(self) -> float:
        """Duration of an OFDM symbol without its cyclic prefix."""
        return 1.0 / self.spacing_hz

    @property
    def prefix_s(self) -> float:
        """Duration of the cyclic prefix; every `symbols_per_half_subframe` th is a little longer."""
        return _PREFIX * self.useful_s

    @property
    def symbols_per_half_subframe(self) -> int:
        """OFDM symbols in 0.5 ms."""
        return 7 << self.numerology

    @property
    def symbol_s(self) -> float:
        """Mean duration of an OFDM symbol, cyclic prefix included."""
        return _HALF_SUBFRAME_S / self.symbols_per_half_subframe

    @property
    def symbols_per_s(self) -> float:
        """Resource elements a second."""
        return self.subcarriers / self.symbol_s

    @property
    def prefix_share(self) -> float:
        """Share of the time on the air that goes to cyclic prefixes."""
        return 1.0 - self.useful_s / self.symbol_s

    @property
    def fft_size(self) -> int:
        """Samples of a useful symbol: the smallest power of two that leaves guard bands."""
        size = 16
        while size * _OCCUPIED < self.subcarriers:
            size *= 2
        return size

    @property
    def prefix_samples(self) -> float:
        """Samples of a cyclic prefix at `fft_size`."""
        return _PREFIX * self.fft_size

    def useful_from_s(self, symbol: int) -> float:
        """When the useful part of OFDM symbol ``symbol`` begins, counted from the first one's prefix."""
        halves, within = divmod(symbol, self.symbols_per_half_subframe)
        longer = _LONGER_PREFIX * (1 << self.numerology) * self.useful_s
        return halves * _HALF_SUBFRAME_S + longer + self.prefix_s + within * (self.useful_s + self.prefix_s)


Waveform = SingleCarrier | Ofdm
SINGLE_CARRIER: Final = SingleCarrier()
