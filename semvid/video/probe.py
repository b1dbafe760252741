"""Looks at an untrusted file before any work is spent on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import cast

from av.buffer import Buffer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from semvid.errors import UnsupportedMedia
from semvid.semantics.hdr import HdrColour
from semvid.video.colour_tags import ColourTags, colour_of
from semvid.video.container import codec_name, open_video, video_tracks
from semvid.video.declared_size import missing_bytes
from semvid.video.limits import VideoLimits
from semvid.video.orientation import Orientation, from_display_matrix
from semvid.video.scan import Places, Scan, StampSource
from semvid.video.shape import PixelShape, pixel_shape
from semvid.video.timing import Grid, fit_grid, nominal_hold, unusual_hold
from semvid.video.track_end import track_end


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source video before it is read.

    Attributes:
        width, height: size as displayed, pixels, however they are shaped.
        orientation: how stored pictures are laid to be displayed.
        frame_rate: nominal frames per second; for a variable one that the time stamps are near to.
        time_base: unit of all time stamps, seconds.
        first_pts: time stamp that the container gives the first frame that decodes; everything else counts
            from it.
        grid_phase: rounding of the time stamps (see `semvid.video.timing.Grid`); 1/2 for nearly all sources.
        stamps: where the time stamps of frames are found.
        end_pts: where the last frame ends, in ``time_base`` from the first frame on.
        frame_count_hint: frames from the first one on that the container announces; fewer come out where
            some do not decode.
        frames_before: frames that it announces before the first one that decodes.
        codec: FFmpeg's name.
        pixel_shape: as displayed.
        colour: of the source; what `read_frames` gives is BT.709, or HDR that is kept.
        kept: what its pictures are that stay HDR; None: they become BT.709.
        interlaced: its first frame consists of two fields; `read_frames` gives deinterlaced frames.
        video_track, video_tracks: which was taken, from 1, of how many; cover pictures do not count.
        endless: a live source (`semvid.video.live_reader`): nobody knows its end, and ``end_pts`` and
            ``frame_count_hint`` are those of its first seconds.
    """

    width: int
    height: int
    orientation: Orientation
    frame_rate: Fraction
    time_base: Fraction
    first_pts: int
    grid_phase: Fraction
    stamps: StampSource
    end_pts: int
    frame_count_hint: int
    frames_before: int
    codec: str
    pixel_shape: PixelShape = field(default_factory=PixelShape)
    colour: ColourTags = field(default_factory=ColourTags)
    interlaced: bool = False
    video_track: int = 1
    video_tracks: int = 1
    endless: bool = False
    kept: HdrColour | None = None

    @property
    def grid(self) -> Grid:
        """The regular grid that its time stamps are near to."""
        return Grid(self.frame_rate, self.time_base, self.grid_phase)

    @property
    def duration_s(self) -> float:
        """From the first time stamp to the end of the last frame, seconds."""
        return float(self.end_pts * self.time_base)

    @property
    def first_stamp_s(self) -> float:
        """The container's time stamp of the first frame, seconds."""
        return float(self.first_pts * self.time_base)

    def keeping_hdr(self) -> SourceInfo:
        """The same source, whose HDR is not tone-mapped; of SDR itself."""
        return replace(self, kept=self.colour.kept)


def probe(path: Path, limits: VideoLimits | None = None) -> SourceInfo:
    """What `probe_places` says of the video as a whole."""
    return probe_places(path, limits)[0]


def probe_places(path: Path, limits: VideoLimits | None = None) -> tuple[SourceInfo, Places]:
    """Decides whether ``path`` is a whole video that semvid accepts.

    Reads every packet of the file once and decodes up to the first frame; keeps 24 bytes a frame.

    Returns:
        What is known of it, and where decoding can begin.

    Raises:
        UnsupportedMedia: no video, broken off, nothing decodable, contradictory time stamps, a colour matrix
            that cannot be decoded.
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
        colour = colour_of(frame)
        orientation = orientation_of(frame)
        width, height = orientation.displayed_size(frame.width, frame.height)
        pts = scan.shown()
        rates = [rate for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate) if rate]
        grid = fit_grid(pts or [0], scan.time_base, rates)
        frames = len(pts) or scan.packets
        tracks = video_tracks(container)
        limits.check_frames(frames, width, height)
        first = pts[0] if pts else 0
        last = pts[-1] - first if pts else grid.nominal_pts(frames - 1)
        stated = _stated_hold(path, stream, scan)
        hold = (stated and unusual_hold(stated, grid, frames)) or nominal_hold(grid, frames)
        info = SourceInfo(
            width=width,
            height=height,
            orientation=orientation,
            frame_rate=grid.frame_rate,
            time_base=scan.time_base,
            first_pts=first,
            grid_phase=grid.phase,
            stamps=scan.stamps,
            end_pts=last + hold,
            frame_count_hint=frames,
            frames_before=max(0, scan.packets - frames),
            codec=codec_name(stream),
            pixel_shape=pixel_shape(stream.sample_aspect_ratio, orientation),
            colour=colour,
            interlaced=frame.interlaced_frame,
            video_track=tracks.index(stream.index) + 1,
            video_tracks=len(tracks),
        )
        limits.check_duration(info.duration_s)
        return info, scan.places


def _stated_hold(path: Path, stream: VideoStream, scan: Scan) -> int | None:
    """How long the last frame is shown by what the file says, in the stream's time base; None if nothing."""
    if scan.stamps not in (StampSource.FRAME, StampSource.ORDER) or not (pts := scan.shown()):
        return None
    hold = None if scan.end is None else scan.end - pts[-1]
    stated = track_end(path, stream.id)
    if stated is not None:
        by_track = stated.seconds / scan.time_base - pts[-1]
        if by_track > 0 and (hold is None or abs(by_track - hold) * scan.time_base > stated.tick):
            hold = max(1, round(by_track))
    return hold


def orientation_of(frame: VideoFrame) -> Orientation:
    """How ``frame`` is to be laid, by its display matrix (`UnsupportedMedia` if that is askew)."""
    side_data = cast("Mapping[str, Buffer]", frame.side_data)  # the stub knows only one key of many
    return from_display_matrix(bytes(side_data["DISPLAYMATRIX"]) if "DISPLAYMATRIX" in side_data else None)
