"""Frames of a probed video, one by one."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from semvid.errors import UnsupportedMedia
from semvid.video.colour import to_rgb
from semvid.video.container import open_video, packets
from semvid.video.deinterlacing import Deinterlacer
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo
from semvid.video.scan import StampSource, backwards
from semvid.video.shown_packets import ShownPackets
from semvid.video.silent_packets import SilentPackets

_IN_ORDER = (StampSource.ORDER, StampSource.DECODING)
_MOST_LATE = 4  # frames in a row that a decoder may give too late: more, and the times are wrong
_MOST_SKIPPED = 600  # frames from the key picture to where an excerpt begins


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame as displayed.

    Attributes:
        index: counts from 0 in order of display.
        pts: time since the first frame, in units of `SourceInfo.time_base`; larger than that of the frame
            before.
        picture: uint8 RGB [height, width, 3], owned by the caller.
    """

    index: int
    pts: int
    picture: NDArray[np.uint8]


def read_frames(
    path: Path, info: SourceInfo, limits: VideoLimits | None = None
) -> Generator[Frame, None, None]:
    """Decodes ``path`` lazily: memory does not grow with its length.

    What does not decode is left out, and its time with it: the frame before is shown until the next.

    Close the iterator (or exhaust it) to close the file.

    Args:
        path: the file that `probe` saw.
        info: what `probe` said of it.
        limits: the same as for `probe`; kept while decoding too, because headers may lie.

    Raises:
        UnsupportedMedia: the file breaks off, the frame size changes, time stamps run backwards; the message
            names the frame.
        LimitExceeded: the video turns out longer or larger than allowed.
    """
    limits = limits or VideoLimits()
    reformatter, fields = VideoReformatter(), Deinterlacer()
    index = 0
    with open_video(path, limits) as (container, stream):
        stamps = _Stamps(info, stream)
        try:
            for packet in packets(container, stream):
                stamps.see(packet)
                try:
                    decoded = packet.decode()
                except MemoryError:
                    raise
                except av.FFmpegError:
                    stamps.leave_out(packet)
                    decoded = []
                for frame in fields.whole(decoded, ended=not packet.size):
                    limits.check_frames(index + 1, info.width, info.height)
                    check_frame_size(frame, info, f"at frame {index}")
                    if stamps.is_lost(frame.pts):
                        continue
                    pts = stamps.next(frame.pts, index)
                    limits.check_duration(float(pts * info.time_base))
                    yield Frame(index, pts, info.orientation.apply(to_rgb(frame, reformatter, info.kept)))
                    index += 1
        except av.FFmpegError as error:
            raise UnsupportedMedia(
                f"the video breaks off or is damaged after frame {index} ({error.strerror})"
            ) from error
    if not index:
        raise UnsupportedMedia("no frame of the video can be decoded; it is damaged, encrypted or empty")


def read_excerpt(
    path: Path, info: SourceInfo, start_s: float, limits: VideoLimits | None = None
) -> Generator[NDArray[np.uint8], None, None]:
    """Pictures from about ``start_s`` on, for a look into the middle of a video; nothing says which they are.

    Yields nothing where the container cannot be searched, or has no key picture near. MPEG-TS has no index:
    there it may begin a group of pictures late.

    Args:
        path, info, limits: as for `read_frames`.
        start_s: seconds after the first frame.
    """
    reformatter, fields = VideoReformatter(), Deinterlacer()
    with open_video(path, limits or VideoLimits()) as (container, stream):
        start = start_s + float(info.first_pts * info.time_base)
        begun, skipped = False, 0
        try:
            container.seek(max(0, round(start * av.time_base)))
            for packet in packets(container, stream):
                try:
                    decoded = packet.decode()
                except av.FFmpegError:
                    if begun:
                        raise
                    continue  # it may lean on a picture before the place that was searched for
                for frame in fields.whole(decoded, ended=not packet.size):
                    begun = True
                    if frame.time is not None and frame.time < start:
                        skipped += 1
                        if skipped > _MOST_SKIPPED:
                            return
                        continue
                    check_frame_size(frame, info, "")
                    yield info.orientation.apply(to_rgb(frame, reformatter, info.kept))
        except (av.FFmpegError, UnsupportedMedia):
            return


def check_frame_size(frame: VideoFrame, info: SourceInfo, where: str) -> None:
    """Refuses ``frame`` if it is of another size than the video (`UnsupportedMedia`)."""
    size = info.orientation.displayed_size(frame.width, frame.height)
    if size != (info.width, info.height):
        raise UnsupportedMedia(
            f"the frames change from {info.width}x{info.height} to {size[0]}x{size[1]} {where}; "
            "semvid sends videos of one size, scale this one first"
        )


class _Stamps:
    """Strictly increasing time stamps of decoded frames, from 0 on."""

    def __init__(self, info: SourceInfo, stream: VideoStream) -> None:
        self._info = info
        self._shown = ShownPackets(stream)
        self._step = max(1, math.floor(1 / (info.frame_rate * info.time_base)))
        self._waiting: deque[int] = deque()
        self._silent = SilentPackets()
        self._late = 0  # frames in a row
        self._lost_some = False  # packets came without a time, where others have one
        self._last: int | None = None

    def see(self, packet: Packet[VideoStream]) -> None:
        """Takes note of a packet on its way to the decoder."""
        stamp = self._info.stamps.of(packet)
        self._lost_some |= bool(packet.size) and packet.pts is None
        if self._info.stamps not in _IN_ORDER or not self._shown.begins_frame(packet):
            return
        if stamp is not None and stamp >= self._info.first_pts:
            self._waiting.append(stamp)
            self._silent.see(stamp)

    def leave_out(self, packet: Packet[VideoStream]) -> None:
        """Says that no frame comes of ``packet``."""
        stamp = self._info.stamps.of(packet)
        if stamp is not None and stamp in self._waiting:
            self._waiting.remove(stamp)
            self._silent.forget(stamp)

    def is_lost(self, stamp: int | None) -> bool:
        """Whether a frame has no place: its packet lost the time that all others have, or its decoder gives
        it after frames that are shown later, as happens where pictures in between are missing."""
        source = self._info.stamps
        if stamp is None:
            return self._lost_some and source in (StampSource.FRAME, StampSource.ORDER)
        if source is not StampSource.FRAME or self._last is None:
            return False
        late = stamp - self._info.first_pts <= self._last
        self._late = self._late + 1 if late else 0
        return 0 < self._late <= _MOST_LATE

    def next(self, stamp: int | None, index: int) -> int:
        """When frame ``index`` is shown, of which the decoder says ``stamp``."""
        if self._info.stamps in _IN_ORDER:
            if self._info.stamps is StampSource.ORDER:
                for _ in range(min(self._silent.lost(stamp), len(self._waiting) - 1)):
                    self._waiting.popleft()
            stamp = self._waiting.popleft() if self._waiting else None
        if self._info.stamps is StampSource.NONE:
            stamp = self._info.grid.nominal_pts(index)
        elif stamp is not None:
            stamp -= self._info.first_pts
        else:
            stamp = 0 if self._last is None else self._last + self._step
        if self._last is not None and stamp <= self._last:
            raise UnsupportedMedia(backwards(self._last, stamp, index))
        self._last = stamp
        return stamp
