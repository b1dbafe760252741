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
SAMPLES_PER_SYMBOL: Final = (2, 16)  # of a single carrier's pulses, for a radio
_SPACING_HZ = 15_000
_HALF_SUBFRAME_S = 5e-4
# Table 5.3.1-1, in parts of the useful symbol: 144 of 2048, and 16 more once in half a subframe at mu = 0
_PREFIX, _LONGER_PREFIX = 144 / 2048, 16 / 2048
_OCCUPIED = 0.85  # of the FFT at most, as a 5G carrier's guard bands leave it


_PREAMBLES, _REFERENCES, _STRETCHES = (64, 1024), (8, 256), (64, 16_384)
_PREAMBLE_STEP = 16  # detection correlates it piece by piece


@dataclass(frozen=True, slots=True)
class RadioFrame:
    """Known symbols that a radio puts around a burst, to find it in a stream of samples and to follow it.

    A preamble, then stretches of the burst with reference symbols after each, the last one included: the
    pilot blocks of DVB-S2 (ETSI EN 302 307-1 clause 5.5.3: 36 symbols after every 1440) in other numbers.

    Attributes:
        preamble: symbols before the burst, 64..1024 in steps of 16.
        reference: symbols after every stretch, 8..256.
        stretch: symbols of the burst between two references at most, 64..16384; a quarter of it before the
            first, up to which the preamble alone must say how the phase turns.

    Raises:
        InvalidInput: out of range.
    """

    preamble: int = 128
    reference: int = 32
    stretch: int = 1024

    def __post_init__(self) -> None:
        ranges = {"preamble": _PREAMBLES, "reference": _REFERENCES, "stretch": _STRETCHES}
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise InvalidInput(
                    f"radio frame: {name} must lie in {low}..{high}, got {getattr(self, name)}"
                )
        if self.preamble % _PREAMBLE_STEP:
            raise InvalidInput(
                f"radio frame: preamble must be a multiple of {_PREAMBLE_STEP}, got {self.preamble}"
            )

    def known(self, symbols: int) -> int:
        """Known symbols around a burst of so many."""
        return self.preamble + self.reference * self.stretches(symbols)

    def stretches(self, symbols: int) -> int:
        """Stretches of a burst of so many."""
        return 1 + -(-max(0, symbols - self.stretch // 4) // self.stretch)


@dataclass(frozen=True, slots=True)
class SingleCarrier:
    """One symbol after the other, root raised cosine pulses at both ends.

    Attributes:
        radio: what a radio puts around every burst; None: bursts are found without.
    """

    radio: RadioFrame | None = None

    def on_air(self, symbols: int) -> int:
        """Channel uses of a burst of so many symbols."""
        return symbols if self.radio is None else symbols + self.radio.known(symbols)


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

    def on_air(self, symbols: int) -> int:
        """Channel uses of a burst of so many resource elements: these and no more."""
        return symbols

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
