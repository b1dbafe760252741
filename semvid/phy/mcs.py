"""Modulation and coding schemes, and the SNR that each needs by our own measurements.

Codes 0..27 are rows 0..27 of TS 38.214 Table 5.1.3.1-2 (up to 256-QAM); codes 28..33 are rows 0..5 of Table
5.1.3.1-3 (low spectral efficiency). `mcs_thresholds.json` is made by ``scripts/measure_mcs.py``.
"""

import json
import math
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from statistics import NormalDist
from typing import TypedDict

import numpy as np

_NORMAL = NormalDist()
_RATE_UNIT = 1024  # code rates of TS 38.214 are given times 1024


@dataclass(frozen=True)
class Mcs:
    """A modulation and coding scheme.

    Attributes:
        code: number on air, 0..33.
        qm: bits per symbol, 2, 4, 6 or 8.
        code_rate: information bits (transport block with CRC) per coded bit.
    """

    code: int
    qm: int
    code_rate: float

    @property
    def name(self) -> str:
        """For example ``16QAM 616/1024``."""
        modulation = "QPSK" if self.qm == 2 else f"{1 << self.qm}QAM"
        return f"{modulation} {self.code_rate * _RATE_UNIT:g}/{_RATE_UNIT}"

    @property
    def spectral_efficiency(self) -> float:
        """Information bits per symbol."""
        return self.qm * self.code_rate


_ROWS: tuple[tuple[int, float], ...] = (
    # Table 5.1.3.1-2, rows 0..27
    *((2, rate) for rate in (120, 193, 308, 449, 602)),
    *((4, rate) for rate in (378, 434, 490, 553, 616, 658)),
    *((6, rate) for rate in (466, 517, 567, 616, 666, 719, 772, 822, 873)),
    *((8, rate) for rate in (682.5, 711, 754, 797, 841, 885, 916.5, 948)),
    # Table 5.1.3.1-3, rows 0..5
    *((2, rate) for rate in (30, 40, 50, 64, 78, 99)),
)

MCS_TABLE: dict[int, Mcs] = {code: Mcs(code, qm, rate / _RATE_UNIT) for code, (qm, rate) in enumerate(_ROWS)}
MCS_BY_EFFICIENCY: tuple[Mcs, ...] = tuple(sorted(MCS_TABLE.values(), key=lambda m: m.spectral_efficiency))


class _Thresholds(TypedDict):
    """Part of `mcs_thresholds.json`: Es/N0 in dB at block error rates of 50, 10 and 1 %, per payload size."""

    payload_bits: list[int]
    mcs: dict[str, dict[str, list[float]]]
    control: dict[str, dict[str, float]]


@cache
def _thresholds() -> _Thresholds:
    path = Path(__file__).with_name("mcs_thresholds.json")
    loaded: _Thresholds = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@lru_cache(maxsize=4096)
def _curve(code: int, information_bits: int) -> tuple[float, float]:
    """Middle and width (dB) of the error curve ``Q((snr - middle) / width)``."""
    size = math.log2(information_bits)
    table = _thresholds()
    sizes = np.log2(table["payload_bits"])
    row = table["mcs"][str(code)]
    low = float(np.interp(size, sizes, row["snr_db_at_10"]))
    high = float(np.interp(size, sizes, row["snr_db_at_1"]))
    return _through(low, high)


def _through(snr_db_at_10: float, snr_db_at_1: float) -> tuple[float, float]:
    """The error curve through two measured points."""
    z_10, z_1 = _NORMAL.inv_cdf(0.9), _NORMAL.inv_cdf(0.99)
    width = max(snr_db_at_1 - snr_db_at_10, 0.02) / (z_1 - z_10)
    return snr_db_at_10 - z_10 * width, width


def _pieces(information_bits: int) -> float:
    """Payloads beyond the largest that was measured count as several of that size: all must arrive."""
    return max(1.0, information_bits / _thresholds()["payload_bits"][-1])


def block_error_rate(mcs: Mcs, information_bits: int, snr_db: float) -> float:
    """Expected BLER of one transmission over AWGN at Es/N0 ``snr_db``, from the measured curves."""
    middle, width = _curve(mcs.code, max(information_bits, 1))
    piece = 0.5 * math.erfc((snr_db - middle) / (width * math.sqrt(2)))
    return float(1.0 - (1.0 - piece) ** _pieces(information_bits))


def snr_threshold_db(mcs: Mcs, information_bits: int, bler: float) -> float:
    """Es/N0 in dB at which a payload reaches a BLER over AWGN, from the measured curves.

    Args:
        information_bits: payload of the transport block, without CRC.
        bler: in (0, 1); below 1 % the measured curve is extrapolated as a Gaussian tail.

    Raises:
        ValueError: ``bler`` outside (0, 1).
    """
    if not 0.0 < bler < 1.0:
        raise ValueError(f"a block error rate lies between 0 and 1, got {bler}")
    middle, width = _curve(mcs.code, max(information_bits, 1))
    piece = 1.0 - (1.0 - bler) ** (1.0 / _pieces(information_bits))
    return middle - width * _NORMAL.inv_cdf(piece)


def control_threshold_db(aggregation: int, bler: float) -> float:
    """Es/N0 in dB at which a control word of this aggregation level is lost with probability ``bler``."""
    row = _thresholds()["control"][str(aggregation)]
    middle, width = _through(row["snr_db_at_10"], row["snr_db_at_1"])
    return middle - width * _NORMAL.inv_cdf(bler)
