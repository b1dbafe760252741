"""One viewer by WebRTC, through aiortc (the extra ``webrtc``): H.264 as it was coded, one way.

An offer is text of a stranger, and names addresses. None of them is used: a viewer finds us by the addresses
in our answer, and only from where its checks come, which know our password, something is sent to
(RFC 8445, 7.3.1.3). No STUN or TURN server is asked.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE, MediaStreamError
from av.packet import Packet

from semvid.errors import InvalidInput
from semvid.video.coded_picture import CodedPicture

JOIN_S: Final = 15.0  # from the answer until it is connected
_LOOK_S: Final = 1.0
_GONE: Final = ("failed", "closed")
_MEDIA: Final = ({"video"}, {"audio", "video"})  # of an offer; more would each open sockets
_OF_ADDRESSES: Final = ("a=candidate:", "a=end-of-candidates", "a=remote-candidates:")

NextPicture = Callable[[], Awaitable[CodedPicture | None]]
TellLoss = Callable[[float], None]


class WebRtcViewer:
    """One connection. Made and used in one event loop; `closed` has to be awaited or cancelled.

    Args:
        next_picture: gives what is sent, each when it is to be; None: that was all.
        tell_loss: is told the share of packets that the viewer misses, now and then.
    """

    def __init__(self, next_picture: NextPicture, tell_loss: TellLoss) -> None:
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._track = _Track(next_picture)
        self._tell_loss = tell_loss
        self._joined = False
        self._connection.on("connectionstatechange", self._note_state)

    async def answer(self, offer: str) -> str:
        """The SDP that answers ``offer``.

        Raises:
            InvalidInput: it is no offer to receive video in H.264.
        """
        lines = offer.splitlines()
        media = [line[2:].partition(" ")[0] for line in lines if line.startswith("m=")]
        if set(media) not in _MEDIA or len(media) != len(set(media)):
            raise InvalidInput(
                f"the offer has {len(media)} media ({', '.join(media)[:40]}); offer to receive one video, "
                "and at most one audio beside it, which stays silent"
            )
        bare = "\r\n".join(line for line in lines if not line.startswith(_OF_ADDRESSES)) + "\r\n"
        connection = self._connection
        try:
            sender = connection.addTransceiver(self._track, direction="sendonly")
            h264 = [
                codec
                for codec in RTCRtpSender.getCapabilities("video").codecs
                if codec.mimeType.lower() in ("video/h264", "video/rtx")
            ]
            sender.setCodecPreferences(h264)
            await connection.setRemoteDescription(RTCSessionDescription(bare, "offer"))
            await connection.setLocalDescription(await connection.createAnswer())
            if sender.currentDirection != "sendonly":
                raise InvalidInput("the offer does not ask for video; offer to receive it (a=recvonly)")
        except InvalidInput:
            raise
        except Exception as error:  # aiortc reads it with no error of its own
            raise InvalidInput(
                "the offer is no SDP that can be answered; offer to receive video in H.264, packetization "
                f"mode 1, over DTLS ({type(error).__name__}: {error})"
            ) from error
        return str(connection.localDescription.sdp)

    async def closed(self) -> str:
        """Waits until the viewer is gone, or did not come, or has had all; gives which."""
        connection, loop = self._connection, asyncio.get_running_loop()
        began = loop.time()
        while True:
            if connection.connectionState in _GONE:
                return "it has gone" if self._joined else "it did not connect"
            if self._track.readyState == "ended":
                return "the video is over"
            if self._joined:
                await self._look_at_loss()
            elif loop.time() - began > JOIN_S:
                return f"it did not connect within {JOIN_S:g} s"
            await asyncio.sleep(_LOOK_S)

    async def close(self) -> None:
        """Ends the connection."""
        self._track.stop()
        await self._connection.close()
        for sender in self._connection.getSenders():  # aiortc 1.16 may begin one while it closes
            await sender.stop()

    def _note_state(self) -> None:
        self._joined |= self._connection.connectionState == "connected"

    async def _look_at_loss(self) -> None:
        for sender in self._connection.getSenders():
            for report in (await sender.getStats()).values():
                if report.type == "remote-inbound-rtp":
                    self._tell_loss(report.fractionLost / 256)  # RFC 3550, 6.4.1


class _Track(MediaStreamTrack):
    """Coded pictures as a track; its clock begins with the first."""

    kind = "video"

    def __init__(self, next_picture: NextPicture) -> None:
        super().__init__()
        self._next_picture = next_picture
        self._first: int | None = None

    async def recv(self) -> Packet:  # type: ignore[type-arg]
        """The next picture.

        Raises:
            MediaStreamError: there is none.
        """
        picture = None if self.readyState == "ended" else await self._next_picture()
        if picture is None:
            self.stop()
            raise MediaStreamError
        at = round(picture.at_s * VIDEO_CLOCK_RATE)
        self._first = at if self._first is None else self._first
        packet = Packet(picture.data)
        packet.pts, packet.time_base = at - self._first, VIDEO_TIME_BASE
        return packet
