"""Frames of a live stream, on a grid of their own.

A camera's time stamps tremble and its clock drifts; sent exactly, every frame would cost a time stamp. So a
frame is shown at the nearest multiple of one frame's duration, and only where frames are missing does
anything about time cross the air.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Final, Protocol

import av
import numpy as np
from av.codec.context import ThreadType
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from semvid.errors import UnsupportedMedia
from semvid.video.colour import to_rgb
from semvid.video.container import CODECS, DECODERS, codec_name, packets
from semvid.video.deinterlacing import Deinterlacer
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo
from semvid.video.reader import check_frame_size
from semvid.video.scan import StampSource
from semvid.video.timing import HALF

_LEAST_RATE, _MOST_RATE = Fraction(1), Fraction(240)  # frames a second, of what is not nonsense
_RATE_PARTS: Final = 1001  # largest denominator of a rate: 30000/1001


class Readable(Protocol):
    """Where the stream comes from."""

    def read(self, size: int) -> bytes:
        """At most so many bytes, at least one unless it is over; waits for them."""


def live_info(head: SourceInfo) -> SourceInfo:
    """What is known of a live source by its first seconds: all but its end.

    Time stamps count frames: one tick is one frame's duration.
    """
    rate = min(max(head.frame_rate, _LEAST_RATE), _MOST_RATE).limit_denominator(_RATE_PARTS)
    return replace(head, frame_rate=rate, time_base=1 / rate, grid_phase=HALF, first_pts=0, endless=True)


def read_live(
    source: Readable, head: SourceInfo, limits: VideoLimits
) -> Iterator[tuple[int, NDArray[np.uint8] | None]]:
    """Decodes a Matroska stream as it comes.

    Args:
        source: from its beginning.
        head: what `semvid.video.probe.probe` said of its first seconds.
        limits: of the size of frames; a live source has no others.

    Yields:
        Ticks of `live_info` since the first frame, each larger than the one before, and the picture, uint8
        RGB [height, width, 3]; None instead of one that did not decode or had no place of its own.

    Raises:
        UnsupportedMedia: it is no Matroska, or its frames change in size.
        LimitExceeded: frames larger than allowed.
    """
    rate = live_info(head).frame_rate
    stamps = head.stamps in (StampSource.FRAME, StampSource.ORDER)
    reformatter, fields = VideoReformatter(), Deinterlacer()
    last = -1
    try:
        container = av.open(
            source,
            mode="r",
            options={"max_pixels": str(limits.max_pixels)},
            container_options={
                "format_whitelist": "matroska",
                "codec_whitelist": ",".join(DECODERS),
                "analyzeduration": "100000",  # microseconds; the header says the rest
            },
            metadata_errors="replace",
        )
    except (av.FFmpegError, ValueError) as error:
        raise UnsupportedMedia(f"the live stream is no Matroska that can be read: {error}") from error
    with container:
        stream = container.streams.video[0]
        if codec_name(stream) not in CODECS:
            raise UnsupportedMedia(f"the video codec {codec_name(stream)!r} is not accepted")
        stream.codec_context.options = {"max_pixels": str(limits.max_pixels)}
        stream.codec_context.thread_type = ThreadType.SLICE  # frame threads hold frames back
        stream.codec_context.thread_count = limits.decoder_threads
        try:
            for packet in packets(container, stream):
                try:
                    decoded = packet.decode()
                except MemoryError:
                    raise
                except av.FFmpegError:
                    yield last, None
                    continue
                for frame in fields.whole(decoded, ended=not packet.size):
                    limits.check_size(frame.width, frame.height)
                    check_frame_size(frame, head, "while it runs")
                    tick = last + 1
                    if stamps and frame.pts is not None:
                        tick = round((frame.pts - head.first_pts) * head.time_base * rate)
                    if tick <= last:
                        yield last, None
                        continue
                    last = tick
                    yield tick, head.orientation.apply(to_rgb(frame, reformatter))
        except av.FFmpegError as error:
            raise UnsupportedMedia(f"the live stream breaks off: {error.strerror or error}") from error
