"""The report on a burst as symbols: what a receiver says over a return link that has noise of its own.

    4 burst | 1 control decoded | 2 protected | 2 bulk | 8 SNR | 6 fading | 16 CRC        39 bits

SNR in half decibels from -30 dB, fading (SNR less effective SNR) in quarters. The CRC is masked, as that of
a PDCCH is with an identity (TS 38.212 clause 7.3.2), with another mask than the control word's: neither is
taken for the other. The bits are LDPC coded (base graph 2), scrambled and sent as QPSK, on as many symbols
as a control word of the aggregation level, behind known symbols that tell gain and noise: 16, or an eighth
of the coded ones where that is more. Both ends know the level, as the two ends of a PUCCH know its format
(TS 38.213 clause 9.2): it is configured, not found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from semvid.phy.arrays import Bits, Symbols
from semvid.phy.block import TbState
from semvid.phy.channel_estimate import SNR_FLOOR_DB
from semvid.phy.control_word import AGGREGATION_LEVELS, symbols_at
from semvid.phy.crc import CRC16
from semvid.phy.layout import PREAMBLE_SYMBOLS
from semvid.phy.ldpc import decoder, encoder, rate_matching
from semvid.phy.ldpc.base_graphs import ldpc_code
from semvid.phy.mcs import control_threshold_db
from semvid.phy.pilots import pilot_symbols
from semvid.phy.qam import demap, map_bits
from semvid.phy.sequences import descramble, scramble

BURSTS: Final = 16  # numbers that a report can name
SNR_STEP_DB, FADING_STEP_DB = 0.5, 0.25
REPORT_BLER: Final = 1e-3
REPORT_MARGIN_DB: Final = 2.5  # that is kept from the measured threshold of a control word

_QM: Final = 2
_FIELDS: Final = (4, 1, 2, 2, 8, 6)
_PAYLOAD_BITS: Final = sum(_FIELDS)
_CODE = ldpc_code(2, _PAYLOAD_BITS + CRC16.length)
_SCRAMBLING: Final = 4
_CRC_MASK = np.unpackbits(np.frombuffer(b"\xa3\x1c", np.uint8))  # an all-zero word must not pass
_STATES: Final = (TbState.ABSENT, TbState.DECODED, TbState.FAILED)


@dataclass(frozen=True, slots=True)
class ReportWord:
    """The contents of a report.

    Attributes:
        burst: number of the burst that it answers, mod 16.
        control_decoded: the control word of the latest burst that was no sounding could be read.
        protected, bulk: what became of its transport blocks.
        snr_db, effective_snr_db: of the burst that is answered; rounded by `to_bits`.
    """

    burst: int
    control_decoded: bool
    protected: TbState
    bulk: TbState
    snr_db: float
    effective_snr_db: float

    def __post_init__(self) -> None:
        if not 0 <= self.burst < BURSTS:
            raise ValueError(f"a report names a burst of 0..{BURSTS - 1}, got {self.burst}")

    def to_bits(self) -> Bits:
        """uint8[39]: fields, then the masked CRC16; what is out of range is sent as the end of the range."""
        snr = _steps(self.snr_db - SNR_FLOOR_DB, SNR_STEP_DB, _FIELDS[4])
        fading = _steps(self.snr_db - self.effective_snr_db, FADING_STEP_DB, _FIELDS[5])
        states = (_STATES.index(self.protected), _STATES.index(self.bulk))
        values = (self.burst, int(self.control_decoded), *states, snr, fading)
        text = "".join(f"{value:0{width}b}" for value, width in zip(values, _FIELDS, strict=True))
        bits = np.frombuffer(text.encode(), np.uint8) - ord("0")
        return np.concatenate([bits, CRC16.parity(bits) ^ _CRC_MASK])

    @classmethod
    def from_bits(cls, bits: Bits) -> ReportWord | None:
        """Inverse of `to_bits`; None where the CRC fails or a field has no meaning."""
        payload = bits[:_PAYLOAD_BITS]
        if not np.array_equal(CRC16.parity(payload) ^ _CRC_MASK, bits[_PAYLOAD_BITS:]):
            return None
        fields = np.split(payload, np.cumsum(_FIELDS)[:-1])
        burst, control, protected, bulk, snr, fading = (int("".join(map(str, field)), 2) for field in fields)
        if max(protected, bulk) >= len(_STATES):
            return None
        snr_db = SNR_FLOOR_DB + SNR_STEP_DB * snr
        effective_snr_db = snr_db - FADING_STEP_DB * fading
        return cls(burst, bool(control), _STATES[protected], _STATES[bulk], snr_db, effective_snr_db)


def report_symbols(aggregation: int) -> int:
    """Symbols of a report at an aggregation level, the known ones included.

    Raises:
        ValueError: not one of `semvid.phy.control_word.AGGREGATION_LEVELS`.
    """
    return _known(aggregation) + symbols_at(aggregation)


def _known(aggregation: int) -> int:
    """Known symbols of a report: the lower the SNR, the more it takes to measure gain and noise."""
    return max(PREAMBLE_SYMBOLS, symbols_at(aggregation) // 8)


def report_level(snr_db: float) -> int:
    """The lowest aggregation level at which a report is safe at this Es/N0, dB; the highest if none is."""
    reach = snr_db - REPORT_MARGIN_DB
    for level in AGGREGATION_LEVELS:
        if control_threshold_db(level, REPORT_BLER) <= reach:
            return level
    return AGGREGATION_LEVELS[-1]


def modulate_report(word: ReportWord, aggregation: int) -> Symbols:
    """complex64[report_symbols(aggregation)] of unit mean power."""
    coded = rate_matching.rate_match(
        encoder.encode(_CODE, word.to_bits()), _CODE, _QM * symbols_at(aggregation), _QM, rv=0
    )
    return np.concatenate([pilot_symbols(_known(aggregation)), map_bits(scramble(coded, _SCRAMBLING), _QM)])


def decode_report(symbols: Symbols, aggregation: int) -> ReportWord | None:
    """What a report says; None where it cannot be read, whatever ``symbols`` hold.

    Args:
        symbols: complex64[n] as received.
        aggregation: that it was sent with.
    """
    if len(symbols) != report_symbols(aggregation) or not np.isfinite(symbols).all():
        return None
    count = _known(aggregation)
    sent, known = pilot_symbols(count), symbols[:count].astype(np.complex128)
    gain = complex(np.mean(known * sent.conj()))
    if gain == 0:
        return None
    no = float(np.sum(np.abs(known - gain * sent) ** 2)) / (count - 1)
    equalised = (symbols[count:] / gain).astype(np.complex64)
    llrs = demap(equalised, max(no / abs(gain) ** 2, 1e-9), _QM)
    buffer = rate_matching.new_soft_buffer(_CODE)
    rate_matching.accumulate(buffer, descramble(llrs, _SCRAMBLING), _CODE, _QM, rv=0)
    decoded = decoder.decode(_CODE, buffer)
    return ReportWord.from_bits(decoded.bits) if decoded.converged else None


def _steps(value_db: float, step_db: float, bits: int) -> int:
    """``value_db`` in steps, within what so many bits hold; what is no number counts as the least."""
    steps = value_db / step_db
    return 0 if np.isnan(steps) else int(np.clip(np.rint(steps), 0, 2**bits - 1))
