"""Units and keyframes in the payloads of blocks."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from semvid import bitstream
from semvid.accounting import SymbolClass
from semvid.link.packing import KeyframePacket, block_payloads
from semvid.semantics import Caption, Keyframe, Timing, Unit

small_units = st.one_of(
    st.builds(Caption, st.just(3), st.just(4), st.text("abc ", max_size=200)),
    st.builds(Timing, st.just(5), st.lists(st.integers(-9, 9), min_size=1, max_size=60).map(tuple)),
    st.builds(Keyframe, st.just(2), st.just(9), st.just(b""), st.booleans()),
)
keyframes = st.builds(
    KeyframePacket,
    st.just(4),
    st.just(60),
    st.binary(min_size=1, max_size=5000),
    st.booleans(),
    st.booleans(),
)


@given(
    units=st.lists(small_units, max_size=12),
    keyframe=st.none() | keyframes,
    limit=st.integers(100, 8191),
)
def test_all_of_it_travels_within_bounds_and_counted(
    units: list[Unit], keyframe: KeyframePacket | None, limit: int
) -> None:
    blocks = block_payloads(units, keyframe, limit)
    protected = [block.protected for block in blocks if block.protected is not None]
    bulk = [block.bulk for block in blocks if block.bulk is not None]
    unpacked = [unit for payload in protected for unit in bitstream.unpack(payload.data)]
    assert Counter(unpacked) == Counter(units)
    parts = [unit for payload in bulk for unit in bitstream.unpack(payload.data)]
    assert b"".join(part.packet for part in parts) == (b"" if keyframe is None else keyframe.packet)
    assert [part.part for part in parts] == list(range(len(parts)))
    for part in parts:
        assert (part.number, part.frame) == (4, 60)
        assert (part.shot_start, part.refresh) == (keyframe.shot_start, keyframe.refresh)

    assert all(1 <= len(payload.data) <= 1023 for payload in protected)
    assert all(1 <= len(payload.data) <= limit for payload in bulk)
    # the receiver shows a segment once its keyframe is there: what belongs to it comes before or beside
    begun = [block.bulk is not None for block in blocks]
    assert begun == sorted(begun)
    assert sum(block.protected is not None for block in blocks if block.bulk is not None) <= 1

    bits: Counter[SymbolClass] = Counter()
    for payload in (*protected, *bulk):
        bits.update(payload.bits)
    expected: Counter[SymbolClass] = Counter()
    for unit in (*units, *parts):
        kind = {Caption: SymbolClass.CAPTION}.get(type(unit), SymbolClass.HEADER)
        picture = isinstance(unit, Keyframe) and unit.packet
        expected[SymbolClass.KEYFRAME if picture else kind] += 8 * len(bitstream.pack([unit]))
    assert bits == expected
