import math
from itertools import pairwise

import pytest

from semvid.phy.control_word import AGGREGATION_LEVELS
from semvid.phy.mcs import (
    MCS_BY_EFFICIENCY,
    MCS_TABLE,
    block_error_rate,
    control_threshold_db,
    snr_threshold_db,
)


def test_codes_and_names() -> None:
    assert sorted(MCS_TABLE) == list(range(34))
    assert all(mcs.code == code for code, mcs in MCS_TABLE.items())
    assert MCS_TABLE[9].name == "16QAM 616/1024"
    assert MCS_TABLE[20].name == "256QAM 682.5/1024"
    assert MCS_TABLE[28].name == "QPSK 30/1024"
    assert MCS_TABLE[27].spectral_efficiency == pytest.approx(7.4063, abs=1e-4)  # printed in the table
    assert MCS_TABLE[0].spectral_efficiency == pytest.approx(0.2344, abs=1e-4)


@pytest.mark.parametrize("bits", [32, 100, 1024, 8192, 60_000])
def test_more_efficiency_needs_more_snr(bits: int) -> None:
    needed = [snr_threshold_db(mcs, bits, 0.1) for mcs in MCS_BY_EFFICIENCY]
    drops = [low - high for low, high in pairwise(needed)]
    assert max(drops) < 0.5  # where modulations meet, the shorter code may win slightly
    assert needed[-1] - needed[0] > 30


@pytest.mark.parametrize("code", [0, 9, 19, 33])
def test_thresholds_are_the_inverse_of_error_rates(code: int) -> None:
    for bits in (32, 777, 8192, 40_000):
        for bler in (0.5, 0.1, 0.01, 1e-4):
            snr_db = snr_threshold_db(MCS_TABLE[code], bits, bler)
            assert block_error_rate(MCS_TABLE[code], bits, snr_db) == pytest.approx(bler, rel=1e-3)


def test_thresholds_lie_between_shannon_and_shannon_plus_four_db() -> None:
    for mcs in MCS_BY_EFFICIENCY:
        shannon_db = 10 * math.log10(2**mcs.spectral_efficiency - 1)
        assert 0.5 < snr_threshold_db(mcs, 4096, 0.1) - shannon_db < 4


def test_higher_aggregation_reaches_further() -> None:
    needed = [control_threshold_db(level, 0.01) for level in AGGREGATION_LEVELS]
    gains = [a - b for a, b in pairwise(needed)]
    assert all(2.5 < gain < 4.5 for gain in gains)


@pytest.mark.parametrize("bler", [0.0, 1.0, -1.0])
def test_impossible_error_rates_are_refused(bler: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        snr_threshold_db(MCS_TABLE[0], 100, bler)
