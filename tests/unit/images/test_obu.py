"""AV1 units: a packet for each picture, and every bit of the framing put back."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.packet import Packet
from hypothesis import example, given
from hypothesis import strategies as st

from semvid.errors import MalformedUnits
from semvid.images import obu
from semvid.images.frame_header import SequenceHeader
from semvid.images.keyframe_codec import KeyframeEncoder

SEQUENCE, DELIMITER, HEADER, TILES, METADATA, FRAME, PADDING = 1, 2, 3, 4, 5, 6, 15


def leb128(value: int) -> bytes:
    """Clause 4.10.5 of the AV1 specification."""
    digits = [value >> shift & 0x7F for shift in range(0, max(1, value.bit_length()), 7)]
    return bytes([*(digit | 0x80 for digit in digits[:-1]), digits[-1]])


def unit(kind: int, payload: bytes, sized: bool = True, extension: int | None = None) -> bytes:
    """Clause 5.3."""
    head = [
        kind << 3 | (extension is not None) << 2 | sized << 1,
        *([] if extension is None else [extension]),
    ]
    return bytes(head) + (leb128(len(payload)) if sized else b"") + payload


def begun(packet: bytes) -> bytes:
    """The sequence header that ``packet`` opens with."""
    return packet[: 2 + packet[1]]


payloads = st.one_of(st.binary(max_size=40), st.integers(120, 140).map(bytes), st.just(bytes(20_000)))
extensions = st.none() | st.integers(0, 255)


@given(
    st.lists(st.tuples(st.booleans(), payloads, payloads, extensions), max_size=4),
    st.booleans(),
)
def test_a_temporal_unit_comes_apart_into_packets_and_each_is_restored(
    coded: list[tuple[bool, bytes, bytes, int | None]], calls: bool
) -> None:
    """Pictures, each perhaps behind a sequence header, and a call for one that was coded before."""
    temporal_unit, packets, restored = unit(DELIMITER, b""), [], []
    for begins, sequence, frame, extension in coded:
        before = unit(SEQUENCE, sequence) if begins else b""
        temporal_unit += before + unit(FRAME, frame, extension=extension)
        packets.append(before + unit(FRAME, frame, sized=False, extension=extension))
        restored.append(unit(DELIMITER, b"") + before + unit(FRAME, frame, extension=extension))
    temporal_unit += obu.call(3)[2:] if calls else b""
    assert obu.pictures(temporal_unit) == packets
    assert [obu.restore(packet) for packet in packets] == restored
    assert [obu.starts_sequence(packet) for packet in packets] == [begins for begins, *_ in coded]


@pytest.mark.parametrize("slot", range(8))
def test_a_call_shows_the_picture_of_a_slot(slot: int) -> None:
    assert obu.call(slot) == unit(DELIMITER, b"") + unit(HEADER, bytes([0b1000_1000 | slot << 4]))


@pytest.mark.parametrize(
    ("temporal_unit", "message"),
    [
        (unit(FRAME, b"abc")[:-1], "passes the end"),
        (bytes([FRAME << 3 | 2]), "does not end"),
        (bytes([FRAME << 3 | 2, *[0x80] * 9]), "does not end"),
        (bytes([0x80 | FRAME << 3]), "reserved bits"),
        (bytes([FRAME << 3 | 1]), "reserved bits"),
        (unit(TILES, b"x"), "of kind 4"),
        (unit(METADATA, b"x") + unit(FRAME, b"y"), "of kind 5"),
        (unit(FRAME, b"y") + unit(PADDING, b""), "of kind 15"),
    ],
)
def test_what_no_picture_needs_is_refused(temporal_unit: bytes, message: str) -> None:
    with pytest.raises(MalformedUnits, match=message):
        obu.pictures(temporal_unit)


@given(st.binary(max_size=60))
@example(b"")
@example(unit(FRAME, b"", extension=0)[:1])
@example(b"\xff" * 20)
def test_any_bytes_are_units_or_refused(data: bytes) -> None:
    sequence = SequenceHeader(7, True, True, False, 64, 48, 64, True, False)
    for read in (obu.pictures, obu.restore, lambda packet: obu.heads(packet, sequence), obu.starts_sequence):
        try:
            read(data)
        except MalformedUnits:
            continue


@pytest.fixture(scope="module")
def packets() -> list[bytes]:
    """Of three pictures: an anchor that begins a sequence, one that hangs on it, one between them."""
    picture = np.random.default_rng(2).integers(0, 256, (48, 64, 3), np.uint8)
    encoder = KeyframeEncoder(64, 48, 50, preset=12)
    groups = [group for shift in range(3) for group in encoder.push(np.roll(picture, shift, 1))]
    return [coded.packet for group in groups + encoder.finish() for coded in group]


def test_a_packet_knows_what_it_is(packets: list[bytes]) -> None:
    sequence, head = obu.heads(packets[0], None)
    assert (head.shown, head.order, head.leans_on) == (True, 0, 0)
    for packet, order in zip(packets[1:], (2, 1), strict=True):
        again, head = obu.heads(packet, sequence)
        assert (again, head.order, head.shown) == (sequence, order, order == 1)
        with pytest.raises(obu.ReferenceLost, match="whose beginning is missing"):
            obu.heads(packet, None)


def test_any_decoder_shows_the_restored_units(packets: list[bytes]) -> None:
    """Those of a hidden picture show nothing until its slot is called."""
    _, hidden = obu.heads(packets[1], obu.heads(packets[0], None)[0])
    decoder = av.CodecContext.create("libdav1d", "r")
    decoder.options = {"max_frame_delay": "1"}
    units = [*map(obu.restore, packets), obu.call(hidden.kept_in.bit_length() - 1)]
    assert [len(decoder.decode(Packet(unit))) for unit in units] == [1, 0, 1, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda packet: b"", "not one AV1 frame"),
        (lambda packet: packet[:4], "passes the end"),
        (lambda packet: begun(packet) + packet, "not one AV1 frame"),
        (lambda packet: unit(SEQUENCE, bytes(3)) + unit(FRAME, b"x"), "ends before its last field"),
        (lambda packet: unit(METADATA, b"") + unit(FRAME, b"x"), "not one AV1 frame"),
        (lambda packet: begun(packet), "not one AV1 frame"),
        (lambda packet: begun(packet) + unit(FRAME, b"\x98"), "only a call"),
        (lambda packet: begun(packet) + unit(FRAME, b"\x10"), "ends before"),
    ],
)
def test_what_is_not_the_packet_of_one_picture_is_refused(
    packets: list[bytes], change: object, message: str
) -> None:
    with pytest.raises(MalformedUnits, match=message):
        obu.heads(change(packets[0]), None)  # type: ignore[operator]
