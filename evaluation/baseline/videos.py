"""A video across the channel by a ready-made code, as the laboratory's rivals do it, at its own size."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from evaluation.baseline.measured import Measures
from evaluation.clips import Clip
from evaluation.method import Conditions, Method
from evaluation.methods.codec import CodecRival
from evaluation.methods.video_code import AV1, H264, H265, VideoCode
from semvid.errors import LimitExceeded
from semvid.images.types import Picture
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter

VIDEO_CODES: Final[dict[str, VideoCode]] = {"av1": AV1, "h265": H265, "h264": H264}
MAX_BYTES: Final = 2**30  # of decoded frames; the search for the best setting holds all of them


@dataclass(frozen=True, slots=True)
class SentVideo:
    """A video as received.

    Attributes:
        symbols: channel uses by class of the ledger; they equal what crossed.
        cbr: of all of them.
        measures: means over all frames; empty where it failed.
        settings: how it was coded and sent.
        failed: why nothing can be shown; empty where all is well.
    """

    symbols: dict[str, int]
    cbr: float
    measures: dict[str, float]
    settings: dict[str, Any]
    failed: str


def read_clip(path: Path) -> Clip:
    """A video with all its frames.

    Raises:
        UnsupportedMedia: it cannot be read.
        LimitExceeded: it has more frames than memory should hold.
    """
    source = probe(path)
    most = MAX_BYTES // (3 * source.width * source.height)
    pictures: list[Picture] = []
    for frame in read_frames(path, source):
        if len(pictures) == most:
            raise LimitExceeded(
                f"baseline: {path} has more than {most} frames of {source.width}x{source.height}; the search "
                f"for its best setting keeps all of them, {MAX_BYTES >> 20} MiB at most; cut it or scale it"
            )
        pictures.append(frame.picture)
    return Clip(path, source, pictures)


def send_video(
    clip: Clip, code: str, target_cbr: float, conditions: Conditions, measures: Measures, out: Path
) -> SentVideo:
    """Sends ``clip`` at the best setting of ``code`` that the budget pays for, and writes what is shown.

    Link adaptation and two rounds of hybrid ARQ, as for keyframes (docs/metrics-and-rivals.md).

    Args:
        out: MP4 to write.
    """
    method: Method = CodecRival(code, VIDEO_CODES[code])
    with tempfile.TemporaryDirectory(prefix="semvid-baseline-") as folder:
        outcome = method.run(clip, conditions, target_cbr, Path(folder))
        measured = {} if outcome.failed else _shown(clip, outcome.pictures(), measures, out)
    used = sum(outcome.symbols.values())
    return SentVideo(outcome.symbols, clip.cbr(used), measured, outcome.settings, outcome.failed)


def _shown(clip: Clip, pictures: Iterator[Picture], measures: Measures, out: Path) -> dict[str, float]:
    """Writes the frames and takes the means of their measures."""
    source = clip.source
    taken: list[dict[str, float]] = []
    with VideoWriter(
        out, source.width, source.height, source.time_base, frame_rate=source.frame_rate
    ) as writer:
        for number, (reference, picture) in enumerate(zip(clip.pictures, pictures, strict=True)):
            writer.append(picture, int(number / (source.frame_rate * source.time_base)))
            taken.append(measures.of(reference, picture))
    return {name: fmean(one[name] for one in taken) for name in taken[0]}
