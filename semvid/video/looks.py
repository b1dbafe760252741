"""Decodes the beginning, places in the middle and the end of a video, before anybody relies on it.

A pass over the packets (`semvid.video.scan`) cannot tell whether they decode, and to what size.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from semvid.errors import UnsupportedMedia
from semvid.video.container import open_video, packets
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo, probe_places
from semvid.video.reader import check_frame_size, read_frames

_PLACES = 8  # the first and the last among them
_FRAMES = 3  # decoded at a place; the last one is decoded to the end of the video
_PACKETS = 96  # within which something must decode at a place
_LAST_PACKETS = 1200
_LAST_S = 5.0  # processor time for the end of the video


def examine(path: Path, limits: VideoLimits) -> SourceInfo:
    """`probe`, and a look at eight places spread over the video, and wherever its parameters change.

    Raises:
        UnsupportedMedia: as `probe`; or frames of another size at one of the places, or most of them do not
            decode.
        LimitExceeded: as `probe`.
    """
    info, places = probe_places(path, limits)
    with closing(read_frames(path, info, limits)) as frames:
        for _ in islice(frames, _FRAMES):
            pass
    last = max(places.keys, default=None)
    for place in islice(places.turns, _PLACES):
        _decodes(path, info, place, False, limits)
    chosen = _spread(places.keys)[1:]
    failed = [place for place in chosen if not _decodes(path, info, place, place == last, limits)]
    if 2 * len(failed) > len(chosen):
        raise UnsupportedMedia(
            f"nothing can be decoded at {len(failed)} of {len(chosen)} places of the video, first "
            f"{_seconds(failed[0], info):.1f} s after the beginning; it is damaged or encrypted there. Cut "
            "out what plays, for example with `ffmpeg -t SECONDS -i IN OUT.mp4`"
        )
    return info


def _spread(places: Sequence[int]) -> list[int]:
    last = len(places) - 1
    chosen = {max(0, round(i * last / (_PLACES - 1))) for i in range(_PLACES)}
    return [places[n] for n in sorted(chosen)] if places else []


def _seconds(place: int, info: SourceInfo) -> float:
    return max(0.0, float((place - info.first_pts) * info.time_base))


def _decodes(path: Path, info: SourceInfo, place: int, to_the_end: bool, limits: VideoLimits) -> bool:
    """Whether any frame comes of what begins at ``place``: found by searching, else by reading up to it."""
    return any(_frames_at(path, info, place, to_the_end, limits, search) for search in (True, False))


def _frames_at(
    path: Path, info: SourceInfo, place: int, to_the_end: bool, limits: VideoLimits, search: bool
) -> int:
    frames = 0
    begun = time.process_time()
    with open_video(path, limits) as (container, stream):
        stream.codec_context.options = {**stream.codec_context.options, "skip_loop_filter": "all"}
        try:
            if search:
                container.seek(place, stream=stream)
            found = _from(place, container, stream)
            for packet in islice(found, _LAST_PACKETS if to_the_end else _PACKETS):
                try:
                    decoded = packet.decode()
                except MemoryError:
                    raise
                except av.FFmpegError:
                    continue
                for frame in decoded:
                    check_frame_size(frame, info, f"{_seconds(place, info):.1f} s after the beginning")
                    frames += 1
                if frames >= _FRAMES and (not to_the_end or time.process_time() - begun > _LAST_S):
                    break
        except MemoryError:
            raise
        except av.FFmpegError:  # this container cannot be searched
            return frames
    return frames


def _from(place: int, container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    found = False
    for packet in packets(container, stream):
        stamp = packet.dts if packet.dts is not None else packet.pts
        found = found or (stamp is not None and stamp >= place)
        if found:
            yield packet
