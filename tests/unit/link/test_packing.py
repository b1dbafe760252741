"""Units and groups of keyframes in the payloads of blocks."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from semvid import bitstream, keyframe_payload, sound_payload
from semvid.accounting import SymbolClass
from semvid.images.keyframe_codec import EncodedPicture
from semvid.link.packing import CodedGroup, block_payloads, sound_blocks
from semvid.semantics import (
    ALL_SLOTS,
    Caption,
    KeyframeGroup,
    KeyframeSlice,
    Opening,
    SideUnit,
    SoundPackets,
    Timing,
)

PYRAMID = (8, 4, 2, 1, 3, 6, 5, 7)
ORDERS = [(0,), (0, 1), (0, 2, 1), (0, *PYRAMID), tuple(n - 1 for n in PYRAMID), tuple(range(5))]

small_units = st.one_of(
    st.builds(Caption, st.just(3), st.just(4), st.text("abc ", max_size=200)),
    st.builds(Timing, st.just(5), st.lists(st.integers(-9, 9), min_size=1, max_size=60).map(tuple)),
    st.builds(Opening, st.just(2), st.just(9), st.booleans()),
)


@st.composite
def coded_groups(draw: st.DrawFn) -> CodedGroup:
    order = draw(st.sampled_from(ORDERS))
    size = st.one_of(st.integers(1, 60), st.integers(1, 6000))
    kept_in = st.sampled_from([0, 0, 1, 8, 255])
    refresh = draw(st.booleans())
    number = draw(st.integers(0, 1000))
    pictures = []
    for index, place in enumerate(order):
        packet = bytes([place + 1]) * draw(size)
        begins = refresh and index == 0
        slots = ALL_SLOTS if begins else draw(kept_in)
        pictures.append(EncodedPicture(number + place, packet, begins, leans_on=0, kept_in=slots))
    frames = list(accumulate(draw(st.lists(st.integers(1, 30), min_size=len(order), max_size=len(order)))))
    sent = draw(st.none() | st.sets(st.integers(0, len(order) - 1)))
    return CodedGroup.of(pictures, number, [number + f for f in frames], draw(st.booleans()), sent)


def slices_of(coded: CodedGroup, limit: int) -> list[tuple[KeyframeGroup | None, KeyframeSlice]]:
    """What the blocks of a group hold."""
    found = []
    for block in coded.blocks(limit):
        assert block.protected is None
        assert block.bulk is not None
        *described, part = keyframe_payload.unpack(block.bulk.data)
        assert isinstance(part, KeyframeSlice)
        assert block.stretch == range(part.offset, part.offset + len(part.data))
        found.append((described[0] if described else None, part))
    return found


@given(
    units=st.lists(small_units, max_size=12),
    coded=st.none() | coded_groups(),
    limit=st.integers(200, 8191),
)
def test_all_of_it_travels_within_bounds_and_counted(
    units: list[SideUnit], coded: CodedGroup | None, limit: int
) -> None:
    blocks = block_payloads(units, coded, limit)
    protected = [block.protected for block in blocks if block.protected is not None]
    bulk = [block.bulk for block in blocks if block.bulk is not None]
    unpacked = [unit for payload in protected for unit in bitstream.unpack(payload.data)]
    assert Counter(unpacked) == Counter(units)
    assert all(1 <= len(payload.data) <= 1023 for payload in protected)
    assert all(1 <= len(payload.data) <= limit for payload in bulk)
    # the receiver shows a segment once its keyframe is there: what belongs to it comes before or beside
    begun = [block.bulk is not None for block in blocks]
    assert begun == sorted(begun)
    assert sum(block.protected is not None for block in blocks if block.bulk is not None) <= 1
    assert bool(bulk) == (coded is not None)

    bits: Counter[SymbolClass] = Counter()
    for payload in (*protected, *bulk):
        bits.update(payload.bits)
    expected: Counter[SymbolClass] = Counter()
    for unit in units:
        kind = {Caption: SymbolClass.CAPTION}.get(type(unit), SymbolClass.HEADER)
        expected[kind] += bitstream.bits_of(unit)
    expected[SymbolClass.KEYFRAME] += 8 * sum(len(payload.data) for payload in bulk)
    assert bits == expected


@given(coded_groups(), st.integers(200, 8191))
def test_the_packets_of_a_group_travel_layer_by_layer_and_come_together_again(
    coded: CodedGroup, limit: int
) -> None:
    group = coded.group
    (described, first), *later = slices_of(coded, limit)
    assert described == group
    assert all(none is None for none, _ in later)
    parts = [first, *(part for _, part in later)]
    assert all(part.number == group.number for part in parts)
    assert all(a.offset + len(a.data) == b.offset for a, b in pairwise(parts))
    joined = b"".join(part.data for part in parts)
    assert joined == b"".join(coded.packets[index] for index in group.by_importance())
    assert [joined[span.start : span.stop] for span in group.spans()] == coded.packets
    assert [
        layer for _, layer in sorted(zip(group.by_importance(), sorted(group.layers()), strict=True))
    ] == (group.layers())


@given(coded_groups(), st.integers(200, 8191), st.data())
def test_lost_blocks_cost_the_pictures_in_them(coded: CodedGroup, limit: int, data: st.DataObject) -> None:
    stretches = [block.stretch for block in coded.blocks(limit)]
    lost = data.draw(st.lists(st.sampled_from(stretches), unique=True))
    gone = coded.pictures_in(lost)
    assert gone <= {index for index, packet in enumerate(coded.packets) if packet}
    here = {byte for stretch in stretches if stretch not in lost for byte in stretch}
    for index, span in enumerate(coded.group.spans()):
        if span:
            # without its first block nobody knows what a group holds
            assert (index in gone) == (stretches[0] in lost or not set(span) <= here)


def packets_of(*sizes: int) -> CodedGroup:
    """A pyramid of nine, 0 8 4 2 1 3 6 5 7, with packets of so many bytes."""
    pictures = [
        EncodedPicture(number, bytes(size), index == 0, 0, ALL_SLOTS if index == 0 else number % 2 == 0)
        for index, (number, size) in enumerate(zip((0, *PYRAMID), sizes, strict=True))
    ]
    return CodedGroup.of(pictures, 0, list(range(0, 90, 10)), shot_start=False)


def test_a_layer_has_its_own_block_where_neither_would_be_small() -> None:
    layers_apart = packets_of(1000, 1000, 800, 400, 300, 300, 400, 300, 300)
    assert layers_apart.stretches(8000) == [
        range(0, 2000), range(2000, 2800), range(2800, 3600), range(3600, 4800)
    ]  # fmt: skip
    assert packets_of(1000, 600, 100, 100, 100, 100, 100, 100, 100).stretches(8000) == [
        range(0, 1600), range(1600, 2300)
    ]  # fmt: skip
    assert packets_of(1000, 600, 99, 100, 100, 100, 100, 100, 100).stretches(8000) == [range(0, 2299)]
    assert packets_of(400, 200, 700, 30, 30, 30, 30, 30, 30).stretches(8000) == [range(0, 1480)]
    assert packets_of(1000, 1000, 20, 200, 20, 20, 300, 300, 300).stretches(8000) == [
        range(0, 2000), range(2000, 3160)
    ]  # fmt: skip
    assert packets_of(3000, 0, 0, 0, 0, 0, 0, 0, 0).stretches(1400) == [
        range(0, 1400), range(1400, 2800), range(2800, 3000)
    ]  # fmt: skip


def test_what_is_to_tell_what_the_link_is_like_is_short() -> None:
    sizes = (1000, 1000, 800, 400, 300, 300, 400, 300, 300)
    assert packets_of(*sizes).stretches(8000, 500)[:3] == [range(500), range(500, 2000), range(2000, 2800)]
    assert packets_of(*sizes).stretches(8000, 1301) == packets_of(*sizes).stretches(8000)
    anchors = [(block.anchor, block.vital) for block in packets_of(*sizes).blocks(8000, 500)]
    # the first picture ends in the second block, and with it what cannot be done without
    assert anchors == [(True, True), (True, True), (False, False), (False, False), (False, False)]


def test_a_group_that_is_given_up_as_a_whole_is_still_described() -> None:
    pictures = [EncodedPicture(5, b"anchor", False, 1, 2)]
    coded = CodedGroup.of(pictures, 5, [70], shot_start=True, sent=())
    ((described, part),) = slices_of(coded, 1000)
    assert described == coded.group
    assert (described.size, described.shot_start, part) == (0, True, KeyframeSlice(5, 0, b""))


def test_what_others_lean_on_is_sent_anew_and_what_nothing_leans_on_is_not() -> None:
    sizes = (1000, 1000, 800, 400, 300, 300, 400, 300, 300)
    assert [(block.stretch, block.renewals) for block in packets_of(*sizes).blocks(8000)] == [
        (range(0, 2000), 1), (range(2000, 2800), 1), (range(2800, 3600), 1), (range(3600, 4800), 0)
    ]  # fmt: skip
    top = [EncodedPicture(3, b"top", False, 1, 0)]
    (block,) = CodedGroup.of(top, 3, [9], shot_start=False).blocks(1000)
    assert block.renewals == 0


@settings(max_examples=20)
@given(st.integers(1, 64), st.integers(1, 8))
def test_every_byte_count_is_reached_whatever_the_limit(size: int, limit: int) -> None:
    (picture,) = [EncodedPicture(0, bytes(size), True, 0, ALL_SLOTS)]
    stretches = CodedGroup.of([picture], 0, [0], shot_start=False).stretches(limit)
    assert [byte for stretch in stretches for byte in stretch] == list(range(size))
    assert max(map(len, stretches)) <= limit


@given(st.lists(st.binary(max_size=90), min_size=1, max_size=60), st.integers(100, 4000))
def test_sound_is_split_until_it_fits(packets: list[bytes], limit: int) -> None:
    unit = SoundPackets(7, tuple(packets))
    arrived = []
    for block in sound_blocks(unit, limit):
        assert block.is_sound
        assert block.protected is None
        assert block.bulk is not None
        assert len(block.bulk.data) <= limit
        assert block.bulk.bits == {SymbolClass.SOUND: 8 * len(block.bulk.data)}
        arrived += sound_payload.unpack(block.bulk.data)
    assert [packet for part in arrived for packet in part.packets] == packets
    assert [part.first for part in arrived] == [7, *(part.stop for part in arrived[:-1])]
    if len(sound_payload.pack(unit)) <= limit:
        assert len(arrived) == 1
