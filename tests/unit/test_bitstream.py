from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semvid import text
from semvid.bitstream import MAX_UNITS, bits_of, pack, unpack
from semvid.errors import InvalidInput, MalformedUnits
from semvid.faces.units import MAX_MOMENTS, NUMBERS, POINTS, FaceMotion, FaceShape
from semvid.profile import Given
from semvid.semantics import (
    AnalogueKeyframe,
    Caption,
    HdrColour,
    HdrTransfer,
    Opening,
    PictureCoding,
    SideUnit,
    SoundCodec,
    SoundHeader,
    StreamEnd,
    StreamHeader,
    Timing,
)
from semvid.semantics.hdr import KNOWN_PRIMARIES
from semvid.semantics.segments import MAX_OFFSET

HEADER = StreamHeader(576, 320, 576, 320, Fraction(1, 12_288), Fraction(24))

positive = st.builds(Fraction, st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1))
sides = st.integers(1, 16_384)
rates = st.sampled_from([Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(25, 2), Fraction(60)])
aspects = st.sampled_from([Fraction(1), Fraction(16, 11), Fraction(2), Fraction(64, 45)]) | st.builds(
    Fraction, st.integers(1, 4096), st.integers(1, 4096)
)
plain_headers = st.builds(
    StreamHeader,
    sides,
    sides,
    sides,
    sides,
    positive
    | st.sampled_from([Fraction(1, 1000), Fraction(1, 12_800), Fraction(1, 30_000), Fraction(1, 25)]),
    positive | rates,
    st.sampled_from([coding for coding in PictureCoding if coding is not PictureCoding.JSCC]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 255).map(lambda phase: Fraction(phase, 256)),
    st.sampled_from(Given),
    st.integers(0, 7),
    aspects,
)
headers = st.one_of(
    plain_headers,
    plain_headers.map(lambda header: replace(header, detail=0, restoration=header.detail)),
    plain_headers.map(
        lambda header: replace(
            header,
            coding=PictureCoding.JSCC,
            coded_width=min(header.coded_width, 1024),
            coded_height=min(header.coded_height, 1024),
        )
    ),
    st.builds(
        lambda header, hdr: replace(header, hdr=hdr),
        plain_headers,
        st.builds(HdrColour, st.sampled_from(HdrTransfer), st.sampled_from(KNOWN_PRIMARIES)),
    ),
)
sounds = st.builds(
    SoundHeader,
    st.sampled_from(SoundCodec),
    st.sampled_from([20, 40, 60]) | st.integers(1, 1000),
    st.integers(1, 2),
    st.integers(0, 2**20),
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
    st.lists(st.integers(-MAX_OFFSET, MAX_OFFSET), min_size=1, max_size=20).map(tuple),
)
analogue = st.integers(0, 2**24).flatmap(
    lambda number: st.builds(
        AnalogueKeyframe,
        st.just(number),
        st.integers(number, 2**31 - 1),
        st.binary(max_size=300) | st.just(bytes(1000)),
        st.booleans(),
    )
)
face_numbers = st.integers(-20, 20) | st.integers(-(2**12), 2**12)
shapes = st.builds(
    FaceShape,
    st.integers(0, 2**24),
    st.integers(-(2**15), 2**15),
    st.integers(-(2**15), 2**15),
    st.integers(1, 2**15),
    st.integers(-256, 256),
    st.tuples(*[st.tuples(face_numbers, face_numbers)] * 3).map(lambda three: three * (POINTS // 3)),
)
motions = st.builds(
    FaceMotion,
    st.integers(0, 2**24),
    st.integers(1, 2**15),
    st.integers(1, 100),
    st.lists(st.tuples(*[face_numbers] * NUMBERS), min_size=1, max_size=9).map(tuple),
)
ends = st.integers(1, 2**24).flatmap(
    lambda keyframes: st.builds(
        StreamEnd,
        st.integers(keyframes, 2**31 - 1),
        st.just(keyframes),
        st.none() | st.integers(1, 2**31 - 1),
    )
)


@given(
    st.lists(headers, max_size=1),
    st.lists(sounds, max_size=1),
    st.lists(openings, max_size=3),
    st.lists(captions, max_size=2),
    st.lists(timings, max_size=2),
    st.lists(ends, max_size=1),
    st.lists(analogue, max_size=1),
    st.lists(motions, max_size=2),
    st.lists(shapes, max_size=2),
)
def test_round_trip(
    headers: list[SideUnit],
    sounds: list[SideUnit],
    openings: list[SideUnit],
    captions: list[SideUnit],
    timings: list[SideUnit],
    ends: list[SideUnit],
    analogue: list[SideUnit],
    motions: list[SideUnit],
    shapes: list[SideUnit],
) -> None:
    units = [*headers, *sounds, *openings, *captions, *timings, *ends, *analogue, *motions, *shapes]
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


@given(analogue, st.integers(0, 7), st.integers(0, 40))
def test_a_damaged_keyframe_without_bits_is_units_or_refused(
    keyframe: AnalogueKeyframe, bit: int, byte: int
) -> None:
    payload = bytearray(pack([Caption(0, 1, "a dog", 8), keyframe]))
    payload[byte % len(payload)] ^= 1 << bit
    _are_units_or_refused(bytes(payload))


@given(shapes, motions, st.integers(0, 7), st.integers(0, 400))
def test_damaged_faces_are_units_or_refused(
    shape: FaceShape, motion: FaceMotion, bit: int, byte: int
) -> None:
    payload = bytearray(pack([shape, motion]))
    payload[byte % len(payload)] ^= 1 << bit
    _are_units_or_refused(bytes(payload))


@given(motions, st.integers(1, 400))
def test_truncated_faces_are_refused(motion: FaceMotion, less: int) -> None:
    payload = pack([motion])
    with pytest.raises(MalformedUnits):
        unpack(payload[: -min(less, len(payload) - 1)])


def test_a_face_that_keeps_still_takes_a_bit_a_number_and_moment() -> None:
    still = FaceMotion(3, 2, 2, ((0,) * NUMBERS,) * 32)
    assert bits_of(still) <= NUMBERS * (32 + 3) + 40
    assert bits_of(FaceShape(3, 80, 80, 40, 0, ((0, 0),) * POINTS)) <= 2 * POINTS + 60


def test_a_burst_describes_one_keyframe_without_bits() -> None:
    """There is one run of symbols in it."""
    with pytest.raises(MalformedUnits, match="more than one AnalogueKeyframe"):
        unpack(pack([AnalogueKeyframe(0, 0, b"map"), AnalogueKeyframe(1, 5, b"map")]))


def test_truncated_units_are_refused() -> None:
    payload = pack([Opening(1, 20), Caption(1, 2, "a", 8)])
    with pytest.raises(MalformedUnits):
        unpack(payload[:-1])


def _forged(unit: SideUnit, **fields: object) -> SideUnit:
    """``unit`` with fields that it would refuse, for `pack` to write down."""
    forged = replace(unit)
    for name, value in fields.items():
        object.__setattr__(forged, name, value)
    return forged


@pytest.mark.parametrize(
    "units",
    [
        [_forged(Opening(0, 0), number=2**24 + 1, frame=2**24 + 1)],
        [_forged(Opening(0, 0), frame=2**31)],
        [_forged(Caption(0, 0, "a dog"), last=2**24 + 1)],
        [_forged(HEADER, width=16_385)],
        [_forged(HEADER, coded_height=16_385)],
        [_forged(HEADER, frame_rate=Fraction(2**31))],
        [_forged(HEADER, frame_rate=Fraction(2, 2**31 + 1))],
        [_forged(HEADER, time_base=Fraction(1, 2**31))],
        [_forged(HEADER, pixel_aspect=Fraction(4097))],
        [_forged(HEADER, pixel_aspect=Fraction(1, 4097))],
        [HEADER, HEADER],
        [StreamEnd(1, 1), StreamEnd(1, 1)],
        [_forged(StreamEnd(1, 1), frames=2**31)],
        [_forged(StreamEnd(1, 1), keyframes=2)],
        [_forged(StreamEnd(1, 1), hold=2**31)],
        [SoundHeader(SoundCodec.OPUS, 20), SoundHeader(SoundCodec.OPUS, 20)],
        [_forged(SoundHeader(SoundCodec.OPUS, 20), packet_ms=1001)],
        [_forged(SoundHeader(SoundCodec.OPUS, 20), bit_rate=2**21)],
        [_forged(Timing(0, (0,)), first_frame=2**31)],
        [_forged(Timing(0, (0,)), offsets=(MAX_OFFSET + 1,))],
        [_forged(Timing(0, (0,)), offsets=(0,) * 4097)],
        [_forged(FaceMotion(0, 1, 1, ((0,) * NUMBERS,)), number=2**24 + 1)],
        [_forged(FaceMotion(0, 1, 1, ((0,) * NUMBERS,)), every=257)],
        [_forged(FaceMotion(0, 1, 1, ((0,) * NUMBERS,)), first=2**16 + 1)],
        [_forged(FaceMotion(0, 1, 1, ((0,) * NUMBERS,)), moments=((0,) * NUMBERS,) * (MAX_MOMENTS + 1))],
        [_forged(FaceShape(0, 9, 9, 9, 0, ((0, 0),) * POINTS), size=2**15 + 1)],
        [_forged(FaceShape(0, 9, 9, 9, 0, ((0, 0),) * POINTS), points=((5000, 0),) * POINTS)],
    ],
)
def test_impossible_fields_are_refused(units: list[SideUnit]) -> None:
    with pytest.raises(MalformedUnits):
        unpack(pack(units))


@pytest.mark.parametrize(
    ("at", "bits", "what"),
    [
        (4 + 24, "1001", "unknown numbers, size 9"),
        (4 + 28, "11", "frame rate of the unknown kind 3"),
        (4 + 36, "111", "unknown numbers, size 1, time base 7"),
        (4 + 41, "110111", "unknown source of segments, 3"),  # what HDR it is says the first 3
    ],
)
def test_numbers_that_stand_for_nothing_are_refused(at: int, bits: str, what: str) -> None:
    """Written over the fields of a header that takes 12 bits a side and 8 for its rate."""
    header = replace(HEADER, width=576, height=576, coded_width=576, coded_height=576)
    payload = pack([header])
    written = f"{int.from_bytes(payload, 'big'):0{8 * len(payload)}b}"
    forged = written[:at] + bits + written[at + len(bits) :]
    with pytest.raises(MalformedUnits, match=what):
        unpack(int(forged, 2).to_bytes(len(payload), "big"))


def test_a_text_that_no_coder_makes_is_refused() -> None:
    payload = pack([Caption(0, 1, "a dog")])
    code = text.compress("a dog")
    at = 1 + 3 + 4 + 2 + 8 + 5  # bits before the text: units, kind, first, span, motion, length
    written, ones = int.from_bytes(payload, "big"), (1 << 8 * len(code)) - 1
    below = 8 * len(payload) - at - 8 * len(code)
    assert written >> below & ones == int.from_bytes(code, "big")
    wrong = written | ones << below
    with pytest.raises(MalformedUnits, match="caption"):
        unpack(wrong.to_bytes(len(payload), "big"))


def test_nothing_may_follow() -> None:
    payload = pack([SoundHeader(SoundCodec.OPUS, 20)])
    with pytest.raises(MalformedUnits, match="follow"):
        unpack(payload + bytes(1))
    with pytest.raises(MalformedUnits, match="padded"):
        unpack(payload[:-1] + bytes([payload[-1] | 1]))


def test_units_among_others_take_the_bits_that_are_said() -> None:
    units: list[SideUnit] = [HEADER, Caption(0, 3, "a dog, large, in the middle", 9), StreamEnd(90, 4)]
    together = 8 * len(pack(units))
    said = sum(map(bits_of, units))
    assert said <= together < said + 3 + 8


def test_too_many_units_are_not_packed() -> None:
    pack([Timing(0, (1,))] * MAX_UNITS)
    with pytest.raises(InvalidInput, match="at most"):
        pack([Timing(0, (1,))] * (MAX_UNITS + 1))


def test_no_units_are_no_bytes() -> None:
    assert pack([]) == b""
    assert unpack(b"") == []


@pytest.mark.parametrize(
    ("aspect", "more"), [(Fraction(16, 11), 4), (Fraction(4, 3), 4), (Fraction(64, 45), 4 + 8 + 8)]
)
def test_square_pixels_cost_a_bit_and_usual_ones_four_more(aspect: Fraction, more: int) -> None:
    header = StreamHeader(720, 576, 720, 576, Fraction(1, 12_800), Fraction(25))
    assert bits_of(replace(header, pixel_aspect=aspect)) == bits_of(header) + more


@pytest.mark.parametrize(
    ("hdr", "more"),
    [
        (HdrColour(HdrTransfer.HLG), 4),
        (HdrColour(HdrTransfer.PQ), 4),
        (HdrColour(HdrTransfer.PQ, 12), 6),
        (HdrColour(HdrTransfer.HLG, 22), 10),
    ],
)
def test_hdr_costs_half_a_byte_in_bt2020_and_nothing_where_there_is_none(hdr: HdrColour, more: int) -> None:
    assert bits_of(replace(HEADER, hdr=hdr)) == bits_of(HEADER) + more


def test_usual_units_are_small() -> None:
    assert bits_of(HEADER) <= 48
    assert bits_of(replace(HEADER, restoration=5)) == bits_of(HEADER) + 4
    assert bits_of(Opening(9, 130)) <= 20
    assert bits_of(StreamEnd(90, 4)) <= 17
    words = "a dog, large, in the middle"
    assert bits_of(Caption(0, 3, words, 9)) <= 8 * len(text.compress(words)) + 26
    assert bits_of(Timing(0, (1, 1, 1, 2, 2, 2, 3, 3, 3, 3))) <= 40


def test_that_there_is_sound_costs_a_byte() -> None:
    assert bits_of(SoundHeader(SoundCodec.OPUS, 20)) == 8
    assert bits_of(SoundHeader(SoundCodec.OPUS, 60, 2)) <= 16
