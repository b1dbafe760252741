"""What breaks the protocol or a bound is refused with the status that link.proto promises."""

from __future__ import annotations

import socket
from contextlib import suppress
from fractions import Fraction
from typing import Any

import grpc
import numpy as np
import pytest

from semvid.images.keyframe_codec import EncodedPicture
from semvid.phy.block import Block, TransportBlock, modulate
from semvid.phy.mcs import MCS_TABLE
from semvid.semantics import ALL_SLOTS, Caption, StreamEnd, StreamHeader
from semvid.wire.v1 import link_pb2 as pb

INVALID, EXHAUSTED = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED


def opening(name: str, **fields: Any) -> pb.TransmitRequest:
    return pb.TransmitRequest(open=pb.Open(transmission_id=name, **fields))


def block(sequence: int, symbols: bytes) -> pb.TransmitRequest:
    return pb.TransmitRequest(block=pb.SymbolBlock(sequence=sequence, symbols=symbols))


@pytest.mark.parametrize(
    ("request_", "details"),
    [
        (pb.TransmitRequest(), "begins with an Open"),
        (block(0, bytes(8)), "begins with an Open"),
        (opening(""), "1..64 characters"),
        (opening("a" * 65), "1..64 characters"),
        (opening("../escape"), "1..64 characters"),
        (opening("a", emulation=pb.ChannelConditions()), "emulates no channel"),
    ],
)
def test_a_wrong_beginning_is_refused(receiver: Any, request_: Any, details: str) -> None:
    call = receiver.open(opening=False)
    call.put(request_)
    code, said = call.status()
    assert code is INVALID
    assert details in said


@pytest.mark.parametrize(
    ("request_", "code", "details"),
    [
        (opening("another"), INVALID, "only bursts"),
        (pb.TransmitRequest(), INVALID, "only bursts"),
        (block(1, bytes(8)), INVALID, "burst 1 came where burst 0 was due"),
        (block(0, b""), INVALID, "without symbols"),
        (block(0, bytes(9)), INVALID, "whole number"),
        (block(0, np.full(4, np.nan, np.complex64).tobytes()), INVALID, "nan"),
        (block(0, bytes(8 * 65_537)), EXHAUSTED, "65536"),
    ],
)
def test_a_wrong_continuation_is_refused_and_the_video_says_so(
    receiver: Any, clip: Any, request_: Any, code: Any, details: str
) -> None:
    call = receiver.open()
    call.put(request_)
    got, said = call.status()
    assert got is code
    assert details in said
    video = receiver.final(call.id)
    assert video["state"] == "FAILED"
    assert details in video["error"]["detail"]


@pytest.mark.parametrize(
    ("units", "details"),
    [
        ([StreamEnd(25, 3), Caption(3, 3, "")], "a unit names keyframe 3"),
        ([StreamEnd(5, 2)], "keyframe 1 sits at frame 8"),
        ([Caption(0, 2, "a"), Caption(1, 2, "b")], "contradicts an earlier one"),
        ([StreamHeader(8, 8, 8, 8, Fraction(1, 25), Fraction(25))], "header contradicts"),
    ],
)
def test_units_that_cannot_be_are_refused(receiver: Any, clip: Any, units: Any, details: str) -> None:
    call = receiver.open()
    call.send_all([clip.header, clip.keyframes[0], clip.keyframes[1]])
    call.put(block(3, clip.burst(3, units).tobytes()))
    code, said = call.status()
    assert (code, details in said) == (INVALID, True)
    video = receiver.final(call.id)
    assert (video["state"], video["frames_written"]) == ("TRUNCATED", 9)


def test_payloads_that_are_no_units_fail_and_then_end_the_transmission(receiver: Any, clip: Any) -> None:
    """One may be noise that passed a checksum; several are the sender's doing."""
    call = receiver.open()
    call.send(clip.header)
    nonsense = TransportBlock(b"\xff" * 20, MCS_TABLE[4])
    symbols = modulate(Block(1, 0, nonsense, None, 1))
    for _ in range(2):
        assert call.send(symbols).protected == pb.TRANSPORT_BLOCK_STATE_FAILED
    call.put(block(call.sequence, symbols.tobytes()))
    code, said = call.status()
    assert code is INVALID
    assert "not semantic units" in said


def test_a_picture_that_is_no_picture_is_lost_and_nothing_more(receiver: Any, clip: Any) -> None:
    call = receiver.open()
    call.send_all([clip.header, clip.keyframes[0]])
    nonsense = EncodedPicture(1, b"\x12\x00 no picture", True, 0, ALL_SLOTS)
    call.send(clip.burst(2, [], *clip.bulk([nonsense], 1, [8])))
    call.send(clip.burst(3, [StreamEnd(9, 2)]))
    assert not call.finish().complete
    video = receiver.final(call.id)
    assert (video["state"], video["keyframes_undecodable"]) == ("SUCCEEDED", 1)
    assert receiver.segments(call.id)[1]["reason"] == "1 keyframe could not be decoded"


