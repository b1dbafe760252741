"""Parsing, loss and the cache, on whatever may come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evaluation.link import Arrival
from evaluation.methods import video_code
from evaluation.methods.cache import EncodeCache
from evaluation.methods.codec import damaged
from evaluation.methods.video_code import Stream, shown_at
from tests.unit.evaluation.synthetic import moving_bar

# bytes as NAL units have them: emulation prevention keeps two zeros from standing next to each other
PAYLOAD = st.binary(min_size=1, max_size=40).map(lambda b: b.replace(b"\0", b"\x80"))
START = st.sampled_from([b"\0\0\1", b"\0\0\0\1"])
PACKETS = st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=12)


@given(st.lists(st.tuples(START, PAYLOAD), min_size=1, max_size=10))
def test_units_are_the_packet_cut_at_its_start_codes(parts):
    packet = b"".join(start + payload for start, payload in parts)
    found = list(video_code.units(packet))
    assert [unit for _, unit in found] == [start + payload for start, payload in parts]
    assert [head for head, _ in found] == [payload[0] for _, payload in parts]


@given(PACKETS, st.data())
def test_a_packet_is_dropped_just_when_it_lost_a_byte(packets, data):
    sent = b"".join(packets)
    block = data.draw(st.integers(1, 20))
    starts = range(0, len(sent), block)
    gone = sorted(data.draw(st.sets(st.sampled_from(list(starts)))))
    received = bytearray(sent)
    for start in gone:
        received[start : start + block] = bytes(len(sent[start : start + block]))
    lost = [(start, min(start + block, len(sent))) for start in gone]
    stream = Stream(packets, list(range(len(packets))), 8, 8, 1)
    both = damaged(stream, Arrival(bytes(received), lost, len(starts), len(gone)))
    at = 0
    for packet, zeroed, dropped in zip(packets, both["zeroed"], both["dropped"], strict=True):
        missing = {i for a, b in lost for i in range(a, b)} & set(range(at, at + len(packet)))
        assert dropped == (b"" if missing else packet)
        assert zeroed == (b"" if len(missing) == len(packet) else bytes(received[at : at + len(packet)]))
        at += len(packet)


@given(st.integers(1, 40), st.integers(1, 8), st.data())
def test_some_picture_is_always_on_show_and_the_nearest_if_nothing_is_lost(frames, step, data):
    count = -(-frames // step)
    stream = Stream([b"x"] * count, list(range(count)), 8, 8, step)
    there = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    planes = {number: [number] for number in there}
    for index in range(frames):
        (number,) = shown_at(stream, planes, index)  # type: ignore[arg-type]
        assert number in there
        if len(there) == count:
            assert abs(number * step - index) <= max(step // 2, index - (count - 1) * step)


def test_the_cache_gives_back_what_it_was_given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    cache = EncodeCache(folder / "encodes", moving_bar(folder / "bar.mp4", 2), "code")

    @given(PACKETS)
    def check(packets):
        stream = Stream(packets, list(range(len(packets))), 64, 48, 3)
        cache.store_stream(stream, "point", len(packets))
        stored = cache.stream("point", len(packets))
        assert stored is not None
        assert (stored.packets, stored.pts, stored.width, stored.height, stored.step) == (
            packets, stream.pts, 64, 48, 3
        )  # fmt: skip

    check()
    assert cache.stream("nothing") is None
    assert cache.value("nothing") is None
    cache.store_value({"a": 1.5}, "value")
    assert cache.value("value") == {"a": 1.5}
    assert EncodeCache(folder / "encodes", moving_bar(folder / "bar.mp4", 2), "other").value("value") is None
