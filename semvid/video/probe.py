"""Looks at an untrusted file before any work is spent on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

from av.buffer import Buffer
from av.video.frame import VideoFrame

from semvid.errors import UnsupportedMedia
from semvid.video.container import codec_name, open_video
from semvid.video.declared_size import missing_bytes
from semvid.video.limits import VideoLimits
from semvid.video.orientation import Orientation, from_display_matrix
from semvid.video.scan import Scan, StampSource
from semvid.video.timing import fit_grid


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source video before it is read.

    Attributes:
        width, height: size as displayed, pixels; the shape of a non-square pixel is ignored.
        orientation: how stored pictures are laid to be displayed.
        frame_rate: nominal frames per second; for a variable one that the time stamps are near to.
        time_base: unit of all time stamps, seconds.
        first_pts: time stamp of the first frame that decodes.
        grid_phase: rounding of the time stamps (see `semvid.video.timing.Grid`); 1/2 for nearly all sources.
        stamps: where the time stamps of frames are found.
        duration_s: from the first time stamp to the end of the last frame, seconds.
        frame_count_hint: frames that the container announces; fewer come out where packets do not decode.
        codec: FFmpeg's name.
    """

    width: int
    height: int
    orientation: Orientation
    frame_rate: Fraction
    time_base: Fraction
    first_pts: int
    grid_phase: Fraction
    stamps: StampSource
    duration_s: float
    frame_count_hint: int
    codec: str


def probe(path: Path, limits: VideoLimits | None = None) -> SourceInfo:
    """Decides whether ``path`` is a whole video that semvid accepts.

    Reads every packet of the file once and decodes up to the first frame; keeps 16 bytes a frame.

    Raises:
        UnsupportedMedia: no video, broken off, nothing decodable, contradictory time stamps.
        LimitExceeded: larger than ``limits`` in any respect.
    """
    limits = limits or VideoLimits()
    with open_video(path, limits) as (container, stream):
        file_bytes = path.stat().st_size
        if missing := missing_bytes(path):
            raise UnsupportedMedia(
                f"the video file breaks off: {missing} bytes of {file_bytes + missing} are missing; "
                "upload it again"
            )
        scan = Scan(container, stream, limits, file_bytes)
        frame = scan.first_frame
        orientation = orientation_of(frame)
        width, height = orientation.displayed_size(frame.width, frame.height)
        pts = scan.shown()
        rates = [rate for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate) if rate]
        grid = fit_grid(pts or [0], scan.time_base, rates)
        frames = len(pts) or scan.packets
        limits.check_frames(frames, width, height)
        end = pts[-1] if pts else grid.nominal_pts(frames - 1)
        duration = (end - grid.first_pts) * scan.time_base + 1 / grid.frame_rate
        limits.check_duration(float(duration))
        return SourceInfo(
            width=width,
            height=height,
            orientation=orientation,
            frame_rate=grid.frame_rate,
            time_base=scan.time_base,
            first_pts=grid.first_pts,
            grid_phase=grid.phase,
            stamps=scan.stamps,
            duration_s=float(duration),
            frame_count_hint=frames,
            codec=codec_name(stream),
        )


def orientation_of(frame: VideoFrame) -> Orientation:
    """How ``frame`` is to be laid, by its display matrix (`UnsupportedMedia` if that is askew)."""
    side_data = cast("Mapping[str, Buffer]", frame.side_data)  # the stub knows only one key of many
    return from_display_matrix(bytes(side_data["DISPLAYMATRIX"]) if "DISPLAYMATRIX" in side_data else None)
