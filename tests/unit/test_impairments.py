from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.errors import InvalidInput
from semvid.impairments import NOT_FADING, Chain, Impairment


@given(
    fading=st.sampled_from(sorted(set(Impairment) - NOT_FADING)),
    others=st.permutations(sorted(NOT_FADING)).flatmap(lambda p: st.integers(0, 4).map(lambda n: p[:n])),
    place=st.integers(0, 4),
)
def test_a_chain_means_the_same_in_any_order_and_has_one_name(fading: str, others: list, place: int) -> None:
    parts = [*others[:place], fading, *others[place:]]
    chain = Chain.parse("+".join(parts))
    assert (chain.fading, chain.others) == (fading, set(others))
    assert Chain.parse(chain.name) == chain
    assert Chain.parse("+".join(reversed(parts))).name == chain.name


@pytest.mark.parametrize("name", ["awgn", "tdl-c", "cfo", "tdl-a+gilbert-elliott+trace+cfo+phase-noise"])
def test_names_are_kept(name: str) -> None:
    assert Chain.parse(name).name == name


@pytest.mark.parametrize("name", ["rayleigh+tdl-a", "cfo+cfo", "awgn+awgn", "awgn+rician+cfo"])
def test_two_of_a_kind_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="one kind of fading"):
        Chain.parse(name)


@given(st.text(max_size=20))
def test_whatever_is_written_is_a_chain_or_refused(name: str) -> None:
    with suppress(InvalidInput):
        assert set(Chain.parse(name).name.split("+")) <= set(Impairment)
