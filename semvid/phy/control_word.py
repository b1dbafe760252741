"""The control word: the 41 bits that a receiver needs to read the rest of a block.

    process 4 | rv 2 | protected bytes 10, mcs 6 | bulk bytes 13, mcs 6 | CRC 16

Of the 64 codes of a scheme 34 are those of `MCS_TABLE`. In the place of the bulk's, `ANALOGUE_CODE` says that
symbols without bits follow, and the 13 bits before it then count them in eights (docs/decisions/0022).

It is LDPC coded (base graph 2), scrambled and sent as QPSK on 32 symbols times the aggregation level (as a
PDCCH has 1, 2, 4, 8 or 16 control channel elements, TS 38.211 clause 7.3.2); at level 1 it takes 40, because
less than 34 cannot be decoded. The receiver finds the level by trying all five.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semvid.phy.arrays import Bits, Llrs, Symbols
from semvid.phy.crc import CRC16
from semvid.phy.ldpc import decoder, encoder, rate_matching
from semvid.phy.ldpc.base_graphs import ldpc_code
from semvid.phy.mcs import MCS_TABLE, Mcs
from semvid.phy.qam import map_bits
from semvid.phy.sequences import descramble, scramble

AGGREGATION_LEVELS = (1, 2, 4, 8, 16)
_SYMBOLS_PER_LEVEL, _FEWEST_SYMBOLS = 32, 40
MAX_PROTECTED_BYTES = 1023
MAX_BULK_BYTES = 8191
ANALOGUE_CODE = 63
ANALOGUE_STEP = 8  # symbols
MAX_ANALOGUE_SYMBOLS = ANALOGUE_STEP * MAX_BULK_BYTES  # what 13 bits can count; a burst holds fewer
PROCESSES = 16  # of hybrid ARQ
QM = 2

_FIELDS = (4, 2, 10, 6, 13, 6)
_PAYLOAD_BITS = sum(_FIELDS)
_CODE = ldpc_code(2, _PAYLOAD_BITS + CRC16.length)
_SCRAMBLING = 1
_CRC_MASK = np.unpackbits(np.frombuffer(b"\x5e\x5d", np.uint8))  # an all-zero word must not pass


@dataclass(frozen=True)
class Section:
    """What the control word says about one transport block: payload bytes (at least 1) and MCS."""

    payload_bytes: int
    mcs: Mcs

    @property
    def fields(self) -> tuple[int, int]:
        """Size and code on air."""
        return self.payload_bytes, self.mcs.code


@dataclass(frozen=True)
class AnalogueSection:
    """What the control word says about symbols without bits: how many, a multiple of `ANALOGUE_STEP`."""

    symbols: int

    def __post_init__(self) -> None:
        if not 1 <= self.symbols <= MAX_ANALOGUE_SYMBOLS or self.symbols % ANALOGUE_STEP:
            raise ValueError(
                f"a burst announces 1..{MAX_ANALOGUE_SYMBOLS} analogue symbols, in eights, not {self.symbols}"
            )

    @property
    def fields(self) -> tuple[int, int]:
        """Size and code on air."""
        return self.symbols // ANALOGUE_STEP, ANALOGUE_CODE


@dataclass(frozen=True)
class ControlWord:
    """The contents of a control word.

    Attributes:
        process: HARQ process, 0..15.
        rv: redundancy version, 0..3.
        protected: the better protected transport block, at most 1023 bytes, or None.
        bulk: the bulk transport block, at most 8191 bytes, or symbols in its place, or None.
    """

    process: int
    rv: int
    protected: Section | None
    bulk: Section | AnalogueSection | None

    def __post_init__(self) -> None:
        if not 0 <= self.process < PROCESSES or not 0 <= self.rv <= 3:
            raise ValueError(f"process must lie in 0..15 and rv in 0..3, got {self.process} and {self.rv}")
        if self.protected is None and self.bulk is None:
            raise ValueError("a control word announces at least one transport block")
        for section, limit in ((self.protected, MAX_PROTECTED_BYTES), (self.bulk, MAX_BULK_BYTES)):
            if isinstance(section, Section) and not 1 <= section.payload_bytes <= limit:
                raise ValueError(f"the transport block carries 1..{limit} bytes, not {section.payload_bytes}")

    def to_bits(self) -> Bits:
        """uint8[57]: fields, then the masked CRC16."""
        values = [self.process, self.rv]
        for section in (self.protected, self.bulk):
            values += section.fields if section else (0, 0)
        text = "".join(f"{value:0{width}b}" for value, width in zip(values, _FIELDS, strict=True))
        bits = np.frombuffer(text.encode(), np.uint8) - ord("0")
        return np.concatenate([bits, CRC16.parity(bits) ^ _CRC_MASK])

    @classmethod
    def from_bits(cls, bits: Bits) -> ControlWord | None:
        """Inverse of `to_bits`; None where the CRC fails or a field has no meaning."""
        payload = bits[:_PAYLOAD_BITS]
        if not np.array_equal(CRC16.parity(payload) ^ _CRC_MASK, bits[_PAYLOAD_BITS:]):
            return None
        fields = np.split(payload, np.cumsum(_FIELDS)[:-1])
        values = [int("".join(map(str, field)), 2) for field in fields]
        process, rv, protected_bytes, protected_code, bulk_size, bulk_code = values
        if bulk_code == ANALOGUE_CODE and bulk_size:
            bulk: Section | AnalogueSection | None = AnalogueSection(ANALOGUE_STEP * bulk_size)
        elif _announces(bulk_size, bulk_code):
            bulk = _section(bulk_size, bulk_code)
        else:
            return None
        if not _announces(protected_bytes, protected_code) or not (protected_bytes or bulk):
            return None
        return cls(process, rv, _section(protected_bytes, protected_code), bulk)


def _announces(size: int, code: int) -> bool:
    """Whether these fields speak of a transport block, or of none."""
    return code in MCS_TABLE and (size > 0 or code == 0)


def _section(size: int, code: int) -> Section | None:
    return Section(size, MCS_TABLE[code]) if size else None


def symbols_at(aggregation: int) -> int:
    """Symbols of a control word at an aggregation level.

    Raises:
        ValueError: not one of `AGGREGATION_LEVELS`.
    """
    if aggregation not in AGGREGATION_LEVELS:
        raise ValueError(f"the aggregation level is one of {AGGREGATION_LEVELS}, got {aggregation}")
    return max(_FEWEST_SYMBOLS, _SYMBOLS_PER_LEVEL * aggregation)


def modulate_control(word: ControlWord, aggregation: int) -> Symbols:
    """complex64[symbols_at(aggregation)]: the QPSK symbols of a control word."""
    coded = rate_matching.rate_match(
        encoder.encode(_CODE, word.to_bits()), _CODE, QM * symbols_at(aggregation), QM, rv=0
    )
    return map_bits(scramble(coded, _SCRAMBLING), QM)


def decode_control(llrs: Llrs) -> ControlWord | None:
    """Decodes the LLRs, float32[2 * symbols_at(aggregation)], of one candidate control word."""
    buffer = rate_matching.new_soft_buffer(_CODE)
    rate_matching.accumulate(buffer, descramble(llrs, _SCRAMBLING), _CODE, QM, rv=0)
    decoded = decoder.decode(_CODE, buffer)
    return ControlWord.from_bits(decoded.bits) if decoded.converged else None
