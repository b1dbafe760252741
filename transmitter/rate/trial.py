"""Excerpts of a clip tried at one operating point: keyframes and bytes, and what they say of other points."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Final

from semvid.images.keyframe_codec import MAX_CRF, MIN_CRF, KeyframeEncoder
from semvid.images.resize import at_size
from semvid.images.types import Picture
from semvid.options import TransmissionOptions
from semvid.profile import Profile
from semvid.semantics import PictureCoding
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame, read_excerpt, read_frames
from transmitter.keyframes import make_selector
from transmitter.keyframes.bridging import bridging_error, small_copy
from transmitter.keyframes.selection import KeyframeSelector, Reason, Selected
from transmitter.mllm import EMBEDDED
from transmitter.mllm.library import load
from transmitter.rate.model import Forecast, GapCost, OperatingPoint, bytes_factor, coded_size, coding_loss

CRF_RANGE: Final = range(40, MAX_CRF + 1)
RD_LAMBDAS: Final = (3.0, 3000.0)


@dataclass(frozen=True, slots=True)
class Trial:
    """Keyframes of excerpts of a clip.

    Attributes:
        point: that they were selected with and coded at.
        window, total: frames tried and frames of the whole clip.
        samples: of one source frame.
        gaps: frames and bridging error of each gap.
        first, others: bytes of the first keyframe of the clip, and of each that ends a gap.
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
        """CBR of the whole clip at ``crf`` if all of it is like what was tried."""
        factor = bytes_factor(crf) / bytes_factor(self.point.crf)
        link = self.point.link
        later = sum(link.symbols_of(size * factor) for size in self.others) * self.total / self.window
        symbols = link.symbols_of(self.first * factor) + later + link.fixed_symbols
        return symbols / (self.samples * self.total)

    @property
    def forecast(self) -> Forecast:
        """What the rest costs if it is like what was tried."""
        link = self.point.link
        fixed = link.symbols_of(0) * len(self.others)
        symbols = sum(map(link.symbols_of, self.others))
        return Forecast.of(self.window, symbols, symbols - fixed, self.point.crf)

    def best_crf(self, rd_lambda: float) -> int:
        """The quality that these keyframes deserve at ``rd_lambda``."""
        return min(CRF_RANGE, key=lambda crf: coding_loss(crf) + rd_lambda * self.cbr(crf))

    def rd_lambda_of(self, crf: int) -> float:
        """The rd_lambda at which these keyframes deserve ``crf``."""
        lower, upper = max(MIN_CRF, crf - 1), min(MAX_CRF, crf + 1)
        rd_lambda = (coding_loss(upper) - coding_loss(lower)) / (self.cbr(lower) - self.cbr(upper))
        return min(RD_LAMBDAS[1], max(RD_LAMBDAS[0], rd_lambda))


BEGINNING_S: Final = 4.0  # of a clip that is tried where nothing must be met
TRIAL_PRESET: Final = 8  # faster than the real thing; its packets are a little larger
TRIAL_EXCESS: Final = 1.08  # by about this factor
_GAPS_IN_AN_EXCERPT: Final = 2.6  # longest ones; the picture after the first alone would flatter the rest
_EXCERPT_S: Final = (2.0, 8.0)  # of each where a target must be met
_MOST_EXCERPTS: Final = 4  # of a clip
_BETWEEN_S: Final = 5.0  # from one excerpt to the next, until there are the most


