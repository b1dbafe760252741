from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid import text
from semvid.bitstream import MAX_UNITS, pack, unpack
from semvid.errors import InvalidInput, MalformedUnits
from semvid.profile import Given
from semvid.semantics import (
    Caption,
    Opening,
    PictureCoding,
    SideUnit,
    StreamEnd,
    StreamHeader,
    Timing,
)
from semvid.wire.v1 import semantics_pb2 as pb

SIDES = {"width": 1, "height": 1, "coded_width": 1, "coded_height": 1}
SMALL = {**SIDES, "time_base_denominator": 1, "frame_rate_numerator": 1}

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
    st.integers(0, 7),
)
openings = st.integers(0, 2**24).flatmap(
    lambda number: st.builds(Opening, st.just(number), st.integers(number, 2**31 - 1), st.booleans())
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
    st.lists(openings, max_size=3),
    st.lists(captions, max_size=2),
    st.lists(timings, max_size=2),
    st.lists(ends, max_size=1),
)
def test_round_trip(
    headers: list[SideUnit],
    openings: list[SideUnit],
    captions: list[SideUnit],
    timings: list[SideUnit],
    ends: list[SideUnit],
) -> None:
    units = [*headers, *openings, *captions, *timings, *ends]
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
    payload = bytearray(pack([data.draw(headers), data.draw(openings), data.draw(captions)]))
    position = data.draw(st.integers(0, len(payload) - 1))
    payload[position] ^= data.draw(st.integers(1, 255))
    _are_units_or_refused(bytes(payload))


def test_truncated_units_are_refused() -> None:
    payload = pack([Opening(1, 20), Caption(1, 2, "a", 8)])
    with pytest.raises(MalformedUnits):
        unpack(payload[:-1])


@pytest.mark.parametrize(
    "message",
    [
        pb.SemanticUnits(openings=[pb.Opening(number=9, frame=1)]),
        pb.SemanticUnits(openings=[pb.Opening(number=0, frame=2**31)]),
        pb.SemanticUnits(captions=[pb.Caption(first=0, span=2**24 + 1, text=text.compress("a dog"))]),
        pb.SemanticUnits(captions=[pb.Caption(first=0, span=1, text=b"\xff" * 2000)]),
        pb.SemanticUnits(headers=[pb.StreamHeader(width=1, height=1)]),
        pb.SemanticUnits(headers=[pb.StreamHeader(**{**SMALL, "width": 0})]),
        pb.SemanticUnits(headers=[pb.StreamHeader(**SMALL, coding=4)]),
        pb.SemanticUnits(headers=[pb.StreamHeader(**SMALL, given=4)]),
        pb.SemanticUnits(headers=[pb.StreamHeader(**SMALL, detail=8)]),
        pb.SemanticUnits(headers=[pb.StreamHeader(**SMALL, restoration=8)]),
        pb.SemanticUnits(headers=[pb.StreamHeader(**SMALL, detail=1, restoration=1)]),
        pb.SemanticUnits(headers=[pb.StreamHeader(**SMALL)] * 2),
        pb.SemanticUnits(ends=[pb.StreamEnd(frames=1, keyframes=1)] * 2),
        pb.SemanticUnits(captions=[pb.Caption(motion=256)]),
        pb.SemanticUnits(captions=[pb.Caption()] * (MAX_UNITS + 1)),
        pb.SemanticUnits(timings=[pb.Timing(first_frame=0)]),
    ],
)
def test_impossible_fields_are_refused(message: pb.SemanticUnits) -> None:
    with pytest.raises(MalformedUnits):
        unpack(message.SerializeToString())


def test_a_header_needs_its_rate_its_time_base_and_its_coded_size() -> None:
    assert unpack(pb.SemanticUnits(headers=[pb.StreamHeader(**SMALL)]).SerializeToString())
    for field in SMALL:
        message = pb.SemanticUnits(headers=[pb.StreamHeader(**{**SMALL, field: 0})])
        with pytest.raises(MalformedUnits):
            unpack(message.SerializeToString())


def test_a_zero_stands_for_the_usual_choice() -> None:
    """And says the same as the choice by its name."""
    usual = (PictureCoding.PYRAMID, Given.BOTH_ENDS)
    for wire in ({}, {"coding": pb.PICTURE_CODING_PYRAMID, "given": pb.GIVEN_BOTH_ENDS}):
        (header,) = unpack(pb.SemanticUnits(headers=[pb.StreamHeader(**SMALL, **wire)]).SerializeToString())
        assert isinstance(header, StreamHeader)
        assert (header.coding, header.given) == usual
        assert len(pack([header])) == len(pack([replace(header, coding=PictureCoding.INTRA)])) - 2


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(MalformedUnits, match="unknown field 15"):
        unpack(pack([StreamEnd(1, 1)]) + bytes([15 << 3, 1]))


def test_too_many_units_are_not_packed() -> None:
    pack([Timing(0, (1,))] * MAX_UNITS)
    with pytest.raises(InvalidInput, match="at most"):
        pack([Timing(0, (1,))] * (MAX_UNITS + 1))


def test_usual_units_are_small() -> None:
    header = StreamHeader(576, 320, 576, 320, Fraction(1, 12_288), Fraction(24))
    assert len(pack([header])) <= 16
    assert len(pack([Opening(9, 130)])) <= 7
