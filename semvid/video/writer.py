"""An MP4 whose frames carry exactly the time stamps that they were given.

While it grows the file is a fragmented MP4, playable up to the last whole fragment whatever happens to the
process; `VideoWriter.close` turns it into an ordinary one with its index in front, without encoding again.
"""

from __future__ import annotations

import math
from collections import deque
from fractions import Fraction
from pathlib import Path
from typing import Protocol, Self

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from semvid.errors import InvalidInput
from semvid.semantics.hdr import HdrColour
from semvid.sound.pcm import SAMPLE_RATE, Pcm
from semvid.video.coded_picture import CodedPicture
from semvid.video.colour import from_rgb
from semvid.video.picture_stream import LEAST_AV1_SIDE, add_av1, add_h264
from semvid.video.sound_stream import SoundStream
from semvid.video.track_size import widen_track

MAX_SIDE = 16_384  # pixels, libx264
_MAX_GAP = 2**31 - 1  # of a sample duration, track time units (ISO/IEC 14496-12, 8.6.1.2 holds 32 bits)
_FRAGMENTS = "frag_keyframe+empty_moov+default_base_moof+frag_discont"
# AAC begins before the first picture, by what its encoder looks ahead. Only an edit list can say so, and that
# is written with the index: after the first fragment, when it is known.
_FRAGMENTS_WITH_SOUND = "frag_keyframe+delay_moov+default_base_moof"


class FragmentSink(Protocol):
    """What takes fragments in the place of a file, while somebody watches.

    Attributes:
        segment_s: that a fragment lasts, seconds; longer where a frame does.
    """

    segment_s: float

    def write(self, data: bytes) -> int:
        """More of the fragmented MP4; it has to make the file at `VideoWriter.path` of it."""

    def begins(self, at_s: Fraction, frame: int) -> None:
        """The next fragment begins with ``frame``, shown at ``at_s`` seconds."""

    def shows(self, picture: CodedPicture) -> None:
        """The next picture, before its fragment is whole."""

    def ends(self, at_s: Fraction) -> None:
        """All is written; the last frame is shown until ``at_s`` seconds."""


