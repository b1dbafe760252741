from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.accounting import Ledger, SymbolClass, cbr


def test_cbr_is_channel_uses_per_source_sample() -> None:
    # 16 s of 576x320 at 24 fps have 212,336,640 samples; a thousandth of them
    assert cbr(212_337, frames=384, height=320, width=576) == pytest.approx(1e-3, rel=1e-5)


@pytest.mark.parametrize("bad", [(-1, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0)])
def test_cbr_refuses_what_has_none(bad: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no CBR"):
        cbr(*bad)


@given(
    symbols=st.integers(0, 10**7),
    bits=st.dictionaries(st.sampled_from(SymbolClass), st.integers(1, 10**5), min_size=1),
)
def test_shared_symbols_are_dealt_whole_and_fairly(symbols: int, bits: dict[SymbolClass, int]) -> None:
    ledger = Ledger()
    ledger.add_shared(symbols, bits)
    assert ledger.total_symbols == symbols
    assert {c: b for c, b in ledger.bits.items() if b} == bits
    for symbol_class, share in bits.items():
        assert abs(ledger.symbols[symbol_class] - symbols * share / sum(bits.values())) < 1


def test_symbols_that_carry_nothing_need_a_class() -> None:
    with pytest.raises(ValueError, match="one class"):
        Ledger().add_shared(10, {})


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot count"):
        Ledger().add(SymbolClass.PILOT, -1)
