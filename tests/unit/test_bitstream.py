from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid.bitstream import MAX_UNITS, pack, unpack
from semvid.errors import InvalidInput, MalformedUnits
from semvid.profile import Given
from semvid.semantics import Caption, Keyframe, PictureCoding, StreamEnd, StreamHeader, Timing, Unit
from semvid.wire.v1 import semantics_pb2 as pb

positive = st.builds(Fraction, st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1))
sides = st.integers(1, 16_384)
rates = st.sampled_from([Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(25, 2), Fraction(60)])
headers = st.builds(
    StreamHeader,
    sides,
    sides,
    sides,
    sides,
    positive
    | st.sampled_from([Fraction(1, 1000), Fraction(1, 12_800), Fraction(1, 30_000), Fraction(1, 25)]),
    positive | rates,
    st.integers(-(2**62), 2**62),
    st.sampled_from(PictureCoding),
    st.integers(0, 2**32 - 1),
    st.integers(0, 255).map(lambda phase: Fraction(phase, 256)),
    st.sampled_from(Given),
)
marks = st.integers(0, 2**24).flatmap(
    lambda number: st.builds(
        Keyframe, st.just(number), st.integers(number, 2**31 - 1), st.just(b""), st.booleans()
    )
)
keyframes = st.integers(0, 2**24).flatmap(
    lambda number: st.builds(
        Keyframe,
        st.just(number),
        st.integers(number, 2**31 - 1),
        st.binary(min_size=1, max_size=300),
        st.booleans(),
        st.booleans(),
    )
)
captions = st.builds(
    lambda first, span, text, motion: Caption(first, first + span, text, motion),
    st.integers(0, 10**6),
    st.integers(0, 1000),
    st.text(max_size=60),
    st.integers(0, 255),
)
timings = st.builds(
    Timing,
    st.integers(0, 2**31 - 1),
    st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=20).map(tuple),
)
ends = st.integers(1, 2**24).flatmap(
    lambda keyframes: st.builds(StreamEnd, st.integers(keyframes, 2**31 - 1), st.just(keyframes))
)


@given(
    st.lists(headers, max_size=1),
    st.lists(keyframes | marks, max_size=3),
    st.lists(captions, max_size=2),
    st.lists(timings, max_size=2),
    st.lists(ends, max_size=1),
)
def test_round_trip(
    headers: list[Unit],
    keyframes: list[Unit],
    captions: list[Unit],
    timings: list[Unit],
    ends: list[Unit],
) -> None:
    units = [*headers, *keyframes, *captions, *timings, *ends]
    assert unpack(pack(units)) == units


@given(st.binary(max_size=400))
def test_any_bytes_are_units_or_refused(payload: bytes) -> None:
    _are_units_or_refused(payload)


def _are_units_or_refused(payload: bytes) -> None:
    try:
        units = unpack(payload)
    except MalformedUnits:
        return
    assert unpack(pack(units)) == units


@given(st.data())
def test_damaged_units_are_units_or_refused(data: st.DataObject) -> None:
    payload = bytearray(pack([data.draw(headers), data.draw(keyframes), data.draw(captions)]))
    position = data.draw(st.integers(0, len(payload) - 1))
    payload[position] ^= data.draw(st.integers(1, 255))
    _are_units_or_refused(bytes(payload))


def test_truncated_units_are_refused() -> None:
    payload = pack([Keyframe(1, 20, b"packet")])
    with pytest.raises(MalformedUnits):
        unpack(payload[:-1])


@pytest.mark.parametrize(
    "message",
    [
        pb.SemanticUnits(keyframes=[pb.Keyframe(number=0, frame=0, packet=b"", parts=2)]),
        pb.SemanticUnits(keyframes=[pb.Keyframe(number=0, frame=0, packet=b"x", flags=4)]),
        pb.SemanticUnits(keyframes=[pb.Keyframe(number=9, frame=1, packet=b"x")]),
        pb.SemanticUnits(keyframes=[pb.Keyframe(number=1, frame=1, packet=b"x", part=3, parts=2)]),
        pb.SemanticUnits(headers=[pb.StreamHeader(width=1, height=1)]),
        pb.SemanticUnits(headers=[pb.StreamHeader(width=1, height=1, usual=9)]),
        pb.SemanticUnits(headers=[pb.StreamHeader(width=1, height=1, usual=6 + 8, ntsc_rate=24)]),
        pb.SemanticUnits(headers=[pb.StreamHeader(width=1, height=1, usual=1 + 80, ntsc_rate=24)]),
        pb.SemanticUnits(headers=[pb.StreamHeader(width=9, height=9, coded_width=8, usual=9, ntsc_rate=24)]),
        pb.SemanticUnits(
            headers=[pb.StreamHeader(width=9, height=9, usual=9, ntsc_rate=24, frame_rate_numerator=24)]
        ),
        pb.SemanticUnits(
            headers=[_ := pb.StreamHeader(width=0, height=1, time_base_denominator=1, frame_rate_numerator=1)]
        ),
        pb.SemanticUnits(ends=[pb.StreamEnd(frames=1, keyframes=1)] * 2),
        pb.SemanticUnits(captions=[pb.Caption(motion=256)]),
        pb.SemanticUnits(captions=[pb.Caption()] * (MAX_UNITS + 1)),
        pb.SemanticUnits(timings=[pb.Timing(first_frame=0)]),
    ],
)
def test_impossible_fields_are_refused(message: pb.SemanticUnits) -> None:
    with pytest.raises(MalformedUnits):
        unpack(message.SerializeToString())


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(MalformedUnits, match="unknown field 15"):
        unpack(pack([StreamEnd(1, 1)]) + bytes([15 << 3, 1]))


def test_too_many_units_are_not_packed() -> None:
    pack([Timing(0, (1,))] * MAX_UNITS)
    with pytest.raises(InvalidInput, match="at most"):
        pack([Timing(0, (1,))] * (MAX_UNITS + 1))


def test_usual_units_are_small() -> None:
    for coded in ((576, 320), (432, 240), (384, 213), (288, 160), (192, 107), (144, 80)):
        for base, rate in (
            (Fraction(1, 12_288), Fraction(24)),
            (Fraction(1, 25), Fraction(25)),
            (Fraction(1, 1000), Fraction(30)),
            (Fraction(1, 30_000), Fraction(30_000, 1001)),
            (Fraction(1, 90_000), Fraction(60_000, 1001)),
        ):
            header = StreamHeader(576, 320, *coded, base, rate)
            assert len(pack([header])) == 12
            assert unpack(pack([header])) == [header]
    assert len(pack([StreamEnd(96, 20)])) == 6
    assert len(pack([Keyframe(9, 130, bytes(300))])) <= 300 + 12
    assert len(pack([Caption(9, 12, "", 40)])) <= 11
