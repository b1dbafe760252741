"""Which packets of a video give a frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from av.packet import Packet
from av.video.stream import VideoStream

from semvid.video.container import codec_name
from semvid.video.field_pictures import H264Fields, Mpeg2Fields
from semvid.video.video_objects import VideoObjects

_SHOW_FRAME = 0x10  # RFC 6386, 9.1


class PacketKinds(Protocol):
    """Tells the packets of one codec apart."""

    def begins_frame(self, data: bytes) -> bool:
        """Whether the next packet, ``data``, gives a frame of its own."""
        ...


class _Vp8:
    def __init__(self, extradata: bytes) -> None:
        del extradata

    def begins_frame(self, data: bytes) -> bool:
        return bool(data[0] & _SHOW_FRAME)  # otherwise it is a mere reference


_KINDS: dict[str, Callable[[bytes], PacketKinds]] = {
    "h264": H264Fields,
    "mpeg2video": Mpeg2Fields,
    "mpeg4": VideoObjects,
    "vp8": _Vp8,
}


class ShownPackets:
    """Looks at the packets of ``stream`` in turn, all of them, from the beginning."""

    def __init__(self, stream: VideoStream) -> None:
        kinds, extradata = _KINDS.get(codec_name(stream)), stream.codec_context.extradata
        self._kinds = None if kinds is None else kinds(extradata or b"")

    def begins_frame(self, packet: Packet[VideoStream]) -> bool:
        """Whether the next packet gives a frame of its own; one that an edit list cuts off does not."""
        if not packet.size:
            return False
        begins = self._kinds is None or self._kinds.begins_frame(bytes(packet))
        return begins and not packet.is_discard
