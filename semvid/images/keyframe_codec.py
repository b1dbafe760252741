"""Keyframes as one low-delay AV1 sequence (SVT-AV1 to encode, dav1d to decode, both through PyAV).

Every picture gives one packet at once. In `PictureCoding.JOINT` a picture is predicted from earlier ones,
which saves most of the bytes on calm content (docs/decisions/0006-keyframe-codec.md); after a lost packet
nothing decodes until a picture that the encoder was asked to `refresh`. In `PictureCoding.INTRA` each picture
stands alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from semvid.errors import InvalidInput, MalformedUnits
from semvid.images import obu
from semvid.images.scheduling import ordinary_priority
from semvid.images.types import Picture
from semvid.images.yuv import from_yuv420, to_yuv420
from semvid.semantics import PictureCoding

MIN_CRF, MAX_CRF = 20, 70
SLOW_PRESET, MIDDLE_PRESET = 2, 4
SLOW_PRESET_AREA = 640 * 360  # pixels; larger pictures are coded with the middle preset
_MIN_SIDE = 16  # pixels; SVT-AV1 refuses some smaller sizes
_FFMPEG_MAX_CRF = 63  # higher ones only pass through svtav1-params
_PERCEPTUAL = "sharpness=7:ac-bias=4:enable-variance-boost=1:variance-boost-curve=2"
_STREAMING = "keyint=-1:pred-struct=1:lookahead=0:force-key-frames=1:lp=1:tune=1"


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """One keyframe in the picture code.

    Attributes:
        packet: bytes of the elementary stream; no container, no temporal delimiter.
        refresh: it decodes without any earlier packet.
    """

    packet: bytes
    refresh: bool


class KeyframeEncoder:
    """Encodes keyframes of one size in time order.

    Not thread-safe, but `encode` releases the interpreter lock, so encoders in different threads run at once.

    Args:
        width, height: of the pictures, pixels, 1 and up; padded inside, cropped by the decoder.
        crf: 20 (best) .. 70 (fewest bytes).
        coding: joint or intra.
        preset: of SVT-AV1, 0 (slowest) .. 13. By default 2 for pictures up to 640x360 and 4 for larger
            ones: 2 takes about three times as long and loses less (docs/decisions/0005).
        psnr: tune for squared error instead of for the eye.
        finer_start: 0 .. 63, quantiser steps (of 256) by which a picture that starts a sequence is finer than
            ``crf`` says. On calm content the later pictures inherit from it.

    Raises:
        InvalidInput: ``crf``, ``preset`` or ``finer_start`` out of range, or a size that AV1 cannot code.
    """

    def __init__(
        self,
        width: int,
        height: int,
        crf: int,
        coding: PictureCoding = PictureCoding.JOINT,
        preset: int | None = None,
        psnr: bool = False,
        finer_start: int = 0,
    ) -> None:
        if not MIN_CRF <= crf <= MAX_CRF:
            raise InvalidInput(f"keyframe quality (crf) must lie in {MIN_CRF}..{MAX_CRF}, got {crf}")
        if preset is None:
            preset = SLOW_PRESET if width * height <= SLOW_PRESET_AREA else MIDDLE_PRESET
        if not 0 <= preset <= 13:
            raise InvalidInput(f"keyframe encoder preset must lie in 0..13, got {preset}")
        if not 0 <= finer_start <= 63:
            raise InvalidInput(f"keyframe encoder finer_start must lie in 0..63, got {finer_start}")
        self.width, self.height, self.crf, self.coding = width, height, crf, coding
        self._preset, self._psnr, self._finer_start = preset, psnr, finer_start
        self._codec: VideoCodecContext | None = None
        self._count = 0
        self._refresh = False

    @property
    def refreshing(self) -> bool:
        """Whether the next picture was asked to stand alone."""
        return self._refresh

    def encode(self, picture: Picture) -> EncodedPicture:
        """Codes the next picture, uint8 RGB [height, width, 3], into one packet at once.

        Raises:
            InvalidInput: a picture of another shape or dtype.
        """
        shape = (self.height, self.width, 3)
        if picture.shape != shape or picture.dtype != np.uint8:
            raise InvalidInput(f"keyframe encoder wants uint8 {shape}, got {picture.dtype} {picture.shape}")
        codec = self._codec or self._open()
        width, height = coded_size(self.width, self.height)
        frame = VideoFrame.from_ndarray(to_yuv420(picture, width, height), "yuv420p")
        frame.pts = self._count
        if self._refresh or self.coding is PictureCoding.INTRA:
            frame.pict_type = PictureType.I
        packets = codec.encode(frame)
        if len(packets) != 1:
            raise RuntimeError(f"SVT-AV1 gave {len(packets)} packets for one picture; low delay is broken")
        self._count += 1
        self._refresh = False
        packet = obu.strip(bytes(packets[0]))
        return EncodedPicture(packet, obu.starts_sequence(packet))

    def refresh(self, crf: int | None = None) -> None:
        """Makes the next picture independent of all earlier ones, and changes the quality if asked.

        A sequence keeps its quality, so a new ``crf`` takes effect only here.

        Raises:
            InvalidInput: ``crf`` out of range.
        """
        if crf is not None and crf != self.crf:
            if not MIN_CRF <= crf <= MAX_CRF:
                raise InvalidInput(f"keyframe quality (crf) must lie in {MIN_CRF}..{MAX_CRF}, got {crf}")
            self.close()
            self.crf = crf
        self._refresh = self._codec is not None

    def close(self) -> None:
        """Frees the encoder and its threads; the next `encode` starts a new sequence."""
        if self._codec is not None:
            self._codec.encode(None)
            self._codec = None
            self._count = 0

    def __enter__(self) -> KeyframeEncoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> VideoCodecContext:
        os.environ.setdefault("SVT_LOG", "0")  # read by SVT-AV1 when it opens; it prints a banner otherwise
        codec = av.CodecContext.create("libsvtav1", "w")
        assert isinstance(codec, VideoCodecContext)
        codec.width, codec.height = coded_size(self.width, self.height)
        codec.pix_fmt = "yuv420p"
        codec.time_base = Fraction(1, 1)
        codec.framerate = Fraction(1, 1)
        parameters = _STREAMING if self._psnr else f"{_STREAMING}:{_PERCEPTUAL}"
        if self.crf > _FFMPEG_MAX_CRF:
            parameters += f":crf={self.crf}"
        if self._finer_start:
            parameters += f":use-fixed-qindex-offsets=2:key-frame-qindex-offset={-self._finer_start}"
        codec.options = {
            "preset": str(self._preset),
            "crf": str(min(self.crf, _FFMPEG_MAX_CRF)),
            "svtav1-params": parameters,
        }
        try:
            with ordinary_priority():
                codec.open()
        except FFmpegError as error:
            raise InvalidInput(
                f"SVT-AV1 cannot code pictures of {self.width}x{self.height}: {error}"
            ) from error
        self._codec = codec
        return codec


class KeyframeDecoder:
    """Decodes the packets of a `KeyframeEncoder` one by one.

    After `reset`, and after any packet that could not be decoded, it waits for one that starts a new
    sequence. A damaged packet can decode into nonsense: only packets whose checksum held belong here.

    Args:
        width, height: of the pictures, pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._codec: VideoCodecContext | None = None

    def decode(self, packet: bytes) -> Picture:
        """The picture of ``packet``, uint8 RGB [height, width, 3].

        Raises:
            MalformedUnits: the packet is damaged, belongs to another size, or needs an earlier packet that is
                missing. Nothing decodes then until a refresh.
        """
        codec = self._codec
        if obu.starts_sequence(packet):
            codec = codec or self._open()
        elif codec is None:
            raise MalformedUnits("keyframe packet depends on an earlier one that is missing; refresh needed")
        self._codec = None
        try:
            frames = codec.decode(av.Packet(obu.restore(packet)))
        except FFmpegError as error:
            raise MalformedUnits(
                f"keyframe packet of {len(packet)} bytes cannot be decoded: {error}"
            ) from error
        if len(frames) != 1:
            raise MalformedUnits(
                f"keyframe packet of {len(packet)} bytes holds {len(frames)} pictures, not one"
            )
        frame, size = frames[0], coded_size(self.width, self.height)
        if (frame.width, frame.height) != size or frame.format.name != "yuv420p":
            raise MalformedUnits(
                f"keyframe packet holds {frame.format.name} {frame.width}x{frame.height}, not yuv420p {size}"
            )
        self._codec = codec
        return from_yuv420(frame.to_ndarray().astype(np.uint8, copy=False), self.width, self.height)

    def reset(self) -> None:
        """Tells the decoder that a packet was lost: it waits for a refresh."""
        self._codec = None

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