def test_pictures_and_videos_beyond_the_limits_are_refused(receiver: Any, clip: Any) -> None:
    large = StreamHeader(16_384, 16_384, 64, 64, Fraction(1, 25), Fraction(25))
    for units, details in (([large], "pixels"), ([clip.stream_header, StreamEnd(2**31 - 1, 1)], "frames")):
        call = receiver.open()
        call.put(block(0, clip.burst(0, units).tobytes()))
        code, said = call.status()
        assert (code, details in said) == (EXHAUSTED, True)


def test_an_id_is_used_once(receiver: Any, clip: Any) -> None:
    first = receiver.open()
    for _ in range(2):  # while it is in work, and afterwards
        second = receiver.open(opening=False)
        second.put(opening(first.id))
        code, details = second.status()
        assert code is grpc.StatusCode.ALREADY_EXISTS
        assert first.id in details
        if receiver.video(first.id)["state"] != "FAILED":
            first.finish()
            receiver.final(first.id)


def test_one_transmission_too_many_is_refused(start_receiver: Any, clip: Any) -> None:
    receiver = start_receiver(concurrent_transmissions="1", max_bursts="2")
    first = receiver.open()
    second = receiver.open(opening=False)
    second.put(opening("second"))
    code, details = second.status()
    assert code is EXHAUSTED
    assert "its limit" in details
    first.send_all([clip.header, clip.keyframes[0]])
    first.put(block(2, clip.end.tobytes()))
    code, details = first.status()
    assert (code, "more than 2 bursts" in details) == (EXHAUSTED, True)
    assert receiver.final(first.id)["state"] == "TRUNCATED"
    assert receiver.open().accepted.profile.name == "embedded"


def test_a_silent_sender_loses_its_place(start_receiver: Any, clip: Any) -> None:
    receiver = start_receiver(idle_timeout_s="0.5")
    call = receiver.open()
    code, details = call.status()
    assert code is grpc.StatusCode.UNAVAILABLE
    assert "silent" in details
    assert receiver.final(call.id)["state"] == "FAILED"


def test_garbage_on_the_link_port_harms_nobody(receiver: Any, clip: Any) -> None:
    random = np.random.default_rng(1)
    for payload in (
        b"GET / HTTP/1.1\r\n\r\n",
        random.bytes(5000),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(999),
    ):
        with socket.create_connection(("127.0.0.1", receiver.link_port), 5) as connection:
            connection.sendall(payload)
            connection.settimeout(0.2)
            with suppress(OSError):
                connection.recv(100)
    channel = grpc.insecure_channel(f"127.0.0.1:{receiver.link_port}")
    raw = channel.stream_stream("/semvid.wire.v1.LinkService/Transmit")
    with pytest.raises(grpc.RpcError, match="INVALID_ARGUMENT"):
        list(raw(iter([b"\xff\xff\xff"]), timeout=10))
    channel.close()
    call = receiver.open()
    call.send_all(clip.bursts)
    assert call.finish().complete
    assert receiver.final(call.id)["state"] == "SUCCEEDED"


def test_noise_alone_is_reported_as_such(receiver: Any, clip: Any) -> None:
    call = receiver.open()
    for length in (1, 15, 16, 64, 65, 200, 4000, 65_536):
        report = call.send(clip.noise(np.zeros(length, np.complex64)))
        assert not report.control_decoded
    call.send(np.zeros(300, np.complex64))
    call.finish()
    assert receiver.final(call.id)["state"] == "FAILED"


def test_a_misspelt_setting_or_an_unknown_decoder_stops_the_start(start_receiver: Any) -> None:
    for name, value, said in (
        ("quee_length", "3", "unknown setting"),
        ("queue_length", "0", "greater than or equal to 1"),
        ("decoder", "dreamer", "no video decoder 'dreamer'; there are: auto, command, embedded, hf, rife"),
        ("tls_key", "key.pem", "TLS needs both"),
    ):
        with pytest.raises(AssertionError, match=said):
            start_receiver(**{name: value})


def test_the_interface_describes_itself(receiver: Any) -> None:
    document = receiver.http.get("/openapi.json").json()
    operations = [
        operation["operationId"] for path in document["paths"].values() for operation in path.values()
    ]
    assert sorted(operations) == [
        "askQuestion", "endWatching", "getConstellation", "getGains", "getKeyframe", "getLivePlaylist",
        "getLiveSegment", "getQuestion", "getVideo", "getVideoAccess", "getVideoContent", "listCaptions",
        "listKeyframes", "listQuestions", "listSegments", "listVideos", "watchLive",
    ]  # fmt: skip
    assert "application/problem+json" in str(
        document["paths"]["/v1/videos/{video_id}"]["get"]["responses"]["404"]
    )
    assert receiver.http.get("/healthz").json()["status"] == "alive"
