"""The viewers that this receiver has by WebRTC: how many there may be, and when they are let go."""

import asyncio
import secrets
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

import structlog

from receiver.whep.audience import Audience, Seat
from semvid.errors import Busy, MissingComponent, NotFound

if TYPE_CHECKING:
    from semvid.video.webrtc import WebRtcViewer

_MUCH_LOST, _LITTLE_LOST = 0.2, 0.02  # shares of packets: what follows a lost one is of no use anyway
_SPARSE_S = 10.0  # that key pictures alone are sent before more is tried again

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Place:
    video_id: str
    seat: Seat
    audience: Audience
    viewer: "WebRtcViewer"
    watching: "asyncio.Task[None] | None" = None  # None: it is being answered


class Viewers:
    """All of one receiver. Use it from one event loop.

    Args:
        most: at once; 0: none.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: dict[str, _Place] = {}

    def __len__(self) -> int:
        return len(self._places)

    async def join(self, video_id: str, audience: Audience, offer: str) -> tuple[str, str]:
        """Lets a viewer in; gives its name and the answer to its SDP offer.

        Raises:
            MissingComponent: aiortc is not installed.
            Busy: there are as many as there may be.
            InvalidInput: the offer cannot be answered.
        """
        if find_spec("aiortc") is None:
            raise MissingComponent(
                'WebRTC needs aiortc: pip install "semvid[webrtc]"; live.m3u8 needs nothing'
            )
        webrtc = await asyncio.to_thread(_webrtc)  # half a second, the first time
        if len(self._places) >= self._most:
            raise Busy(
                f"this receiver has {len(self._places)} viewers by WebRTC and takes {self._most} "
                "(SEMVID_RECEIVER_WEBRTC_VIEWERS); try again later, or watch live.m3u8"
            )
        name, seat = secrets.token_hex(8), audience.seat()
        place = _Place(video_id, seat, audience, webrtc.WebRtcViewer(seat.next, _Sparing(seat).note))
        self._places[name] = place
        try:
            answer = await place.viewer.answer(offer)
        except BaseException:
            await self._release(name, "it was refused")
            raise
        place.watching = asyncio.create_task(self._watch(name, place.viewer))
        _log.info("viewer joined", transmission_id=video_id, viewer=name, viewers=len(self._places))
        return name, answer

    async def leave(self, video_id: str, name: str) -> None:
        """Ends a viewer.

        Raises:
            NotFound: there is none of that name.
        """
        place = self._places.get(name)
        if place is None or place.video_id != video_id or place.watching is None:
            raise NotFound(f"video {video_id} has no viewer {name[:40]!r}, or it has gone")
        place.watching.cancel()
        await self._release(name, "it was ended")

    async def close(self) -> None:
        """Ends all of them, and takes no more."""
        self._most = 0
        for name, place in list(self._places.items()):
            if place.watching is not None:
                place.watching.cancel()
            await self._release(name, "the receiver was stopped")

    async def _watch(self, name: str, viewer: "WebRtcViewer") -> None:
        why = "watching it failed"
        try:
            why = await viewer.closed()
        finally:
            await self._release(name, why)

    async def _release(self, name: str, why: str) -> None:
        """Lets a viewer go, once."""
        if (place := self._places.pop(name, None)) is None:
            return
        place.audience.leave(place.seat)
        told = {"transmission_id": place.video_id, "viewer": name, "dropped": place.seat.dropped}
        _log.info("viewer left", why=why, **told)
        await place.viewer.close()


def _webrtc() -> ModuleType:
    from semvid.video import webrtc

    return webrtc


class _Sparing:
    """Gives a viewer to whom much is lost key pictures only, for a while."""

    def __init__(self, seat: Seat) -> None:
        self._seat, self._until = seat, 0.0

    def note(self, loss: float) -> None:
        """``loss``: the share of packets that it misses, of the last seconds."""
        now = asyncio.get_running_loop().time()
        if loss > _MUCH_LOST:
            self._seat.keys_only, self._until = True, now + _SPARSE_S
        elif self._seat.keys_only and loss < _LITTLE_LOST and now > self._until:
            self._seat.keys_only = False
