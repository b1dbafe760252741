"""A live source as a Matroska stream: a camera, an address, a pipe, a file that grows or is played.

Addresses are opened here and nowhere else, and only `semvid send --live` does so, on the machine and by the
command line of whoever owns the source. No service imports this file (import-linter): no request can make one
open anything. Packets are copied as they are; nothing is decoded or coded anew.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from stat import S_ISCHR
from typing import Any, Final
from urllib.parse import urlsplit

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from semvid.errors import InvalidInput, LinkFailed, MissingComponent, UnsupportedMedia
from semvid.video.container import CODECS, codec_name, video_tracks

SCHEMES: Final = ("rtsp", "rtsps", "rtmp", "rtp", "udp", "tcp", "srt", "http", "https")
PIPE: Final = "-"
_CAMERAS: Final = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
_OPTIONS_OF: Final = {"rtsp": {"rtsp_transport": "tcp"}, "rtsps": {"rtsp_transport": "tcp"}}  # UDP loses
_OPEN_S, _READ_S = 20.0, 30.0
_PROBE: Final = {"analyzeduration": "1000000"}  # microseconds; half a second of a live source is enough
_LOOK_S: Final = 0.05  # between two looks at a file that grows
_JUMP_S: Final = 10.0  # by which a source's clock may leap; beyond, it has been set anew
_MOST_UNTIMED: Final = 600  # packets before the first that can begin a video
_TIME_BASE: Final = Fraction(1, 1000)  # of Matroska


class LiveSource:
    """An open source. Use `open_source`.

    Attributes:
        ended: it gives nothing more.
    """

    def __init__(self, container: InputContainer, pace: bool, name: str) -> None:
        self.ended = False
        self._name, self._pace = name, pace
        tracks = video_tracks(container)
        if not tracks:
            raise UnsupportedMedia(f"{name}: there is no video in it")
        self._stream: VideoStream = next(s for s in container.streams.video if s.index == tracks[0])
        if (codec := codec_name(self._stream)) not in CODECS:
            raise UnsupportedMedia(f"{name}: the video codec {codec!r} is not accepted; set it to h264")
        self._packets = _from_key_picture(container, self._stream, name)
        self._written = _Written()
        self._output: OutputContainer = av.open(
            self._written,
            mode="w",
            format="matroska",
            container_options={"live": "1", "cluster_time_limit": "1", "flush_packets": "1"},
        )
        self._copy = self._output.add_stream_from_template(self._stream)
        self._shift: int | None = None  # of the source's clock, so that the first packet is at 0
        self._last = -1  # decoding time of the newest packet, ms
        self._began = 0.0

    def head(self, seconds: float) -> bytes:
        """The beginning of the stream, whole Matroska clusters.

        Args:
            seconds: by the source's time stamps; shorter where it ends before.

        Raises:
            UnsupportedMedia: there is nothing in it.
        """
        pieces = []
        for piece in self._pieces():
            pieces.append(piece)
            if self._last * _TIME_BASE >= seconds:
                break
        if not pieces:
            raise UnsupportedMedia(f"{self._name}: it gave no picture that decoding could begin with")
        return b"".join(pieces)

    def rest(self, stopped: Callable[[], bool] = lambda: False) -> Iterator[bytes]:
        """What follows, as it comes, until the source ends or ``stopped``."""
        for piece in self._pieces():
            if piece:
                yield piece
            if stopped():
                break
        self.ended = True
        self._output.close()
        yield self._written.take()

    def _pieces(self) -> Iterator[bytes]:
        try:
            for packet in self._packets:
                if self._timed(packet):
                    self._output.mux_one(packet)
                    yield self._written.take()
        except av.FFmpegError as error:
            if not isinstance(error, av.EOFError) and self._last < 0:
                hint = "" if self._pace else "; a finished MP4 needs --pace"
                raise LinkFailed(f"{self._name}: {error.strerror or error}{hint}") from error
        # what breaks off later is over: what came before is a video

    def _timed(self, packet: Packet[VideoStream]) -> bool:
        """Puts ``packet`` on the clock of the stream; False where it has no place there."""
        if not packet.size or (packet.dts is None and packet.pts is None):
            return False
        base = packet.time_base or self._stream.time_base
        assert base is not None
        stamp = packet.dts if packet.dts is not None else packet.pts
        assert stamp is not None
        now = round(stamp * base / _TIME_BASE)
        if self._shift is None:
            self._shift, self._began = -now, time.monotonic()
        if abs(now + self._shift - self._last) * _TIME_BASE > _JUMP_S and self._last >= 0:
            self._shift = self._last + 1 - now  # its clock was set
        late = 0 if packet.pts is None else round(packet.pts * base / _TIME_BASE) - now
        now += self._shift
        if now <= self._last:
            return False
        self._last = now
        if self._pace:
            time.sleep(max(0.0, self._began + now / 1000 - time.monotonic()))
        packet.time_base = _TIME_BASE
        packet.dts, packet.pts = now, now + max(0, late)
        packet.stream = self._copy
        return True


@contextmanager
def open_source(
    address: str, options: Mapping[str, str] | None = None, pace: bool = False, idle_s: float = 5.0
) -> Iterator[LiveSource]:
    """Opens what the command line names.

    Args:
        address: a URL of one of `SCHEMES`, a camera's device, a file, or ``-`` for standard input.
        options: of FFmpeg's, such as ``video_size`` of a camera.
        pace: a file, however old, is played by its time stamps; otherwise what there is of it is read at
            once, and then what comes.
        idle_s: a file that has not grown for so long is over, seconds.

    Raises:
        InvalidInput: there is no such file, no such scheme, or no such option.
        UnsupportedMedia: what is there is no video that is accepted.
        LinkFailed: nobody answers there.
        MissingComponent: the FFmpeg that PyAV has does not speak the scheme.
    """
    target, form, name = _target(address, pace, idle_s)
    scheme = urlsplit(address).scheme
    try:
        container = av.open(
            target,
            mode="r",
            format=form,
            options={**(_PROBE if form is None else {}), **_OPTIONS_OF.get(scheme, {}), **(options or {})},
            metadata_errors="replace",
            timeout=(_OPEN_S, _READ_S),
        )
    except av.error.ProtocolNotFoundError as error:  # SRT: PyAV's wheels have none
        raise MissingComponent(
            f"{name}: the FFmpeg inside PyAV has no {scheme}; let one that has it pass the packets on: "
            f"ffmpeg -i ADDRESS -c:v copy -an -f mpegts - | semvid send --live {PIPE}"
        ) from error
    except (av.FFmpegError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        if scheme in SCHEMES:
            raise LinkFailed(f"{name} cannot be opened: {words}") from error
        growing = "" if pace or form else "; a finished MP4 needs --pace, a file that grows cannot be one"
        raise UnsupportedMedia(f"{name} cannot be opened: {words}{growing}") from error
    with container:
        yield LiveSource(container, pace, name)


def _target(address: str, pace: bool, idle_s: float) -> tuple[Any, str | None, str]:
    """What FFmpeg opens, in which format, and how it is called."""
    scheme = urlsplit(address).scheme
    if address == PIPE:
        return sys.stdin.buffer, None, "standard input"
    if "://" in address:
        if scheme not in SCHEMES:
            known = ", ".join(SCHEMES)
            raise InvalidInput(f"--live {address}: {scheme} is not known; take one of {known}, or a file")
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]  # without the password
        return address, None, f"{scheme}://{host}{parts.path}"
    path = Path(address)
    try:
        if S_ISCHR(path.stat().st_mode):
            return address, _CAMERAS.get(sys.platform), address
    except OSError as error:
        raise InvalidInput(f"--live {address}: {error.strerror}; give a file, a camera or a URL") from error
    if not path.is_file():
        raise InvalidInput(f"--live {address}: it is no file, no camera and no URL")
    return (f"file:{path}" if pace else _GrowingFile(path, idle_s)), None, path.name


def _from_key_picture(
    container: InputContainer, stream: VideoStream, name: str
) -> Iterator[Packet[VideoStream]]:
    untimed = 0
    begun = False
    for packet in container.demux(stream):
        begun = begun or (packet.is_keyframe and (packet.dts is not None or packet.pts is not None))
        if begun:
            yield packet
            continue
        untimed += 1
        if untimed > _MOST_UNTIMED:
            raise UnsupportedMedia(
                f"{name}: none of its first {untimed} packets is a key picture with a time stamp; make its "
                "encoder send key pictures more often, or add --source-option use_wallclock_as_timestamps=1"
            )


class _Written:
    """Where the muxer writes; it cannot go back there."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """What was written since it was last asked."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class _GrowingFile:
    """A file read from its beginning, whose end is where it has not grown for a while."""

    def __init__(self, path: Path, idle_s: float) -> None:
        self._file = path.open("rb", buffering=0)
        self._idle_s, self._over = idle_s, False

    def read(self, size: int) -> bytes:
        began = time.monotonic()
        while not (data := self._file.read(size)):
            self._over = self._over or time.monotonic() - began > self._idle_s
            if self._over:
                return b""
            time.sleep(_LOOK_S)
        return data
