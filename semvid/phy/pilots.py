"""Known symbols: QPSK pilots from the sequence of TS 38.211 clause 5.2.1, and the sounding burst."""

from semvid.phy.arrays import Symbols
from semvid.phy.qam import map_bits
from semvid.phy.sequences import gold_sequence

SOUNDING_SYMBOLS = 56  # shorter than any data burst: preamble, control word and a transport block
_PILOT_SEED = 0x2A5


def pilot_symbols(count: int) -> Symbols:
    """The first ``count`` pilots, complex64[count], each of unit power."""
    return map_bits(gold_sequence(_PILOT_SEED, 2 * count), qm=2)


def sounding() -> Symbols:
    """A burst of pilots only, complex64[56]: the receiver answers it with its SNR."""
    return pilot_symbols(SOUNDING_SYMBOLS)
