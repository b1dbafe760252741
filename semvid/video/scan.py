"""One pass over the packets of a video without decoding them, apart from the first frame."""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left, bisect_right
from enum import StrEnum
from fractions import Fraction

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from semvid.errors import UnsupportedMedia
from semvid.video.container import codec_name, packets
from semvid.video.limits import VideoLimits

_REORDER_PACKETS = 64  # no codec reorders further (H.264 and HEVC: 16 frames, 32 fields)
_FIRST_FRAME_PACKETS = 1024  # within which something must be decodable
_VP8_SHOW_FRAME = 0x10  # RFC 6386, 9.1


class StampSource(StrEnum):
    """Where the time stamps of frames are found."""

    FRAME = "frame"  # every packet says when its own frame is shown
    ORDER = "order"  # packets say so in rising order, frames are reordered: the i-th to the i-th
    DECODING = "decoding"  # only decoding times are stated: the i-th to the i-th
    NONE = "none"  # there are none: frames are counted from 0 at the nominal rate

    def of(self, packet: Packet[VideoStream]) -> int | None:
        """What ``packet`` contributes to the queue of time stamps, if they are dealt out in order."""
        if self is StampSource.ORDER:
            return packet.pts
        return packet.dts if self is StampSource.DECODING else None


def shows_frame(packet: Packet[VideoStream], codec: str) -> bool:
    """Whether ``packet`` gives a frame: not if an edit list cuts it off or it is a mere reference (VP8)."""
    if not packet.size or packet.is_discard:
        return False
    return codec != "vp8" or bool(memoryview(packet)[0] & _VP8_SHOW_FRAME)


class Scan:
    """What a pass over all packets of ``stream`` shows.

    Attributes:
        first_frame: the first frame that decodes.
        packets: number of packets that show a frame.
        stamps: where the time stamps of frames are found.
        time_base: of the time stamps, seconds.

    Raises:
        UnsupportedMedia: broken off, damaged, nothing decodable, contradictory time stamps.
        LimitExceeded: too many frames or too long.
    """

    first_frame: VideoFrame

    def __init__(
        self, container: InputContainer, stream: VideoStream, limits: VideoLimits, file_bytes: int
    ) -> None:
        if not stream.time_base or stream.time_base <= 0:
            raise UnsupportedMedia("the video stream states no unit of time")
        self.time_base = Fraction(stream.time_base)
        self.packets = 0
        self._stream, self._limits = stream, limits
        self._codec = codec_name(stream)
        self._max_packet_bytes = 2 * file_bytes + 2**20
        self._has_gaps = container.format.name == "mpegts"  # a broadcast may lose packets
        self._waiting: list[int] = []
        self._presented = array("q")
        self._decoded = array("q")
        self._presented_all = self._decoded_all = self._rising = True
        self._newest: int | None = None
        self._frame: VideoFrame | None = None
        self._run(container)
        self.stamps = self._source()

    def shown(self) -> array[int]:
        """Time stamps in order of display, that of `first_frame` first; empty if the file has none."""
        if self.stamps is StampSource.NONE:
            return array("q")
        first = self.first_frame.pts
        if self.stamps is StampSource.DECODING:
            return self._decoded if first is None else self._decoded[bisect_left(self._decoded, first) :]
        assert first is not None
        return array("q", [first]) + self._presented[bisect_right(self._presented, first) :]

    def _run(self, container: InputContainer) -> None:
        packet_bytes = 0
        try:
            for packet in packets(container, self._stream):
                if self._frame is None:
                    self._try_to_decode(packet)
                packet_bytes += packet.size
                if packet_bytes > self._max_packet_bytes:
                    raise UnsupportedMedia("the packets of the video overlap each other; the file is broken")
                if packet.is_corrupt and not self._has_gaps:
                    raise UnsupportedMedia(f"the video breaks off or is damaged at packet {self.packets}")
                if shows_frame(packet, self._codec):
                    self._count(packet)
        except av.FFmpegError as error:
            raise UnsupportedMedia(
                f"the video breaks off or is damaged at packet {self.packets}: {error.strerror}"
            ) from error
        if self._frame is None:
            raise UnsupportedMedia("no frame of the video can be decoded; it is damaged, encrypted or empty")
        self.first_frame = self._frame
        while self._waiting and self._presented_all:
            self._present(heapq.heappop(self._waiting))

    def _try_to_decode(self, packet: Packet[VideoStream]) -> None:
        if self.packets >= _FIRST_FRAME_PACKETS:
            raise UnsupportedMedia(f"none of the first {self.packets} packets of the video can be decoded")
        try:
            frames = packet.decode()
        except av.FFmpegError:  # a broadcast may begin in the middle of a group of pictures
            return
        if frames:
            self._frame = frames[0]
            self._limits.check_size(self._frame.width, self._frame.height)

    def _count(self, packet: Packet[VideoStream]) -> None:
        self.packets += 1
        self._limits.check_frames(self.packets, self._stream.width, self._stream.height)
        if packet.dts is None or (self._decoded and packet.dts <= self._decoded[-1]):
            self._decoded_all = False
        elif self._decoded_all:
            self._decoded.append(packet.dts)
        if packet.pts is None:
            self._presented_all = False
        elif self._presented_all:
            self._rising &= self._newest is None or packet.pts > self._newest
            self._newest = packet.pts
            heapq.heappush(self._waiting, packet.pts)
            if len(self._waiting) > _REORDER_PACKETS:
                self._present(heapq.heappop(self._waiting))

    def _present(self, stamp: int) -> None:
        if self._presented:
            if stamp <= self._presented[-1]:
                raise UnsupportedMedia(backwards(self._presented[-1], stamp, len(self._presented)))
            self._limits.check_duration(float((stamp - self._presented[0]) * self.time_base))
        self._presented.append(stamp)

    def _source(self) -> StampSource:
        if self._presented_all and self.first_frame.pts is not None:
            reordered = self._stream.codec_context.reorder_depth > 0
            return StampSource.ORDER if self._rising and reordered else StampSource.FRAME
        return StampSource.DECODING if self._decoded_all else StampSource.NONE


def backwards(last: int, stamp: int, frame: int) -> str:
    """The sentence that refuses ``stamp`` after ``last``."""
    return (
        f"the time stamps of the video repeat or run backwards near frame {frame} ({last} is followed by "
        f"{stamp}); write it anew, for example with `ffmpeg -i IN OUT.mp4`"
    )
