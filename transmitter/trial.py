"""The beginning of a clip, tried at one operating point: which keyframes, and how many bytes they take."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Final

from semvid.pictures.keyframe_codec import MAX_CRF, MIN_CRF, KeyframeEncoder
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame, read_frames
from transmitter.keyframes.bridging import Picture, bridging_error, small_copy
from transmitter.keyframes.selection import KeyframeSelector
from transmitter.rate import GapCost, OperatingPoint, bytes_factor, coding_loss
from transmitter.shrinking import coded_size, shrunk_to

WINDOW_S: Final = 4.0  # of the beginning of the clip that is tried
TRIAL_PRESET: Final = 8  # faster than the real thing; its packets are a little larger
TRIAL_EXCESS: Final = 1.08  # by about this factor
CRF_RANGE: Final = range(40, MAX_CRF + 1)
SLOPES: Final = (3.0, 3000.0)


@dataclass(frozen=True, slots=True)
class Trial:
    """Keyframes of the window.

    Attributes:
        point: that they were selected with and coded at.
        window, total: frames tried and frames of the whole clip.
        samples: of one source frame.
        gaps: frames and bridging error of each gap.
        first, others: bytes of the first keyframe and of each later one.
    """

    point: OperatingPoint
    window: int
    total: int
    samples: int
    gaps: list[tuple[int, float]]
    first: float
    others: list[float]

    @property
    def bytes_scale(self) -> float:
        """Bytes that came out relative to the model's."""
        model = GapCost(replace(self.point, bytes_scale=1.0), self.samples)
        # behind a cut, or one frame on, the model has nothing to go by
        pairs = [(e, b) for (n, e), b in zip(self.gaps, self.others, strict=True) if n > 1]
        predicted = sum(model.predicted_bytes(error) for error, _ in pairs)
        return sum(size for _, size in pairs) / predicted if pairs else self.point.bytes_scale

    def cbr(self, crf: float) -> float:
        """CBR of the whole clip at ``crf`` if it goes on as it began."""
        factor = bytes_factor(crf) / bytes_factor(self.point.crf)
        link = self.point.link
        later = sum(link.symbols_of(size * factor) for size in self.others) * self.total / self.window
        symbols = link.symbols_of(self.first * factor) + later + link.fixed_symbols
        return symbols / (self.samples * self.total)

    def best_crf(self, slope: float) -> int:
        """The quality that these keyframes deserve at ``slope``."""
        return min(CRF_RANGE, key=lambda crf: coding_loss(crf) + slope * self.cbr(crf))

    def slope_of(self, crf: int) -> float:
        """The slope at which these keyframes deserve ``crf``."""
        lower, upper = max(MIN_CRF, crf - 1), min(MAX_CRF, crf + 1)
        slope = (coding_loss(upper) - coding_loss(lower)) / (self.cbr(lower) - self.cbr(upper))
        return min(SLOPES[1], max(SLOPES[0], slope))


@dataclass(frozen=True, slots=True)
class Opening:
    """The beginning of a clip, read as often as it is tried.

    Attributes:
        upload, source, limits: of the clip.
        make_selector: a fresh selector for an operating point.
    """

    upload: Path
    source: SourceInfo
    limits: VideoLimits
    make_selector: Callable[[OperatingPoint], KeyframeSelector]

    def tried(self, point: OperatingPoint) -> Trial:
        """Selects and codes the keyframes of the window at ``point``."""
        source = self.source
        size = coded_size(source, point.shrink)
        copies: list[Picture] = []
        ends: list[int] = []
        sizes: list[int] = []

        def copied(frames: Iterator[Frame]) -> Iterator[Frame]:
            for frame in frames:
                copies.append(small_copy(frame.picture))
                yield frame

        with KeyframeEncoder(*size, point.crf, preset=TRIAL_PRESET, finer_start=point.finer_start) as encoder:
            for frame in self.keyframes(point, copied):
                ends.append(frame.index)
                sizes.append(len(encoder.encode(shrunk_to(frame.picture, size)).packet))
        gaps = [(end - start, bridging_error(copies[start : end + 1])) for start, end in pairwise(ends)]
        first, *others = (size / TRIAL_EXCESS for size in sizes)
        total = max(source.frame_count_hint, len(copies))
        samples = 3 * source.width * source.height
        return Trial(point, len(copies), total, samples, gaps, first, others)

    def keyframes(
        self, point: OperatingPoint, seen: Callable[[Iterator[Frame]], Iterator[Frame]] = iter
    ) -> Iterator[Frame]:
        """The keyframes of the window at ``point``; ``seen`` may look at every frame that goes by."""
        selector = self.make_selector(point)
        last_frame = math.ceil(WINDOW_S * self.source.frame_rate)
        with closing(read_frames(self.upload, self.source, self.limits)) as frames:
            for frame in seen(takewhile(lambda frame: frame.index <= last_frame, frames)):
                yield from (selected.frame for selected in selector.push(frame))
            yield from (selected.frame for selected in selector.finish())
