"""Reports as symbols: what comes back is what was said, or nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.phy.block import TbState
from semvid.phy.control_word import AGGREGATION_LEVELS
from semvid.phy.report_word import (
    FADING_STEP_DB,
    REPORT_MARGIN_DB,
    SNR_STEP_DB,
    ReportWord,
    decode_report,
    modulate_report,
    report_level,
    report_symbols,
)

states = st.sampled_from(TbState)
words = st.builds(
    ReportWord,
    burst=st.integers(0, 15),
    control_decoded=st.booleans(),
    protected=states,
    bulk=states,
    snr_db=st.floats(-30, 60),
    effective_snr_db=st.floats(-30, 60),
)


@settings(deadline=None)
@given(word=words, level=st.sampled_from(AGGREGATION_LEVELS))
def test_every_report_comes_back_rounded(word: ReportWord, level: int) -> None:
    sent = modulate_report(word, level)
    assert len(sent) == report_symbols(level)
    assert np.mean(np.abs(sent) ** 2) == pytest.approx(1.0, abs=1e-5)
    got = decode_report(0.3j * sent, level)
    assert got is not None
    assert (got.burst, got.control_decoded, got.protected, got.bulk) == (
        word.burst, word.control_decoded, word.protected, word.bulk
    )  # fmt: skip
    assert abs(got.snr_db - word.snr_db) <= SNR_STEP_DB / 2
    fading_db = float(np.clip(word.snr_db - word.effective_snr_db, 0, 63 * FADING_STEP_DB))
    assert abs((got.snr_db - got.effective_snr_db) - fading_db) <= FADING_STEP_DB / 2


@given(word=words, flips=st.sets(st.integers(0, 38), min_size=1, max_size=3))
def test_up_to_three_wrong_bits_are_noticed(word: ReportWord, flips: set[int]) -> None:
    bits = word.to_bits()
    assert len(bits) == 39
    assert ReportWord.from_bits(bits) is not None
    bits[list(flips)] ^= 1
    assert ReportWord.from_bits(bits) is None


def test_what_is_no_number_is_sent_as_the_least() -> None:
    word = ReportWord.from_bits(ReportWord(3, True, TbState.ABSENT, TbState.FAILED, np.nan, np.nan).to_bits())
    assert word is not None
    assert (word.snr_db, word.effective_snr_db) == (-30.0, -30.0)
    with pytest.raises(ValueError, match=r"burst of 0\.\.15, got 16"):
        ReportWord(16, True, TbState.ABSENT, TbState.ABSENT, 0.0, 0.0)


def test_noise_zeros_and_other_lengths_are_no_report() -> None:
    rng = np.random.default_rng(0)
    for level in (1, 4):
        count = report_symbols(level)
        for _ in range(40):
            noise = rng.standard_normal((2, count)).astype(np.float32)
            assert decode_report((noise[0] + 1j * noise[1]).astype(np.complex64), level) is None
    assert decode_report(np.zeros(56, np.complex64), 1) is None
    assert decode_report(np.full(56, np.nan, np.complex64), 1) is None
    sent = modulate_report(ReportWord(0, True, TbState.DECODED, TbState.ABSENT, 3.0, 3.0), 2)
    assert decode_report(sent, 1) is None
    assert decode_report(sent[:-1], 2) is None


def test_at_the_level_that_is_chosen_reports_arrive() -> None:
    rng, word = np.random.default_rng(1), ReportWord(9, True, TbState.DECODED, TbState.FAILED, 7.5, 6.25)
    for snr_db in (-7.0, 0.0, 8.0):
        level = report_level(snr_db)
        sent = modulate_report(word, level)
        lost = 0
        for _ in range(100):
            parts = rng.standard_normal((2, len(sent))) * 10 ** (-snr_db / 20) / np.sqrt(2)
            got = decode_report((sent + parts[0] + 1j * parts[1]).astype(np.complex64), level)
            assert got in (word, None)
            lost += got is None
        assert lost <= 1
    assert [report_level(snr_db) for snr_db in (-30.0, 60.0)] == [16, 1]
    assert REPORT_MARGIN_DB > 0