class VideoWriter:
    """Writes MP4: H.264 in BT.709, or AV1 with 10 bits for HDR (`semvid.video.picture_stream`).

    Args:
        path: the file to make; an existing one is replaced.
        width, height: of every picture, pixels, 1..16384.
        time_base: unit of the time stamps, seconds.
        frame_rate: nominal frames per second; sets what the stream says of itself, and how long the last
            frame lasts where `hold_last` does not (without it: as long as the one before, a lone one 1/25 s).
        crf: constant rate factor of libx264, lower is better; HDR has one of its own.
        preset: of libx264.
        pixel_aspect: width over height of a pixel; both parts at most 4096.
        sound_channels: of the sound, 1 or 2; 0: there is none.
        sink: takes the fragments while they are made, each as soon as it is over; then ``path`` is the sink's
            to write. None: they go into ``path``.
        hdr: what the pictures are that are not of BT.709; they are written as AV1 with 10 bits. None: BT.709.

    Time stamps of an MP4 begin at 0 or later. If the first one is negative, all are moved up by `shift`, so
    that the first becomes 0; the distances stay exact.

    Raises:
        InvalidInput: impossible size or time base.
        OSError: the file cannot be written; from every method.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        time_base: Fraction,
        *,
        frame_rate: Fraction | None = None,
        crf: int = 16,
        preset: str = "veryfast",
        pixel_aspect: Fraction = Fraction(1),
        sound_channels: int = 0,
        sink: FragmentSink | None = None,
        hdr: HdrColour | None = None,
    ) -> None:
        if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
            raise InvalidInput(f"a video is 1..{MAX_SIDE} pixels wide and high, got {width}x{height}")
        if hdr is not None and (sink is not None or min(width, height) < LEAST_AV1_SIDE):
            raise InvalidInput(
                f"HDR is written to a file and has {LEAST_AV1_SIDE} pixels each way at least, got "
                f"{width}x{height}{' for a live stream' if sink else ''}"
            )
        if time_base <= 0 or max(time_base.numerator, time_base.denominator) > _MAX_GAP:
            raise InvalidInput(f"a time base is a positive fraction of 31-bit numbers, got {time_base}")
        self.path = path
        self.shift = 0
        self.frames = 0
        self._size = (height, width, 3)
        self._pixel_aspect = pixel_aspect
        self._ticks = time_base.numerator  # track time units in one unit of time_base
        self._timescale = time_base.denominator
        self._nominal_gap = None if frame_rate is None else max(1, round(1 / (frame_rate * time_base)))
        self._gap: int | None = None  # between the newest two frames
        self._last: int | None = None
        self._stamps: deque[int] = deque()  # of packets not yet written, track time units
        self._packets: deque[Packet[VideoStream]] = deque()
        self._reformatter = VideoReformatter()
        self._first: int | None = None
        self._sink, self._hdr = sink, hdr
        self._fragment_from = 0  # time stamp of its first frame, track time units
        self._container: OutputContainer | None = _open(
            sink or path, self._timescale, _FRAGMENTS_WITH_SOUND if sound_channels else _FRAGMENTS
        )
        try:
            stream = self._container, (width, height), self._timescale, frame_rate or Fraction(25)
            if hdr is None:
                self._stream = add_h264(*stream, crf=crf, preset=preset, at_once=sink is not None)
            else:
                self._stream = add_av1(*stream, hdr)
            self._stream.codec_context.sample_aspect_ratio = pixel_aspect
            self._sound = SoundStream(self._container, sound_channels) if sound_channels else None
            self._container.start_encoding()  # once: a second try after a failed one kills the process
        except BaseException:
            self._container.close()
            path.unlink(missing_ok=True)
            raise

    def append(self, picture: NDArray[np.uint8], pts: int) -> None:
        """Adds a frame.

        Args:
            picture: uint8 RGB [height, width, 3].
            pts: time stamp in units of ``time_base``, larger than the one before.

        Raises:
            ValueError: a picture of another shape or dtype, or the writer is closed.
            InvalidInput: a time stamp that is not larger, or so far away that MP4 cannot hold the distance.
        """
        if self._container is None:
            raise ValueError(f"the writer of {self.path.name!r} is closed")
        if picture.shape != self._size or picture.dtype != np.uint8:
            raise ValueError(f"expected a uint8 picture {self._size}, got {picture.dtype} {picture.shape}")
        if self._last is None:
            self._first, self.shift = pts, max(0, -pts)
        else:
            self._gap = self._checked_gap(pts)
        self._last = pts
        self._stamps.append((pts + self.shift) * self._ticks)
        frame = from_rgb(picture, self._stream.format.name, self._reformatter, self._hdr)
        if self._sink is not None:
            self._begin_fragment(self._sink, frame)
        frame.pts = self.frames
        frame.time_base = self._stream.codec_context.time_base
        self.frames += 1
        self._packets.extend(self._stream.encode(frame))
        self._mux()

    def hold_last(self, hold: int) -> None:
        """Sets how long the last frame is shown, in units of ``time_base``, at least one."""
        self._nominal_gap = hold

    @property
    def has_sound(self) -> bool:
        """Whether it takes sound."""
        return self._sound is not None

    def append_sound(self, pcm: Pcm) -> None:
        """Adds sound; the first of it is heard with the first picture, the rest follows without a gap.

        Args:
            pcm: int16 [samples, channels], `semvid.sound.pcm.SAMPLE_RATE` to a second.

        Raises:
            ValueError: no picture was appended yet, or the writer has no sound.
        """
        if self._sound is None or self._first is None:
            raise ValueError(f"the writer of {self.path.name!r} takes no sound, or none before a picture")
        self._sound.append(pcm)
        self._mux_sound()

    def shown_s(self, ended: bool) -> Fraction:
        """Seconds from the first picture to the newest one, or, where that is the last, to its end."""
        if self._first is None or self._last is None:
            return Fraction(0)
        ticks = (self._last - self._first) * self._ticks + (self._last_gap if ended else 0)
        return Fraction(ticks, self._timescale)

    def close(self) -> None:
        """Finishes the file and moves its index to the front. A second call does nothing.

        Raises:
            InvalidInput: no frame was appended; the file is removed.
        """
        if self._container is None:
            return
        self._finish_fragments()
        if not self.frames:
            self.path.unlink(missing_ok=True)
            raise InvalidInput("a video needs at least one frame, none was appended")
        remuxed = self.path.with_name(self.path.name + ".remux")
        try:
            _remux(self.path, remuxed, self._timescale)
            self._tell_shape(remuxed)
            remuxed.replace(self.path)
        finally:
            remuxed.unlink(missing_ok=True)

    def abort(self) -> None:
        """Stops and leaves what there is as a playable fragmented MP4; without any frame no file remains."""
        if self._container is None:
            return
        self._finish_fragments()
        if self.frames:
            self._tell_shape(self.path)
        else:
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _begin_fragment(self, sink: FragmentSink, frame: VideoFrame) -> None:
        """Where it is time for one, a fragment begins with ``frame``, the newest."""
        now = self._stamps[-1]
        if not self.frames or now - self._fragment_from >= sink.segment_s * self._timescale:
            self._fragment_from = now
            frame.pict_type = PictureType.I
            sink.begins(Fraction(now, self._timescale), self.frames)

    def _tell_shape(self, path: Path) -> None:
        if self._pixel_aspect != 1:
            widen_track(path, self._pixel_aspect)

    def _checked_gap(self, pts: int) -> int:
        assert self._last is not None
        if pts <= self._last:
            raise InvalidInput(f"time stamps must increase, {self._last} is followed by {pts}")
        if (pts - self._last) * self._ticks > _MAX_GAP:
            raise InvalidInput(
                f"MP4 cannot hold a frame from {self._last} to {pts} at {self._timescale} time units a second"
            )
        return pts - self._last

    @property
    def _last_gap(self) -> int:
        """How long the last frame lasts, track time units."""
        gap = (self._nominal_gap or self._gap or 0) * self._ticks or max(1, self._timescale // 25)
        return min(gap, _MAX_GAP)

    def _mux_sound(self) -> None:
        assert self._sound is not None
        assert self._container is not None
        assert self._first is not None
        ticks = (self._first + self.shift) * self._ticks
        for packet in self._sound.packets(round(Fraction(ticks * SAMPLE_RATE, self._timescale))):
            self._container.mux_one(packet)

    def _mux(self) -> None:
        """Writes the packets whose duration is known: all up to the newest frame but one."""
        while self._packets and len(self._stamps) > 1:
            stamp = self._stamps.popleft()
            self._mux_one(self._packets.popleft(), stamp, self._stamps[0] - stamp)

    def _mux_one(self, packet: Packet[VideoStream], stamp: int, duration: int) -> None:
        assert self._container is not None
        packet.time_base = Fraction(1, self._timescale)
        packet.pts = packet.dts = stamp
        packet.duration = duration
        if self._sink is not None:
            sets = self._stream.codec_context.extradata or b"" if packet.is_keyframe else b""
            at_s = Fraction(stamp, self._timescale)
            self._sink.shows(CodedPicture(sets + bytes(packet), at_s, packet.is_keyframe))
        self._container.mux_one(packet)

    def _finish_fragments(self) -> None:
        assert self._container is not None
        container = self._container
        try:
            if self.frames:
                self._packets.extend(self._stream.encode(None))
                self._mux()
            if self._packets and self._stamps:  # neither is left of a frame that could not be written
                self._mux_one(self._packets.popleft(), self._stamps.popleft(), self._last_gap)
            if self._sound is not None and self.frames:
                self._sound.finish()
                self._mux_sound()
        finally:
            self._container = None
            container.close()
            if self._sink is not None and self._last is not None:
                end = (self._last + self.shift) * self._ticks + self._last_gap
                self._sink.ends(Fraction(end, self._timescale))


def _open(target: Path | FragmentSink, timescale: int, movflags: str) -> OutputContainer:
    return av.open(
        f"file:{target}" if isinstance(target, Path) else target,
        mode="w",
        format="mp4",
        container_options={
            "movflags": movflags,
            "video_track_timescale": str(timescale),
            "movie_timescale": str(_movie_timescale(timescale)),
            "avoid_negative_ts": "disabled",
            "flush_packets": "1",
        },
    )


def _movie_timescale(timescale: int) -> int:
    """What edit lists count in, which delay the first frame and the first sound: exact for frames, and for
    sound as far as 31 bits go."""
    both = math.lcm(timescale, SAMPLE_RATE)
    return both if both <= _MAX_GAP else timescale * (_MAX_GAP // timescale)


def _remux(source: Path, target: Path, timescale: int) -> None:
    with (
        av.open(f"file:{source}", mode="r", format="mp4") as fragments,
        _open(target, timescale, "faststart") as mp4,
    ):
        streams = [*fragments.streams.video, *fragments.streams.audio]
        # opaque: what decodes AV1 encodes nothing, and would be asked for an encoder
        copies = {stream.index: mp4.add_stream_from_template(stream, opaque=True) for stream in streams}
        for stream in streams:
            copies[stream.index].time_base = stream.time_base
        for packet in fragments.demux(streams):
            if packet.size:
                packet.stream = copies[packet.stream.index]
                mp4.mux_one(packet)
