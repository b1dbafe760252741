"""Viewers are counted, refused, and let go when they do not come; and nobody is called on their behalf."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from receiver.whep import viewers as module
from receiver.whep.audience import Audience, Seat
from receiver.whep.viewers import Viewers
from semvid.errors import Busy, InvalidInput, MissingComponent, NotFound
from semvid.video import webrtc


async def an_offer() -> str:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("video", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    offer = str(connection.localDescription.sdp)
    await connection.close()
    return offer


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("waited too long")


def test_without_the_extra_it_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(MissingComponent, match=r'pip install "semvid\[webrtc\]"'):
        asyncio.run(Viewers(4).join("a", Audience(), "v=0"))


def test_zero_viewers_are_none() -> None:
    with pytest.raises(Busy, match="has 0 viewers by WebRTC and takes 0"):
        asyncio.run(Viewers(0).join("a", Audience(), "v=0"))


def test_a_refused_offer_takes_no_place() -> None:
    async def refused() -> int:
        viewers = Viewers(1)
        for _ in range(3):
            with pytest.raises(InvalidInput):
                await viewers.join("a", Audience(), "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n")
        return len(viewers)

    assert asyncio.run(refused()) == 0


def test_who_does_not_come_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webrtc, "JOIN_S", 0.5)

    async def waited() -> None:
        viewers, audience = Viewers(1), Audience()
        await viewers.join("a", audience, await an_offer())
        assert (len(viewers), len(audience._seats)) == (1, 1)
        await until(lambda: not len(viewers))
        assert not audience._seats
        await viewers.join("a", audience, await an_offer())
        await viewers.close()
        assert not len(viewers)

    asyncio.run(waited())


def test_a_viewer_is_ended_by_its_video_and_name_alone() -> None:
    async def ended() -> None:
        viewers = Viewers(2)
        name, _ = await viewers.join("a", Audience(), await an_offer())
        for video, other in (("b", name), ("a", "0" * 16)):
            with pytest.raises(NotFound):
                await viewers.leave(video, other)
        await viewers.leave("a", name)
        assert not len(viewers)

    asyncio.run(ended())


def test_addresses_in_an_offer_are_not_called() -> None:
    async def called() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("0.0.0.0", 0))
            stranger.setblocking(False)
            port, offer = stranger.getsockname()[1], await an_offer()
            addresses = [line.split()[4] for line in offer.splitlines() if line.startswith("a=candidate:")]
            assert addresses
            named = "".join(
                f"a=candidate:{n} 1 udp 2130706431 {at} {port} typ host\r\n"
                for n, at in enumerate(addresses)
                if ":" not in at
            )
            viewers = Viewers(1)
            await viewers.join("a", Audience(), offer.replace("a=end-of-candidates\r\n", "") + named)
            await asyncio.sleep(1)
            await viewers.close()
            try:
                return bool(stranger.recv(2048))
            except BlockingIOError:
                return False

    assert asyncio.run(called()) is False


def test_a_poor_way_gets_key_pictures_until_it_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SPARSE_S", 0.1)

    async def noted() -> list[bool]:
        seat = Seat(1000)
        sparing, said = module._Sparing(seat), []
        for loss, wait_s in ((0.1, 0.0), (0.3, 0.0), (0.0, 0.2), (0.1, 0.0), (0.0, 0.0)):
            sparing.note(loss)
            said.append(seat.keys_only)
            await asyncio.sleep(wait_s)
        return said

    assert asyncio.run(noted()) == [False, True, True, True, False]


def test_who_vanishes_without_a_word_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aioice.ice.CONSENT_INTERVAL", 0.1)  # seconds; five, and six failures, are usual
    monkeypatch.setattr("aioice.ice.CONSENT_FAILURES", 2)

    async def vanished() -> None:
        viewers, audience = Viewers(1), Audience()
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        watching = peer.addTransceiver("video", direction="recvonly")
        await peer.setLocalDescription(await peer.createOffer())
        _, answer = await viewers.join("a", audience, str(peer.localDescription.sdp))
        await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await until(lambda: peer.connectionState == "connected")
        await asyncio.sleep(0.5)
        assert len(viewers) == 1
        for way in watching.receiver.transport.transport._connection._protocols:
            way.transport.abort()  # its cable is pulled
        await until(lambda: not len(viewers))
        assert not audience._seats
        await peer.close()

    asyncio.run(vanished())


def test_nothing_of_a_viewer_stays_however_soon_it_goes() -> None:
    async def came_and_went() -> set[str]:
        viewers, audience = Viewers(1), Audience()
        for _ in range(8):
            peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
            peer.addTransceiver("video", direction="recvonly")
            await peer.setLocalDescription(await peer.createOffer())
            name, answer = await viewers.join("a", audience, str(peer.localDescription.sdp))
            await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            await until(lambda peer=peer: peer.connectionState == "connected")  # the other end is about to be
            await viewers.leave("a", name)
            await peer.close()
        await asyncio.sleep(2)  # reports of RTCP come every second and a half
        return {str(task.get_coro()) for task in asyncio.all_tasks() if task is not asyncio.current_task()}

    assert asyncio.run(came_and_went()) == set()
