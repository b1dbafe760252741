"""Keyframes as AV1 sequences (SVT-AV1 to encode, dav1d to decode, both through PyAV).

How pictures depend on each other is a choice (`PictureCoding`):

- *Pyramid.* Hierarchical: of every eight pictures one is an anchor, predicted from earlier anchors; the
  others lie in layers above it and are predicted from both sides. Costs least; the encoder looks ahead, so
  packets come late, and in coding order instead of the order of time (docs/decisions/0009-pyramid.md).
- *Low delay.* Each picture is predicted from earlier ones and gives one packet at once.
- *Intra.* Each picture stands alone.

Portraits that a face is animated from are coded with low delay.

Every packet holds one picture. What a lost one spoils follows from the reference slots that packets name
(`semvid.images.frame_header`): a decoder refuses those that lean on a missing picture and goes on with the
others.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from semvid.errors import InvalidInput, MalformedUnits
from semvid.images import obu
from semvid.images.frame_header import FrameHeader, SequenceHeader
from semvid.images.scheduling import ordinary_priority
from semvid.images.types import Picture
from semvid.images.yuv import from_yuv420, to_yuv420
from semvid.semantics import ALL_SLOTS, PictureCoding

MIN_CRF, MAX_CRF = 20.0, 70.0
FASTEST_PRESET: Final = 13
_GROUP: Final = 8  # pictures, of a pyramid
_BEYOND: Final = {**dict.fromkeys(PictureCoding, 0), PictureCoding.PYRAMID: 32}
"""Pictures that are pushed after the last one of a group before it is given back. SVT-AV1 gives it after 19
to 29, as its threads get on: what a sender does must not hang on that."""
MOST_HELD: Final = {coding: beyond + _GROUP if beyond else 0 for coding, beyond in _BEYOND.items()}
"""Pictures that are pushed and not given back yet, at most."""
_MIN_SIDE = 16  # pixels; SVT-AV1 refuses some smaller sizes
_ORDER: Final = 128  # places in time that frame headers tell apart
_COMMON: Final = "keyint=-1:lp=1:sharpness=7:ac-bias=4:enable-variance-boost=1:variance-boost-curve=2"
_LOW_DELAY: Final = "tune=1:pred-struct=1:lookahead=0:force-key-frames=1"
_STRUCTURE: Final = {
    PictureCoding.PYRAMID: "tune=0:hierarchical-levels=3",  # SVT-AV1 has `tune=0` for random access only
    PictureCoding.LOW_DELAY: _LOW_DELAY,
    PictureCoding.INTRA: _LOW_DELAY,
    PictureCoding.PORTRAIT: _LOW_DELAY,
}
CODINGS: Final = tuple(_STRUCTURE)
"""Those of AV1."""


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """One keyframe in the picture code.

    Attributes:
        number: its place in the sequence in the order of time, from 0.
        packet: bytes of the elementary stream; no container, no temporal delimiter.
        refresh: it decodes without any earlier packet.
        leans_on: slots that it may be predicted from, a bit mask.
        kept_in: slots that it is kept in afterwards, a bit mask; 0: no other picture needs it.
    """

    number: int
    packet: bytes
    refresh: bool
    leans_on: int
    kept_in: int


Group = tuple[EncodedPicture, ...]
"""Pictures in coding order that fill a stretch of time without a hole: an anchor and what hangs on it."""


class KeyframeEncoder:
    """Encodes the keyframes of one sequence, pushed in the order of time.

    Not thread-safe, but `push` releases the interpreter lock, so encoders in different threads run at once.

    Args:
        width, height: of the pictures, pixels, 1 and up; padded inside, cropped by the decoder.
        crf: 20 (best) .. 70 (fewest bytes).
        coding: how pictures depend on each other.
        preset: of SVT-AV1, 0 (slowest) .. 13.

    Raises:
        InvalidInput: ``crf`` or ``preset`` out of range, or a coding or size that AV1 does not have.
    """

    def __init__(
        self,
        width: int,
        height: int,
        crf: float,
        coding: PictureCoding = PictureCoding.PYRAMID,
        preset: int = 4,
    ) -> None:
        if not MIN_CRF <= crf <= MAX_CRF:
            raise InvalidInput(f"keyframe quality (crf) must lie in {MIN_CRF:g}..{MAX_CRF:g}, got {crf:g}")
        if coding not in CODINGS:
            raise InvalidInput(f"AV1 codes keyframes as {', '.join(CODINGS)}, and not as {coding}")
        if not 0 <= preset <= FASTEST_PRESET:
            raise InvalidInput(f"keyframe encoder preset must lie in 0..{FASTEST_PRESET}, got {preset}")
        self.width, self.height, self.crf, self.coding, self.preset = width, height, crf, coding, preset
        self._codec: VideoCodecContext | None = None
        self._sequence: SequenceHeader | None = None
        self._pushed = self._coded = 0
        self._group: list[EncodedPicture] = []
        self._ready: deque[Group] = deque()
        self._closed = self._newest = -1  # last number of the latest group; of all

    def push(self, picture: Picture) -> list[Group]:
        """Takes the next picture, uint8 RGB [height, width, 3]; gives the groups that are due now.

        Which these are depends on how many pictures were pushed and on nothing else.

        Raises:
            InvalidInput: a picture of another shape or dtype.
        """
        shape = (self.height, self.width, 3)
        if picture.shape != shape or picture.dtype != np.uint8:
            raise InvalidInput(f"keyframe encoder wants uint8 {shape}, got {picture.dtype} {picture.shape}")
        codec = self._codec = self._codec or self._open()
        frame = VideoFrame.from_ndarray(to_yuv420(picture, codec.width, codec.height), "yuv420p")
        frame.pts = self._pushed
        if self.coding is PictureCoding.INTRA:
            frame.pict_type = PictureType.I
        self._pushed += 1
        self._ready.extend(self._grouped(codec.encode(frame)))
        due = self._pushed - 1 - _BEYOND[self.coding]  # groups that end here or before
        return list(self._end_by(due))

    def finish(self) -> list[Group]:
        """Ends the sequence: gives the groups still to come, and frees the encoder and its threads."""
        codec, self._codec = self._codec, None
        if codec is None:
            return []
        self._ready.extend(self._grouped(codec.encode(None)))
        if self._group:
            self._ready.append(tuple(self._group))
        return list(self._end_by(self._newest))

    def __enter__(self) -> KeyframeEncoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def _end_by(self, number: int) -> Iterator[Group]:
        while self._ready and max(picture.number for picture in self._ready[0]) <= number:
            yield self._ready.popleft()

    def _grouped(self, units: list[Packet[VideoStream]]) -> Iterator[Group]:
        """The picture that begins a pyramid waits for the group that leans on it."""
        for unit in units:
            for packet in obu.pictures(bytes(unit)):
                picture = self._described(packet)
                self._group.append(picture)
                self._newest = max(self._newest, picture.number)
                whole = len(self._group) == self._newest - self._closed
                if whole and (self._newest > 0 or self.coding is not PictureCoding.PYRAMID):
                    yield tuple(self._group)
                    self._group.clear()
                    self._closed = self._newest

    def _described(self, packet: bytes) -> EncodedPicture:
        self._sequence, head = obu.heads(packet, self._sequence)
        number, newest = self._coded, self._newest
        if self.coding is PictureCoding.PYRAMID:
            number = newest + (head.order - newest + _ORDER // 2) % _ORDER - _ORDER // 2
        self._coded += 1
        return EncodedPicture(number, packet, obu.starts_sequence(packet), head.leans_on, head.kept_in)

    def _open(self) -> VideoCodecContext:
        os.environ.setdefault("SVT_LOG", "0")  # read by SVT-AV1 when it opens; it prints a banner otherwise
        codec = av.CodecContext.create("libsvtav1", "w")
        assert isinstance(codec, VideoCodecContext)
        codec.width, codec.height = coded_size(self.width, self.height)
        codec.pix_fmt = "yuv420p"
        codec.time_base = Fraction(1, 1)
        codec.framerate = Fraction(1, 1)
        codec.options = {
            "preset": str(self.preset),
            # FFmpeg's own option takes whole numbers up to 63; these parameters come later and hold
            "svtav1-params": f"{_COMMON}:{_STRUCTURE[self.coding]}:crf={self.crf:g}",
        }
        try:
            with ordinary_priority():
                codec.open()
        except FFmpegError as error:
            raise InvalidInput(
                f"SVT-AV1 cannot code pictures of {self.width}x{self.height}: {error}"
            ) from error
        return codec


class KeyframeDecoder:
    """Decodes the packets of a `KeyframeEncoder` one by one, in coding order.

    A packet that was lost must be told by `lose`: later ones that lean on it are refused until its place is
    taken. After `reset`, and after a packet that could not be decoded, that are all up to the next one that
    starts a sequence. A damaged packet can decode into nonsense: only packets whose checksum held belong
    here.

    Args:
        width, height: of the pictures, pixels.

    Attributes:
        quantiser: of the picture decoded last, 0 (finest) .. 255 (`semvid.images.frame_header`).
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.quantiser = 0
        self._codec: VideoCodecContext | None = None
        self._sequence: SequenceHeader | None = None
        self._missing = ALL_SLOTS

    def decode(self, packet: bytes) -> Picture:
        """The picture of ``packet``, uint8 RGB [height, width, 3].

        Raises:
            obu.ReferenceLost: it leans on a picture that is missing.
            MalformedUnits: the packet is damaged or belongs to another size.
        """
        try:
            sequence, head = obu.heads(packet, self._sequence)
        except MalformedUnits:
            self.reset()  # where it was to be kept cannot be read
            raise
        if not obu.starts_sequence(packet) and (self._codec is None or head.leans_on & self._missing):
            self.lose(head.kept_in)
            raise obu.ReferenceLost("keyframe packet depends on an earlier one that is missing")
        codec, self._codec = self._codec or self._open(), None
        missing, self._missing = self._missing & ~head.kept_in, ALL_SLOTS
        try:
            picture = self._shown(codec, packet, head)
        except FFmpegError as error:
            raise MalformedUnits(
                f"keyframe packet of {len(packet)} bytes cannot be decoded: {error}"
            ) from error
        self._codec, self._sequence, self._missing = codec, sequence, missing
        self.quantiser = head.quantiser
        return picture

    def lose(self, slots: int) -> None:
        """Takes note that a packet is missing whose picture would have been kept in ``slots``."""
        self._missing |= slots

    def reset(self) -> None:
        """Takes note that nobody knows which packets are missing: only a new sequence can be decoded."""
        self._missing = ALL_SLOTS

    def _shown(self, codec: VideoCodecContext, packet: bytes, head: FrameHeader) -> Picture:
        frames = codec.decode(Packet(obu.restore(packet)))
        if not head.shown and not frames:
            frames = codec.decode(Packet(obu.call((head.kept_in & -head.kept_in).bit_length() - 1)))
        if len(frames) != 1:
            raise MalformedUnits(
                f"keyframe packet of {len(packet)} bytes holds {len(frames)} pictures, not one"
            )
        frame, size = frames[0], coded_size(self.width, self.height)
        if (frame.width, frame.height) != size or frame.format.name != "yuv420p":
            raise MalformedUnits(
                f"keyframe packet holds {frame.format.name} {frame.width}x{frame.height}, not yuv420p {size}"
            )
        return from_yuv420(frame.to_ndarray().astype(np.uint8, copy=False), self.width, self.height)

    def _open(self) -> VideoCodecContext:
        codec = av.CodecContext.create("libdav1d", "r")
        assert isinstance(codec, VideoCodecContext)
        codec.thread_count = 1
        width, height = coded_size(self.width, self.height)
        codec.options = {"max_pixels": str(width * height), "max_frame_delay": "1"}
        return codec


def coded_size(width: int, height: int) -> tuple[int, int]:
    """Width and height inside the picture code: even, and at least 16."""
    return max(_MIN_SIDE, width + width % 2), max(_MIN_SIDE, height + height % 2)
