"""A live video watched by WebRTC: a peer of aiortc, and every way to be refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

from tests.integration.receiver.conftest import (
    HEADER,
    HEIGHT,
    WIDTH,
    Call,
    Clip,
    Receiver,
    burst,
    sounding,
    wait_for,
)

SDP = {"Content-Type": "application/sdp"}


@pytest.fixture
def watched(receiver: Receiver, clip: Clip) -> Iterator[Call]:
    """A live transmission that has begun, and ends with the test."""
    call = receiver.open(live=True)
    call.send_all([sounding(), clip.header])
    yield call
    call.cancel()
    receiver.final(call.id)


def peer() -> RTCPeerConnection:
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


async def offered(connection: RTCPeerConnection, *kinds: str, codec: str = "", way: str = "recvonly") -> str:
    for kind in kinds:
        transceiver = connection.addTransceiver(kind, direction=way)
        if codec:
            known = RTCRtpReceiver.getCapabilities(kind).codecs
            transceiver.setCodecPreferences([one for one in known if one.mimeType == codec])
    await connection.setLocalDescription(await connection.createOffer())
    return str(connection.localDescription.sdp)


def an_offer(*kinds: str, codec: str = "", way: str = "recvonly") -> str:
    async def make() -> str:
        connection = peer()
        try:
            return await offered(connection, *kinds, codec=codec, way=way)
        finally:
            await connection.close()

    return asyncio.run(make())


async def joined(receiver: Receiver, path: str, connection: RTCPeerConnection, *kinds: str) -> str:
    """Watches; gives the address of the session."""
    async with httpx.AsyncClient(base_url=receiver.http.base_url) as http:
        answer = await http.post(path, content=await offered(connection, *kinds), headers=SDP)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Content-Type"].startswith("application/sdp")
    await connection.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
    for _ in range(200):
        if connection.connectionState == "connected":
            return answer.headers["Location"]
        await asyncio.sleep(0.05)
    raise AssertionError(f"not connected: {connection.connectionState}")


@pytest.mark.parametrize("kinds", [("video",), ("audio", "video")])
def test_a_peer_sees_the_frames_as_they_are_made(
    receiver: Receiver, watched: Call, clip: Clip, kinds: tuple[str, ...]
) -> None:
    async def watch() -> list[NDArray[np.uint8]]:
        connection, seen = peer(), []
        path = f"/v1/videos/{watched.id}/whep"
        await joined(receiver, path, connection, *kinds)
        track = next(one.receiver.track for one in connection.getTransceivers() if one.kind == "video")
        await asyncio.to_thread(watched.send_all, [*clip.keyframes, clip.end])
        await asyncio.to_thread(watched.finish)
        try:
            while True:  # the receiver ends the connection once it has sent all
                seen.append((await asyncio.wait_for(track.recv(), 10)).to_ndarray(format="rgb24"))
        except (MediaStreamError, TimeoutError):
            pass
        await connection.close()
        return seen

    seen = asyncio.run(watch())
    assert len(seen) >= 20  # of 25; the decoder of aiortc keeps some to itself
    assert {frame.shape for frame in seen} == {(HEIGHT, WIDTH, 3)}
    for frame in (seen[0], seen[-1]):
        nearest = min(np.mean((frame.astype(float) - one) ** 2) for one in clip.pictures.values())
        assert nearest < 100  # 28 dB


def test_a_session_ends_by_delete_and_makes_room(start_receiver: Any, clip: Clip) -> None:
    receiver = start_receiver(webrtc_viewers="1")
    call = receiver.open(live=True)
    call.send_all([sounding(), clip.header])
    path = f"/v1/videos/{call.id}/whep"

    async def watch() -> None:
        connection = peer()
        session = await joined(receiver, path, connection, "video")
        async with httpx.AsyncClient(base_url=receiver.http.base_url) as http:
            full = await http.post(path, content=an_other, headers=SDP)
            assert full.status_code == 503
            assert (
                "has 1 viewers by WebRTC and takes 1 (SEMVID_RECEIVER_WEBRTC_VIEWERS)"
                in full.json()["detail"]
            )
            assert int(full.headers["Retry-After"]) > 0
            elsewhere = await http.delete(session.replace(call.id, "0" * 16))
            assert elsewhere.status_code == 404
            assert (await http.delete(session)).status_code == 200
            assert (await http.delete(session)).status_code == 404
            assert (await http.post(path, content=an_other, headers=SDP)).status_code == 201
        for _ in range(100):
            if connection.connectionState == "closed":
                break
            await asyncio.sleep(0.05)
        assert connection.connectionState == "closed"  # it was told
        await connection.close()

    an_other = an_offer("video")
    asyncio.run(watch())
    call.cancel()
    receiver.final(call.id)


def test_a_peer_that_goes_is_let_go(start_receiver: Any, clip: Clip) -> None:
    receiver = start_receiver(webrtc_viewers="1")
    call = receiver.open(live=True)
    call.send_all([sounding(), clip.header])

    async def watch() -> None:
        connection = peer()
        await joined(receiver, f"/v1/videos/{call.id}/whep", connection, "video")
        await connection.close()

    asyncio.run(watch())
    wait_for(lambda: "it has gone" in receiver.log_text(), 20)
    asyncio.run(watch())  # there is room again
    call.cancel()
    receiver.final(call.id)


@pytest.mark.parametrize(
    ("offer", "headers", "status", "words"),
    [
        ("v=0\r\n", {"Content-Type": "text/plain"}, 415, "this is text/plain"),
        ("v=0\r\n", {}, 415, "of no type"),
        (b"\xff\xfe", SDP, 422, "no text in UTF-8"),
        ("hello", SDP, 422, "has 0 media"),
        ("m=video 9 UDP/TLS/RTP/SAVPF 96\r\n", SDP, 422, "no SDP that can be answered"),
        ("m=video 9 X 96\r\n" * 500, SDP, 422, "has 500 media"),
        ("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", SDP, 422, "has 1 media (application)"),
        ("m=video 9 X 96\r\n" + "a=x\r\n" * 20_000, SDP, 413, ""),
    ],
    ids=["type", "no type", "bytes", "no media", "no codec", "many media", "data", "long"],
)
def test_what_is_no_offer_is_refused(
    receiver: Receiver, watched: Call, offer: Any, headers: dict[str, str], status: int, words: str
) -> None:
    refused = receiver.http.post(f"/v1/videos/{watched.id}/whep", content=offer, headers=headers)
    assert refused.status_code == status, refused.text
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert words in refused.json()["detail"]


def test_an_offer_without_h264_or_to_send_is_refused(receiver: Receiver, watched: Call) -> None:
    path = f"/v1/videos/{watched.id}/whep"
    for offer, words in (
        (an_offer("video", codec="video/VP8"), "offer to receive video in H.264"),
        (an_offer("video", way="sendonly"), "does not ask for video"),
        (an_offer("audio"), "has 1 media (audio)"),
    ):
        refused = receiver.http.post(path, content=offer, headers=SDP)
        assert refused.status_code == 422, refused.text
        assert words in refused.json()["detail"]


def test_only_a_video_that_is_being_made_live_is_watched(receiver: Receiver, clip: Clip) -> None:
    def refused(video_id: str) -> tuple[int, str]:
        answer = receiver.http.post(f"/v1/videos/{video_id}/whep", content="v=0\r\n", headers=SDP)
        return answer.status_code, answer.json()["detail"]

    assert refused("0" * 16)[0] == 404
    for live, told in ((False, (404, "was not sent live")), (True, (409, "is over"))):
        call = receiver.open(live=live)
        call.send_all(clip.bursts)
        call.finish()
        receiver.final(call.id)
        status, detail = refused(call.id)
        assert (status, told[1] in detail) == (told[0], True)


def test_sizes_that_no_browser_decodes_are_refused(receiver: Receiver) -> None:
    call = receiver.open(live=True)
    header = replace(HEADER, width=97)
    call.send_all([sounding(), burst(0, [header])])
    refused = receiver.http.post(f"/v1/videos/{call.id}/whep", content="v=0\r\n", headers=SDP)
    assert refused.status_code == 409
    assert "97x64" in refused.json()["detail"]
    call.cancel()
    receiver.final(call.id)


def test_other_methods_are_not_allowed(receiver: Receiver, watched: Call) -> None:
    refused = receiver.http.patch(f"/v1/videos/{watched.id}/whep/0")
    assert refused.status_code == 405
