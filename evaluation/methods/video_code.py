"""The ready-made video codes: encoder, settings, and a decoder that carries on after losses."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Final

import av
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from semvid.images.resize import at_size
from semvid.images.scheduling import ordinary_priority
from semvid.images.types import Picture
from semvid.images.yuv import from_yuv420, to_yuv420
from transmitter.rate import presets

_DELIMITER: Final = (
    b"\x12\x00"  # AV1 temporal delimiter; the one shown picture of each packet ends it as well
)
_START_CODE: Final = re.compile(rb"\x00?\x00\x00\x01")
# what our own keyframes are coded with, and `tune=0`, which SVT-AV1 has for sequences only
_PERCEPTUAL: Final = "tune=0:sharpness=7:ac-bias=4:enable-variance-boost=1:variance-boost-curve=2"
_PLACEBO: Final = 290_000  # pixels a second that x265 codes with that preset in 0.75 s of a core
_SMALLEST_SIDE: Final = 64  # pixels; smaller sizes are not tried, some encoders refuse them


@dataclass(frozen=True, slots=True)
class VideoCode:
    """One encoder at its settings.

    Attributes:
        encoder, decoder: names in FFmpeg.
        crfs: a coarse grid, coarsest first, evenly spaced.
        options: FFmpeg options for a CRF; for what is coded for good also how many pixels a second of video
            it has, for its preset may be the slower the fewer these are; None: in a search.
        strip, restore: takes out of a packet, and puts back, what the receiver knows anyway.
    """

    encoder: str
    decoder: str
    crfs: Sequence[int]
    options: Callable[[float, float | None], dict[str, str]]
    strip: Callable[[bytes], bytes]
    restore: Callable[[bytes], bytes] = bytes


@dataclass(frozen=True, slots=True)
class Setting:
    """One point of the ladder.

    Attributes:
        scale: divisor of the sides, at least 1.
        step: frames from one coded picture to the next.
        crf: of the encoder; all three take quarters.
        final: coded with the slow preset, not with the one that the search uses.
    """

    scale: float
    step: int
    crf: float
    final: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """A coded clip.

    Attributes:
        packets: elementary stream in coding order, parameter sets in it, no container.
        pts: number of the coded picture that each packet shows.
        width, height: of the coded pictures.
        step: frames of the clip from one coded picture to the next.
        extradata: parameter sets that a container keeps for the decoder; empty for elementary streams.
    """

    packets: list[bytes]
    pts: list[int]
    width: int
    height: int
    step: int
    extradata: bytes = b""

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self.packets))


def codable(width: int, height: int, scale: float) -> bool:
    """Whether the ``scale``-th part of the sides is large enough to be tried; the full size always is."""
    return scale == 1 or min(coded_size(width, height, scale)) >= _SMALLEST_SIDE


def encode(code: VideoCode, pictures: Sequence[Picture], frame_rate: Fraction, setting: Setting) -> Stream:
    """Codes every ``step``-th picture at the ``scale``-th part of the sides."""
    full_height, full_width = pictures[0].shape[:2]
    width, height = coded_size(full_width, full_height, setting.scale)
    os.environ.setdefault("SVT_LOG", "0")
    encoder = av.CodecContext.create(code.encoder, "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate = frame_rate / setting.step
    encoder.time_base = 1 / encoder.framerate
    encoder.thread_count = 1
    encoder.options = options_of(code, pictures[0], frame_rate, setting)
    with ordinary_priority():
        encoder.open()
    packets = []
    for number, picture in enumerate(pictures[:: setting.step]):
        small = at_size(picture, (width, height)) if setting.scale > 1 else picture
        frame = VideoFrame.from_ndarray(to_yuv420(small, width, height), "yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    stamps = [packet.pts for packet in packets]
    assert all(stamp is not None for stamp in stamps)
    return Stream(
        [code.strip(bytes(packet)) for packet in packets],
        [int(stamp or 0) for stamp in stamps],
        width,
        height,
        setting.step,
    )


def options_of(code: VideoCode, picture: Picture, frame_rate: Fraction, setting: Setting) -> dict[str, str]:
    """The encoder's options for a setting; ``picture`` is one of those that are coded, at full size."""
    height, width = picture.shape[:2]
    coded_width, coded_height = coded_size(width, height, setting.scale)
    pixels_per_s = coded_width * coded_height * float(frame_rate) / setting.step
    return code.options(setting.crf, pixels_per_s if setting.final else None)


