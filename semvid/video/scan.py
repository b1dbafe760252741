"""One pass over the packets of a video without decoding them, apart from the first frame."""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from semvid.errors import UnsupportedMedia
from semvid.video.coded_units import ParameterSets
from semvid.video.container import codec_name, packets
from semvid.video.limits import VideoLimits
from semvid.video.shown_packets import ShownPackets

_REORDER_PACKETS = 64  # no codec reorders further (H.264 and HEVC: 16 frames, 32 fields)
# Containers that state how long a frame is shown; for others FFmpeg guesses it from a rate.
_SAY_DURATIONS = frozenset({"mov", "matroska"})
_FEW = 16  # of so many packets of a broadcast one may have lost its time; more, and the file has none
_FIRST_FRAME_PACKETS = 1024  # within which something must be decodable


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


@dataclass(frozen=True, slots=True)
class Places:
    """Packets that can be decoded alone, by their decoding times (else times of display) in the container.

    Attributes:
        keys: all of them.
        turns: those of them that go on with other parameters than any before.
    """

    keys: array[int]
    turns: array[int]


class Scan:
    """What a pass over all packets of ``stream`` shows.

    Attributes:
        first_frame: the first frame that decodes.
        packets: number of packets that begin a frame.
        places: where decoding can begin.
        end: where the last frame ends by its own packet, in ``time_base``; None where that says nothing.
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
        self._shown = ShownPackets(stream)
        self._says_durations = bool(_SAY_DURATIONS & set(container.format.name.split(",")))
        self._max_packet_bytes = 2 * file_bytes + 2**20
        self._unstamped = 0  # packets whose header a broadcast lost
        self._has_gaps = container.format.name == "mpegts"  # a broadcast may lose packets
        self._waiting: list[int] = []
        self._presented = array("q")
        self._decoded = array("q")
        self.places = Places(array("q"), array("q"))
        self._sets = ParameterSets(codec_name(stream), stream.codec_context.extradata or b"")
        self.end: int | None = None
        self._latest: int | None = None
        self._presented_all = self._decoded_all = self._rising = True
        self._newest: int | None = None
        self._invented_stamps = container.format.name == "avi"  # it states no time of display, FFmpeg guesses
        self._begun = False
        self._undecoded = 0  # packets before the first one that can be decoded alone and decodes
        self._frame: VideoFrame | None = None
        self._run(container)
        self.stamps = self._source()

    def shown(self) -> array[int]:
        """Time stamps in order of display, that of `first_frame` first; empty if the file has none."""
        if self.stamps is StampSource.NONE:
            return array("q")
        if self.stamps is StampSource.DECODING:
            return self._decoded[self._undecoded :]
        first = self.first_frame.pts
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
                if self._shown.begins_frame(packet):
                    self._count(packet)
                    self._undecoded += not self._begun
                self._note_end(packet)
        except av.FFmpegError as error:
            raise UnsupportedMedia(
                f"the video breaks off or is damaged at packet {self.packets}: {error.strerror}"
            ) from error
        if self._frame is None:
            raise UnsupportedMedia("no frame of the video can be decoded; it is damaged, encrypted or empty")
        self.first_frame = self._frame
        if not self._begun:  # its packets do not say where decoding can begin
            self._undecoded = 0
        while self._waiting and self._presented_all:
            self._present(heapq.heappop(self._waiting))

    def _try_to_decode(self, packet: Packet[VideoStream]) -> None:
        if self.packets >= _FIRST_FRAME_PACKETS:
            raise UnsupportedMedia(f"none of the first {self.packets} packets of the video can be decoded")
        try:
            frames = packet.decode()
        except MemoryError:
            raise
        except av.FFmpegError:  # a broadcast may begin in the middle of a group of pictures
            self._begun = False
            return
        self._begun |= packet.is_keyframe
        if frames:
            self._frame = frames[0]
            self._limits.check_size(self._frame.width, self._frame.height)

    def _note_end(self, packet: Packet[VideoStream]) -> None:
        """The end of the frame that is shown last; its second field may have a packet of its own."""
        if not self._says_durations or packet.pts is None or packet.is_discard:
            return
        if self._latest is None or packet.pts > self._latest:
            self._latest = packet.pts
            self.end = packet.pts + packet.duration if packet.duration else None

    def _count(self, packet: Packet[VideoStream]) -> None:
        self.packets += 1
        stamp = packet.pts if packet.dts is None else packet.dts
        if packet.is_keyframe and stamp is not None:
            self.places.keys.append(stamp)
            if self._sets.change(bytes(packet)) or packet.has_sidedata("new_extradata"):
                self.places.turns.append(stamp)
        self._limits.check_frames(self.packets, self._stream.width, self._stream.height)
        if packet.dts is None or (self._decoded and packet.dts <= self._decoded[-1]):
            self._decoded_all = False
        elif self._decoded_all:
            self._decoded.append(packet.dts)
        if packet.pts is None and self._has_gaps:
            self._unstamped += 1
        elif packet.pts is None or self._invented_stamps:
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
        stated = self._presented_all and self._unstamped * _FEW <= self.packets
        if stated and self.first_frame.pts is not None and not self._invented_stamps:
            reordered = self._stream.codec_context.reorder_depth > 0
            return StampSource.ORDER if self._rising and reordered else StampSource.FRAME
        return StampSource.DECODING if self._decoded_all else StampSource.NONE


def backwards(last: int, stamp: int, frame: int) -> str:
    """The sentence that refuses ``stamp`` after ``last``."""
    return (
        f"the time stamps of the video repeat or run backwards near frame {frame} ({last} is followed by "
        f"{stamp}); write it anew, for example with `ffmpeg -i IN OUT.mp4`"
    )
