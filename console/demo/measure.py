"""Source and reconstruction, frame by frame: how close, and whether every frame is in its place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semvid.errors import InvalidInput
from semvid.images.fidelity import PSNR_CAP_DB, psnr_db, ssim
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo, probe
from semvid.video.reader import read_frames

# the demo measures what the services let through: their limits are the ones that count
LIMITS = VideoLimits(
    max_bytes=2**50,
    max_duration_s=1e9,
    max_side=2**14,
    max_pixels=2**28,
    max_frames=2**31 - 1,
    max_total_pixels=2**60,
)


@dataclass(frozen=True, slots=True)
class FramePair:
    """Frame ``index`` of both videos: uint8 RGB ``[height, width, 3]``, of one size.

    Attributes:
        pts: time stamp of the source's frame, in the source's time base.
        time_s: the same since the first frame, seconds.
    """

    index: int
    pts: int
    time_s: float
    source: NDArray[np.uint8]
    reconstruction: NDArray[np.uint8]


@dataclass
class Fidelity:
    """PSNR and SSIM of every frame, and the counts that show whether the frames correspond.

    Attributes:
        frames_in, frames_out: frames of source and reconstruction.
        largest_time_error_s: largest difference between the time stamps of corresponding frames, seconds
            since the first frame.
        time_s, psnr_db, ssim: one value per pair of frames.
    """

    frames_in: int = 0
    frames_out: int = 0
    largest_time_error_s: float = 0.0
    time_s: list[float] = field(default_factory=list)
    psnr_db: list[float] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)

    @property
    def mean_psnr_db(self) -> float | None:
        """Mean over the frames of the per-frame PSNR, identical frames counted as `PSNR_CAP_DB`."""
        return float(np.mean(self.psnr_db)) if self.psnr_db else None

    @property
    def mean_ssim(self) -> float | None:
        """Mean over the frames."""
        return float(np.mean(self.ssim)) if self.ssim else None

    @property
    def identical_frames(self) -> int:
        """Frames whose PSNR is only bounded by the cap."""
        return sum(value >= PSNR_CAP_DB for value in self.psnr_db)


def look_at(video: Path) -> SourceInfo:
    """What `probe` says of ``video``, without the limits that protect a service."""
    return probe(video, LIMITS)


def compare(source: Path, reconstruction: Path, fidelity: Fidelity) -> Iterator[FramePair]:
    """Reads both videos side by side, one frame of each in memory, and fills ``fidelity``.

    Frame ``i`` is compared with frame ``i``, nothing is searched or shifted. Frames that only one of the
    videos has are counted and not compared. HDR that was kept is compared in its own values (R'G'B' of full
    range, 8 bits).

    Args:
        source, reconstruction: video files of one size.
        fidelity: filled while the caller iterates.

    Raises:
        InvalidInput: the sizes differ, or a file is no video.
    """
    info_in, info_out = look_at(source), look_at(reconstruction)
    if (info_in.width, info_in.height) != (info_out.width, info_out.height):
        raise InvalidInput(
            f"measurement: the reconstruction has {info_out.width}x{info_out.height} pixels, the source "
            f"{info_in.width}x{info_in.height}; only videos of one size can be compared"
        )
    if info_out.colour.hdr:
        info_in, info_out = info_in.keeping_hdr(), info_out.keeping_hdr()
        if info_in.kept != info_out.kept:
            raise InvalidInput(
                f"measurement: the reconstruction is {info_out.colour.describe()}, the source "
                f"{info_in.colour.describe()}; only videos of one kind of HDR can be compared"
            )
    first_in, first_out = 0, 0
    for frame_in, frame_out in zip_longest(
        read_frames(source, info_in, LIMITS), read_frames(reconstruction, info_out, LIMITS)
    ):
        fidelity.frames_in += frame_in is not None
        fidelity.frames_out += frame_out is not None
        if frame_in is None or frame_out is None:
            continue
        if frame_in.index == 0:
            first_in, first_out = frame_in.pts, frame_out.pts
        time_s = float((frame_in.pts - first_in) * info_in.time_base)
        error_s = abs(time_s - float((frame_out.pts - first_out) * info_out.time_base))
        fidelity.largest_time_error_s = max(fidelity.largest_time_error_s, error_s)
        fidelity.time_s.append(time_s)
        fidelity.psnr_db.append(psnr_db(frame_in.picture, frame_out.picture))
        fidelity.ssim.append(ssim(frame_in.picture, frame_out.picture))
        yield FramePair(frame_in.index, frame_in.pts, time_s, frame_in.picture, frame_out.picture)