def decode(code: VideoCode, stream: Stream, packets: Iterable[bytes]) -> dict[int, NDArray[np.uint8]]:
    """Planes (`semvid.images.yuv`) of every coded picture that the decoder gives, by number.

    Args:
        packets: one for each of ``stream``, damaged ones as they are, lost ones empty.
    """
    decoder = av.CodecContext.create(code.decoder, "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    if stream.extradata:
        decoder.extradata = stream.extradata
    planes: dict[int, NDArray[np.uint8]] = {}

    def keep(frames: Iterable[VideoFrame]) -> None:
        for frame in frames:
            size_holds = (frame.width, frame.height) == (stream.width, stream.height)
            if size_holds and frame.format.name == "yuv420p" and frame.pts is not None:
                planes[frame.pts] = frame.to_ndarray().astype(np.uint8, copy=False)

    for data, stamp in zip(packets, stream.pts, strict=True):
        if not data:
            continue  # an empty packet would mean the end to FFmpeg
        packet = av.Packet(code.restore(data))
        packet.pts = stamp
        try:
            keep(decoder.decode(packet))
        except FFmpegError:
            continue
    with suppress(FFmpegError):
        keep(decoder.decode(None))
    return planes


def shown_at(stream: Stream, planes: dict[int, NDArray[np.uint8]], index: int) -> NDArray[np.uint8]:
    """The planes that are on show at frame ``index`` of the clip.

    The coded picture nearest in time; where it is missing the latest before it, or else the first there is.
    """
    wanted = min((index + stream.step // 2) // stream.step, max(stream.pts))
    if wanted in planes:
        return planes[wanted]
    earlier = [number for number in planes if number < wanted]
    return planes[max(earlier) if earlier else min(planes)]


def full_picture(stream: Stream, planes: NDArray[np.uint8], width: int, height: int) -> Picture:
    """Coded planes as a picture of the clip's size, uint8 RGB [height, width, 3]."""
    if (stream.width, stream.height) == (width + width % 2, height + height % 2):
        return from_yuv420(planes, width, height)
    small = from_yuv420(planes, stream.width, stream.height)
    return at_size(small, (width, height))


def coded_size(width: int, height: int, scale: float) -> tuple[int, int]:
    """Even sides, the ``scale``-th part of the clip's; at scale 1 rounded up."""
    if scale == 1:
        return width + width % 2, height + height % 2
    return 2 * round(width / scale / 2), 2 * round(height / scale / 2)


def _x264(crf: float, pixels_per_s: float | None) -> dict[str, str]:  # noqa: ARG001
    parameters = "keyint=infinite:threads=1"
    return {"preset": "veryslow", "tune": "ssim", "crf": f"{crf:g}", "x264-params": parameters}


def _x265(crf: float, pixels_per_s: float | None) -> dict[str, str]:
    # a qcomp below the default of 0.6 is the one tuning that helped, by 2 % (docs/metrics-and-rivals.md)
    parameters = "qcomp=0.5:keyint=-1:info=0:repeat-headers=1:log-level=none:frame-threads=1:pools=none"
    preset = "slow" if pixels_per_s is None else "placebo" if pixels_per_s < _PLACEBO else "slower"
    return {"preset": preset, "crf": f"{crf:g}", "x265-params": parameters}


def _svt_av1(crf: float, pixels_per_s: float | None) -> dict[str, str]:
    # FFmpeg's own option takes whole numbers up to 63; what its parameter string says comes later and holds
    parameters = f"keyint=-1:lp=1:{_PERCEPTUAL}:crf={crf:g}"
    preset = presets.FAST if pixels_per_s is None else min(2, presets.slowest_in_time(pixels_per_s))
    return {"preset": str(preset), "svtav1-params": parameters}


def units(packet: bytes) -> Iterator[tuple[int, bytes]]:
    """First header byte and bytes, start code included, of every NAL unit (H.264 and H.265, annex B).

    Raises:
        ValueError: ``packet`` does not begin with a start code.
    """
    starts = list(_START_CODE.finditer(packet))
    if not starts or starts[0].start():
        raise ValueError(f"a packet of {len(packet)} bytes does not begin with a start code")
    stops = [match.start() for match in starts[1:]] + [len(packet)]
    for match, stop in zip(starts, stops, strict=True):
        yield packet[match.end()], packet[match.start() : stop]


def h264_idle(header: int) -> bool:
    """Whether a unit is supplemental information, a delimiter or filler (H.264, 7.3.1)."""
    return header & 0x1F in (6, 9, 12)


def h265_idle(header: int) -> bool:
    """Whether a unit is supplemental information, a delimiter or filler (H.265, 7.3.1.2)."""
    return header >> 1 & 0x3F in (35, 38, 39, 40)


def _without(idle: Callable[[int], bool], packet: bytes) -> bytes:
    return b"".join(unit for header, unit in units(packet) if not idle(header))


def _without_delimiter(packet: bytes) -> bytes:
    return packet.removeprefix(_DELIMITER)


def _with_delimiter(packet: bytes) -> bytes:
    return _DELIMITER + packet


H264: Final = VideoCode("libx264", "h264", range(51, 17, -6), _x264, partial(_without, h264_idle))
H265: Final = VideoCode("libx265", "hevc", range(51, 17, -6), _x265, partial(_without, h265_idle))
AV1: Final = VideoCode(
    "libsvtav1", "libdav1d", range(69, 26, -6), _svt_av1, _without_delimiter, _with_delimiter
)
