import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semvid.phy.ldpc.rate_matching import REDUNDANCY_VERSIONS
from semvid.phy.mcs import MCS_TABLE, Mcs
from semvid.phy.qam import demap, map_bits
from semvid.phy.segmentation import MAX_PAYLOAD_BYTES, segment
from semvid.phy.transport_block import SoftTransportBlock, encode, repeats_as, symbols_for

codes = st.sampled_from(sorted(MCS_TABLE))
sizes = st.one_of(st.integers(1, 40), st.integers(1, 1200), st.integers(1, MAX_PAYLOAD_BYTES))


def perfect(bits: np.ndarray) -> np.ndarray:
    return 20 * (1 - 2 * bits.astype(np.float32))


@settings(max_examples=120, deadline=None)
@given(size=sizes, code=codes, seed=st.integers(0, 2**32 - 1))
@example(size=1, code=27, seed=0)
@example(size=6, code=24, seed=0)
@example(size=9, code=18, seed=0)
@example(size=478, code=4, seed=0)  # last with CRC16
@example(size=479, code=4, seed=0)  # first with CRC24A
@example(size=1054, code=19, seed=0)  # last in one code block of base graph 1
@example(size=1055, code=19, seed=0)
@example(size=8191, code=0, seed=0)
def test_any_payload_comes_back(size: int, code: int, seed: int) -> None:
    payload = np.random.default_rng(seed).bytes(size)
    mcs = MCS_TABLE[code]
    coded = encode(payload, mcs)
    assert len(coded) == symbols_for(size, mcs) * mcs.qm
    soft = SoftTransportBlock(size, mcs)
    soft.combine(perfect(coded), rv=0)
    assert soft.decode() == payload


@settings(deadline=None)
@given(size=sizes, code=codes)
def test_symbols_follow_the_code_rate(size: int, code: int) -> None:
    mcs = MCS_TABLE[code]
    crc = 24 if 8 * size > 3824 else 16
    nominal = math.ceil((8 * size + crc) / (mcs.qm * mcs.code_rate))
    assert nominal <= symbols_for(size, mcs)
    if size > 40:
        assert symbols_for(size, mcs) == nominal


@pytest.mark.parametrize(
    ("size", "code", "base_graph", "count"),
    [
        (36, 27, 2, 1),
        (37, 27, 1, 1),
        (400, 14, 2, 1),
        (477, 16, 1, 1),
        (8191, 27, 1, 8),
        (8191, 0, 2, 18),
    ],
)
def test_base_graph_and_number_of_code_blocks(size: int, code: int, base_graph: int, count: int) -> None:
    plan = segment(size, MCS_TABLE[code].code_rate)
    assert (plan.code.base_graph, plan.block_count) == (base_graph, count)


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, MAX_PAYLOAD_BYTES), code=codes, seed=st.integers(0, 999))
def test_split_and_join(size: int, code: int, seed: int) -> None:
    plan = segment(size, MCS_TABLE[code].code_rate)
    payload = np.unpackbits(np.frombuffer(np.random.default_rng(seed).bytes(size), np.uint8))
    blocks = plan.split(payload)
    assert all(plan.block_holds(block) for block in blocks)
    joined = plan.join(blocks)
    assert joined is not None
    assert np.array_equal(joined, payload)
    blocks[-1][0] ^= 1
    assert not plan.block_holds(blocks[-1])
    assert plan.join(blocks) is None


@pytest.mark.parametrize("size", [0, 8192])
def test_sizes_outside_the_limits_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=r"1\.\.8191"):
        symbols_for(size, MCS_TABLE[0])


def test_wrong_number_of_llrs_is_refused() -> None:
    with pytest.raises(ValueError, match="coded bits"):
        SoftTransportBlock(10, MCS_TABLE[0]).combine(np.zeros(3, np.float32), 0)


def transmissions_needed(
    mcs: Mcs, snr_db: float, versions: tuple[int, ...], rng: np.random.Generator, awgn: Callable
) -> int:
    payload = rng.bytes(126)
    soft = SoftTransportBlock(len(payload), mcs)
    for sent, rv in enumerate(versions, start=1):
        received = awgn(map_bits(encode(payload, mcs, rv), mcs.qm), snr_db)
        soft.combine(demap(received, 10 ** (-snr_db / 10), mcs.qm), rv)
        if soft.decode() == payload:
            return sent
    return len(versions) + 1


def test_incremental_redundancy_gains_three_db_over_repetition(
    rng: np.random.Generator, awgn: Callable
) -> None:
    """64-QAM at rate 0.85: after two transmissions new bits are worth about 3 dB more than old ones."""
    mcs, trials = MCS_TABLE[19], 60

    def decoded(snr_db: float, versions: tuple[int, ...]) -> float:
        needed = [transmissions_needed(mcs, snr_db, versions, rng, awgn) for _ in range(trials)]
        return float(np.mean(np.array(needed) <= len(versions)))

    assert decoded(10.0, REDUNDANCY_VERSIONS[:2]) > 0.95
    assert decoded(13.0, (0, 0)) < 0.2
    assert decoded(13.0, (0,)) == 0.0


def test_combining_works_in_any_order_and_far_below_the_first_threshold(
    rng: np.random.Generator, awgn: Callable
) -> None:
    for versions in [(0, 2, 3, 1), (2, 0, 1, 3), (3, 1, 2, 0)]:
        needed = [transmissions_needed(MCS_TABLE[4], -3.0, versions, rng, awgn) for _ in range(20)]
        assert max(needed) <= 4
        assert min(needed) > 1


def test_all_zero_llrs_do_not_decode_to_zeros() -> None:
    soft = SoftTransportBlock(5, MCS_TABLE[3])
    soft.combine(np.zeros(symbols_for(5, MCS_TABLE[3]) * 2, np.float32), 0)
    assert soft.decode() is None


@settings(max_examples=30, deadline=None)
@given(
    size=st.integers(1, 600),
    code=codes,
    rv=st.integers(0, 3),
    seed=st.integers(0, 999),
    kind=st.sampled_from(["noise", "nan", "inf", "huge"]),
)
def test_garbage_is_never_accepted(size: int, code: int, rv: int, seed: int, kind: str) -> None:
    mcs = MCS_TABLE[code]
    llrs = np.random.default_rng(seed).standard_normal(symbols_for(size, mcs) * mcs.qm).astype(np.float32)
    if kind == "huge":
        llrs *= np.float32(1e37)
    elif kind != "noise":
        llrs[:] = np.nan if kind == "nan" else np.inf * np.sign(llrs)
    soft = SoftTransportBlock(size, mcs)
    soft.combine(llrs, rv)
    assert soft.decode() is None


@settings(max_examples=40, deadline=None)
@given(size=sizes, code=codes, data=st.data())
def test_a_block_can_be_repeated_in_another_scheme(size: int, code: int, data: st.DataObject) -> None:
    """Nothing came in of the first transmission but noise's worth; the others bring it."""
    payload, first = np.random.default_rng(0).bytes(size), MCS_TABLE[code]
    schemes = repeats_as(size, first)
    assert first in schemes
    lengths = [symbols_for(size, mcs) for mcs in schemes]
    assert lengths == sorted(lengths)
    soft = SoftTransportBlock(size, first)
    soft.combine(0 * perfect(encode(payload, first)), rv=0)
    mcs = data.draw(st.sampled_from(schemes), label="repeated as")
    assert soft.takes(size, mcs)
    soft.combine(perfect(encode(payload, mcs)), rv=0, mcs=mcs)
    assert soft.decode() == payload
