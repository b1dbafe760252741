"""Opens an untrusted video file, or its sound, and nothing else: no network, playlist, still or
unknown decoder.

FFmpeg recognises a file by its content, and among what it recognises are text files that name other files.
The lists below are what semvid accepts; everything else is refused before a decoder sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.codec.context import ThreadType
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from semvid.errors import UnsupportedMedia
from semvid.video.boxes import starts_with_box
from semvid.video.limits import VideoLimits
from semvid.video.sample_tables import check_sample_tables

OTHER_CONTAINERS = ("matroska", "avi", "mpegts", "mpeg", "ogg", "flv", "yuv4mpegpipe")
CODECS = frozenset(
    {
        "h264",
        "hevc",
        "av1",
        "vp8",
        "vp9",
        "mpeg4",
        "mpeg2video",
        "mpeg1video",
        "h263",
        "flv1",
        "theora",
        "mjpeg",
        "prores",
        "dnxhd",
        "ffv1",
        "rawvideo",
        "png",
        "qtrle",
    }
)
SOUND_CODECS = frozenset(
    {
        "aac",
        "mp3",
        "mp2",
        "ac3",
        "eac3",
        "opus",
        "vorbis",
        "flac",
        "alac",
        "amr_nb",
        "adpcm_ms",
        "adpcm_ima_wav",
        "pcm_u8",
        "pcm_s16le",
        "pcm_s16be",
        "pcm_s24le",
        "pcm_s24be",
        "pcm_s32le",
        "pcm_f32le",
        "pcm_mulaw",
        "pcm_alaw",
    }
)
_SOUND_DECODERS = (
    *sorted(SOUND_CODECS),
    *("mp3float", "mp2float", "libopus", "libvorbis", "amrnb", "libopencore_amrnb"),
)
DECODERS = (*sorted(CODECS), "libdav1d", "flv", "h263i")
_NOT_A_VIDEO = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


@contextmanager
def open_video(path: Path, limits: VideoLimits) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Opens ``path`` and picks its video stream: the default one, otherwise the first; never a cover picture.

    Closes the container when the block is left. FFmpeg errors inside the block pass through.

    Raises:
        UnsupportedMedia: no regular file, no container or codec that we accept, no video stream.
        LimitExceeded: more bytes than allowed, or larger frames by the header.
    """
    file = _regular_file(path)
    limits.check_bytes(file.stat().st_size)
    check_sample_tables(file, limits)
    container = _open(file, limits)
    with container:
        stream = _video_stream(container)
        codec = stream.codec_context
        if not codec.width:
            _check_declared_size(file, limits)
        limits.check_size(codec.width, codec.height)
        codec.options = {"max_pixels": str(limits.max_pixels)}
        codec.thread_type = ThreadType.SLICE  # frame threads report an error some frames late
        codec.thread_count = limits.decoder_threads
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        yield container, stream


@contextmanager
def open_sound(path: Path, limits: VideoLimits) -> Iterator[tuple[InputContainer, AudioStream] | None]:
    """Opens ``path`` and picks its sound: the default stream, otherwise the first; None where there is none.

    Closes the container when the block is left. FFmpeg errors inside the block pass through.

    Raises:
        UnsupportedMedia: no regular file, no container or sound codec that we accept.
        LimitExceeded: more bytes than allowed.
    """
    file = _regular_file(path)
    limits.check_bytes(file.stat().st_size)
    check_sample_tables(file, limits)
    with _open(file, limits, _SOUND_DECODERS) as container:
        if not container.streams.audio:
            yield None
            return
        stream = min(container.streams.audio, key=lambda s: not s.disposition & Disposition.default)
        if codec_name(stream) not in SOUND_CODECS:
            accepted = ", ".join(sorted(SOUND_CODECS))
            raise UnsupportedMedia(
                f"the sound codec {codec_name(stream)!r} is not accepted; convert to one of {accepted}"
            )
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        yield container, stream


def _regular_file(path: Path) -> Path:
    try:
        resolved = path.resolve(strict=True)
        if resolved.is_file():
            return resolved
    except OSError as error:
        raise UnsupportedMedia(f"{path.name!r} cannot be opened: {error.strerror}") from error
    except (RuntimeError, ValueError) as error:  # a loop of symbolic links; a NUL in the name
        raise UnsupportedMedia(f"{path.name!r} is no usable file name") from error
    raise UnsupportedMedia(f"{path.name!r} is no regular file; give a video file")


def _open(path: Path, limits: VideoLimits, decoders: tuple[str, ...] = DECODERS) -> InputContainer:
    with path.open("rb") as file:
        containers = ("mov",) if starts_with_box(file.read(8)) else OTHER_CONTAINERS
    try:
        return av.open(
            f"file:{path}",
            mode="r",
            options={"max_pixels": str(limits.max_pixels)},
            container_options={
                "format_whitelist": ",".join(containers),
                "codec_whitelist": ",".join(decoders),
                "protocol_whitelist": "file",
            },
            metadata_errors="replace",
            timeout=limits.timeout_s,
        )
    except (av.FFmpegError, ValueError) as error:
        raise UnsupportedMedia(
            f"the file is no video that can be read ({_reason(error)}); it is broken, incomplete or of "
            "another type. Accepted containers: MP4/MOV, Matroska/WebM, AVI, MPEG-TS/PS, Ogg, FLV, Y4M"
        ) from error


def _check_declared_size(path: Path, limits: VideoLimits) -> None:
    """A decoder that refuses a size on opening leaves none; then the container is asked alone."""
    with _open(path, limits, decoders=("none",)) as container:
        for stream in container.streams.video:
            limits.check_size(stream.codec_context.width, stream.codec_context.height)


def video_tracks(container: InputContainer) -> list[int]:
    """Indices of the streams that are videos, cover pictures left out."""
    return [s.index for s in container.streams.video if not s.disposition & _NOT_A_VIDEO]


def _video_stream(container: InputContainer) -> VideoStream:
    tracks = video_tracks(container)
    candidates = [s for s in container.streams.video if s.index in tracks]
    if not candidates:
        raise UnsupportedMedia("the file holds no video stream; sound, subtitles and cover pictures are none")
    stream = min(candidates, key=lambda s: not s.disposition & Disposition.default)
    name = codec_name(stream)
    if name not in CODECS:
        accepted = ", ".join(sorted(CODECS))
        raise UnsupportedMedia(f"the video codec {name!r} is not accepted; convert to one of {accepted}")
    return stream


def packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """All packets of ``stream``, an empty one last that lets the decoder give out what it holds back.

    FFmpeg errors pass through.
    """
    # PyAV stumbles after the last packet over streams that only turned up on the way (MPEG-TS), which come
    # after ours.
    with suppress(IndexError):
        yield from container.demux(stream)


def codec_name(stream: VideoStream | AudioStream) -> str:
    """FFmpeg's name of the codec (not of the decoder) of ``stream``; "unknown" if there is no decoder."""
    context = stream.codec_context
    return context.codec.canonical_name if context is not None else "unknown"


def _reason(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, av.FFmpegError) else str(error)