@dataclass(frozen=True, slots=True)
class Excerpts:
    """Parts of a clip, read as often as they are tried.

    Attributes:
        upload, source, limits: of the clip.
        make_selector: a fresh selector for an operating point.
        coding: of the pictures.
        gap_s: between keyframes, at most, seconds.
        starts: of the parts, seconds; the clip's beginning first.
        length_s: of each part. One alone is taken as if the clip ended with it; of several, which stand for
            the whole, the keyframe that merely ends a part does not count.
    """

    upload: Path
    source: SourceInfo
    limits: VideoLimits
    make_selector: Callable[[OperatingPoint], KeyframeSelector]
    coding: PictureCoding = PictureCoding.JOINT
    gap_s: float = 0.0
    starts: tuple[float, ...] = (0.0,)
    length_s: float = BEGINNING_S

    @classmethod
    def of(
        cls,
        upload: Path,
        source: SourceInfo,
        limits: VideoLimits,
        options: TransmissionOptions,
        profile: Profile,
    ) -> Excerpts:
        """The beginning of a clip, its keyframes chosen as ``options`` will have them for this receiver.

        Keyframes of the PSSS rule count against a target; the embedded model says how many there may be,
        whoever decides in the end.
        """
        mllm = None if options.target_cbr is None else load(EMBEDDED)
        count = options.keyframe_count
        return cls(
            upload,
            source,
            limits,
            lambda point: make_selector(options, source, profile, mllm, lambda: point),
            options.coding,
            profile.longest_gap_s if count is None else source.duration_s / (count - 1),
        )

    def spread(self) -> Excerpts:
        """Parts all over the clip, for a target that the whole of it must meet."""
        duration = self.source.duration_s
        length = min(_EXCERPT_S[1], max(_EXCERPT_S[0], _GAPS_IN_AN_EXCERPT * self.gap_s))
        count = min(_MOST_EXCERPTS, round(duration / _BETWEEN_S), int(duration / length))
        if count < 2:
            return self
        last = duration - length
        return replace(self, starts=tuple(last * n / (count - 1) for n in range(count)), length_s=length)

    def beginning(self) -> Excerpts:
        """The clip's beginning alone."""
        return replace(self, starts=(0.0,), length_s=BEGINNING_S)

    def tried(self, point: OperatingPoint) -> Trial:
        """Selects and codes the keyframes of all parts at ``point``."""
        parts = [part for start in self.starts if (part := self._part(point, start)).sizes]
        window = sum(part.window for part in parts)
        if len(self.starts) > 1 and not any(part.gaps for part in parts):  # no gap is whole in any of them
            trial = self.beginning().tried(point)
            longest = round(self.gap_s * self.source.frame_rate)
            return replace(trial, window=max(trial.window, len(trial.others) * longest))
        return Trial(
            point=point,
            window=window,
            total=max(self.source.frame_count_hint, window),
            samples=3 * self.source.width * self.source.height,
            gaps=[gap for part in parts for gap in part.gaps],
            first=parts[0].sizes[0],
            others=[size for part in parts for size in part.sizes[1:]],
        )

    def keyframes(
        self,
        point: OperatingPoint,
        start_s: float = 0.0,
        seen: Callable[[Iterator[Frame]], Iterator[Frame]] = iter,
    ) -> Iterator[Selected]:
        """The keyframes of one part at ``point``; ``seen`` may look at every frame that goes by."""
        selector = self.make_selector(point)
        last_frame = math.ceil(self.length_s * self.source.frame_rate)
        with closing(self._frames(start_s)) as frames:
            for frame in seen(takewhile(lambda frame: frame.index <= last_frame, frames)):
                yield from selector.push(frame)
            yield from selector.finish()

    def _part(self, point: OperatingPoint, start_s: float) -> _Part:
        size = coded_size(self.source, point.shrink)
        copies: list[Picture] = []
        ends: list[int] = []
        sizes: list[float] = []

        def copied(frames: Iterator[Frame]) -> Iterator[Frame]:
            for frame in frames:
                copies.append(small_copy(frame.picture))
                yield frame

        with KeyframeEncoder(
            *size, point.crf, self.coding, preset=TRIAL_PRESET, finer_start=point.finer_start
        ) as encoder:
            for selected in self.keyframes(point, start_s, copied):
                if len(self.starts) > 1 and selected.reason is Reason.LAST:
                    break
                ends.append(selected.frame.index)
                picture = at_size(selected.frame.picture, size)
                sizes.append(len(encoder.encode(picture).packet) / TRIAL_EXCESS)
        gaps = [(end - start, bridging_error(copies[start : end + 1])) for start, end in pairwise(ends)]
        whole = len(self.starts) == 1 or not gaps
        return _Part(len(copies) if whole else ends[-1], gaps, sizes)

    def _frames(self, start_s: float) -> Generator[Frame, None, None]:
        if not start_s:
            yield from read_frames(self.upload, self.source, self.limits)
            return
        pictures = read_excerpt(self.upload, self.source, start_s, self.limits)
        for index, picture in enumerate(pictures):
            yield Frame(index, index, picture)


def bytes_alone(picture: Picture, finer_start: int, crf: int) -> float:
    """About how many bytes a keyframe takes that stands alone; ``picture`` at the size it is coded at."""
    height, width, _ = picture.shape
    with KeyframeEncoder(width, height, crf, preset=TRIAL_PRESET, finer_start=finer_start) as encoder:
        return len(encoder.encode(picture).packet) / TRIAL_EXCESS


@dataclass(frozen=True, slots=True)
class _Part:
    window: int
    gaps: list[tuple[int, float]]
    sizes: list[float]
