from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.phy.control_word import (
    AGGREGATION_LEVELS,
    ANALOGUE_CODE,
    MAX_ANALOGUE_SYMBOLS,
    AnalogueSection,
    ControlWord,
    Section,
    decode_control,
    modulate_control,
    symbols_at,
)
from semvid.phy.crc import CRC16
from semvid.phy.mcs import MCS_TABLE, control_threshold_db
from semvid.phy.qam import demap

mcs = st.sampled_from(list(MCS_TABLE.values()))
words = st.builds(
    ControlWord,
    process=st.integers(0, 15),
    rv=st.integers(0, 3),
    protected=st.builds(Section, st.integers(1, 1023), mcs),
    bulk=st.none()
    | st.builds(Section, st.integers(1, 8191), mcs)
    | st.integers(1, 8191).map(lambda eights: AnalogueSection(8 * eights)),
)


@settings(deadline=None)
@given(word=words, aggregation=st.sampled_from(AGGREGATION_LEVELS))
def test_every_word_comes_back_at_every_level(word: ControlWord, aggregation: int) -> None:
    symbols = modulate_control(word, aggregation)
    assert len(symbols) == (40 if aggregation == 1 else 32 * aggregation)
    assert decode_control(demap(symbols, 0.1, 2)) == word


@given(word=words, flips=st.sets(st.integers(0, 56), min_size=1, max_size=3))
def test_up_to_three_wrong_bits_are_noticed(word: ControlWord, flips: set[int]) -> None:
    bits = word.to_bits()
    assert len(bits) == 57
    assert ControlWord.from_bits(bits) == word
    bits[list(flips)] ^= 1
    assert ControlWord.from_bits(bits) is None


def on_air(values: list[int]) -> np.ndarray:
    """A word of these fields, whatever they mean, with the checksum of words that mean something."""
    widths = (4, 2, 10, 6, 13, 6)
    text = "".join(f"{value:0{width}b}" for value, width in zip(values, widths, strict=True))
    bits = np.frombuffer(text.encode(), np.uint8) - ord("0")
    mask = np.unpackbits(np.frombuffer(b"\x5e\x5d", np.uint8))
    return np.concatenate([bits, CRC16.parity(bits) ^ mask])


@settings(max_examples=300)
@given(
    process=st.integers(0, 15),
    rv=st.integers(0, 3),
    protected=st.tuples(st.integers(0, 1023), st.integers(0, 63)),
    bulk=st.tuples(st.just(0) | st.integers(0, 8191), st.just(ANALOGUE_CODE) | st.integers(0, 63)),
)
def test_any_fields_are_a_word_that_says_them_or_refused(
    process: int, rv: int, protected: tuple[int, int], bulk: tuple[int, int]
) -> None:
    bits = on_air([process, rv, *protected, *bulk])
    word = ControlWord.from_bits(bits)
    (small, small_code), (large, large_code) = protected, bulk
    known = (small_code in MCS_TABLE and (small > 0 or small_code == 0)) and (
        (large_code in MCS_TABLE and (large > 0 or large_code == 0))
        or (large_code == ANALOGUE_CODE and large > 0)
    )
    assert (word is not None) == (known and small + large > 0)
    if word is not None:
        assert np.array_equal(word.to_bits(), bits)
        assert isinstance(word.bulk, AnalogueSection) == (large_code == ANALOGUE_CODE)


def test_a_receiver_that_knows_transport_blocks_only_refuses_analogue_symbols() -> None:
    """What released receivers accept are the codes of the table."""
    assert ANALOGUE_CODE not in MCS_TABLE
    assert len(MCS_TABLE) == 34


def test_zeros_are_not_a_control_word() -> None:
    assert ControlWord.from_bits(np.zeros(57, np.uint8)) is None
    assert decode_control(np.zeros(128, np.float32)) is None


def test_words_without_meaning_are_refused() -> None:
    section = Section(5, MCS_TABLE[0])
    for process, rv, protected, bulk in [
        (16, 0, section, None),
        (0, 4, section, None),
        (0, 0, None, None),
        (0, 0, Section(1024, MCS_TABLE[0]), None),
        (0, 0, None, Section(8192, MCS_TABLE[0])),
        (0, 0, None, Section(0, MCS_TABLE[0])),
    ]:
        with pytest.raises(ValueError):
            ControlWord(process, rv, protected, bulk)
    for symbols in (0, 7, 12, MAX_ANALOGUE_SYMBOLS + 8):
        with pytest.raises(ValueError, match="in eights"):
            AnalogueSection(symbols)
    with pytest.raises(ValueError, match="aggregation"):
        symbols_at(3)


@pytest.mark.parametrize("aggregation", AGGREGATION_LEVELS)
def test_thresholds_hold(aggregation: int, rng: np.random.Generator, awgn: Callable) -> None:
    word = ControlWord(3, 2, Section(100, MCS_TABLE[7]), Section(5000, MCS_TABLE[20]))
    snr_db = control_threshold_db(aggregation, 0.1)
    symbols = modulate_control(word, aggregation)
    trials = 300
    lost = sum(
        decode_control(demap(awgn(symbols, snr_db), 10 ** (-snr_db / 10), 2)) != word for _ in range(trials)
    )
    assert 0.03 * trials < lost < 0.2 * trials


def test_random_symbols_are_not_mistaken_for_words(rng: np.random.Generator) -> None:
    """The CRC alone lets 1 in 65 536 through; parity checks and, in a block, the implied length do more."""
    found = sum(
        decode_control((4 * rng.standard_normal(2 * symbols_at(level))).astype(np.float32)) is not None
        for level in AGGREGATION_LEVELS
        for _ in range(500)
    )
    assert found <= 1
