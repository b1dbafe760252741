"""Chooses the operating point of one clip by trying it on the clip's beginning.

Keyframes are selected and coded once at a trial quality; the model of `transmitter.rate`, scaled to the bytes
that came out, then says what every other quality would cost and lose. Three ways in:

- nothing asked: the CRF that the default slope deserves;
- a quality asked: the slope at which that CRF is right, so that density fits quality;
- a CBR asked: slope and CRF that meet it, the keyframes selected anew for each slope tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Final

from semvid.pictures.keyframe_codec import MAX_CRF, MIN_CRF, KeyframeEncoder
from semvid.profile import Given
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame, read_frames
from transmitter.keyframes.bridging import Picture, bridging_error, small_copy
from transmitter.keyframes.selection import KeyframeSelector
from transmitter.options import TransmissionOptions
from transmitter.rate import (
    DEFAULT_SLOPE,
    GapCost,
    OperatingPoint,
    bytes_factor,
    coding_loss,
    symbols_of,
)

WINDOW_S: Final = 4.0  # of the beginning of the clip that is tried
TRIAL_CRF: Final = 57
TRIAL_PRESET: Final = 8  # faster than the real thing; its packets are a little larger
_TRIAL_EXCESS: Final = 1.08  # by about this factor
_CRF_RANGE: Final = range(40, MAX_CRF + 1)
_DEFAULT_MAX_CRF: Final = 57  # coarser keyframes look bad however cheap; only a low target CBR asks for them
_FIXED_SYMBOLS: Final = 600.0  # sounding, header, captions, end
_SLOPES: Final = (5.0, 3000.0)
_SEARCH_STEPS: Final = 3  # selections tried for a target CBR

FIRST_FRAME_CRF: Final = 45
"""Of a picture that a whole segment hangs on, which is worth more than one that many others lie beside."""

MakeSelector = Callable[[OperatingPoint], KeyframeSelector]


@dataclass(frozen=True, slots=True)
class Trial:
    """Keyframes of the window, coded at `TRIAL_CRF`.

    Attributes:
        point: that they were selected with.
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
        model = GapCost(OperatingPoint(TRIAL_CRF, self.point.slope, 1.0), self.samples)
        # behind a cut, or one frame on, the model has nothing to go by
        pairs = [(e, b) for (n, e), b in zip(self.gaps, self.others, strict=True) if n > 1]
        predicted = sum(model.predicted_bytes(error) for error, _ in pairs)
        return sum(size for _, size in pairs) / predicted if pairs else self.point.bytes_scale

    def cbr(self, crf: float) -> float:
        """CBR of the whole clip at ``crf`` if it goes on as it began."""
        factor = bytes_factor(crf) / bytes_factor(TRIAL_CRF)
        later = sum(symbols_of(size * factor) for size in self.others) * self.total / self.window
        return (symbols_of(self.first * factor) + later + _FIXED_SYMBOLS) / (self.samples * self.total)

    def loss(self, crf: int) -> float:
        """Mean loss a frame at ``crf``."""
        cost = GapCost(OperatingPoint(crf, self.point.slope, 1.0), self.samples)
        return (coding_loss(crf) + sum(cost.loss(n, error) for n, error in self.gaps)) / self.window

    def best_crf(self, slope: float) -> int:
        """The quality that ``slope`` deserves."""
        return min(_CRF_RANGE, key=lambda crf: self.loss(crf) + slope * self.cbr(crf))

    def slope_of(self, crf: int) -> float:
        """The slope that deserves ``crf``."""
        lower, upper = max(MIN_CRF, crf - 1), min(MAX_CRF, crf + 1)
        saved = self.cbr(lower) - self.cbr(upper)
        return min(_SLOPES[1], max(_SLOPES[0], (self.loss(upper) - self.loss(lower)) / saved))


def choose_operating_point(
    upload: Path,
    source: SourceInfo,
    limits: VideoLimits,
    options: TransmissionOptions,
    make_selector: MakeSelector,
) -> OperatingPoint:
    """The operating point for the clip in ``upload``; see the module's text.

    Args:
        make_selector: a fresh selector that asks no multimodal model, for an operating point.
    """
    scale = source.width * source.height / (576 * 320)
    if options.given is not Given.BOTH_ENDS:  # density is not a matter of price there
        return OperatingPoint(options.quality or FIRST_FRAME_CRF, DEFAULT_SLOPE, scale)
    point = OperatingPoint(TRIAL_CRF, DEFAULT_SLOPE, scale)
    if options.quality is not None:
        point = point.at(options.quality)

    def tried(point: OperatingPoint) -> Trial:
        return _try(upload, source, limits, make_selector(point), point)

    trial = tried(point)
    if options.quality is not None:
        return OperatingPoint(options.quality, trial.slope_of(options.quality), trial.bytes_scale)
    if options.target_cbr is None:
        crf = min(_DEFAULT_MAX_CRF, trial.best_crf(DEFAULT_SLOPE))
        return OperatingPoint(crf, DEFAULT_SLOPE, trial.bytes_scale)
    target_cbr = options.target_cbr
    for _ in range(_SEARCH_STEPS):
        slope = _slope_for(trial, target_cbr)
        point = OperatingPoint(trial.best_crf(slope), slope, trial.bytes_scale)
        trial = tried(point)
    crf = min(_CRF_RANGE, key=lambda crf: abs(math.log(trial.cbr(crf) / target_cbr)))
    return OperatingPoint(crf, point.slope, trial.bytes_scale)


def _slope_for(trial: Trial, target_cbr: float) -> float:
    """The slope whose best quality meets ``target_cbr`` with the keyframes of ``trial``, by bisection."""
    low, high = _SLOPES
    for _ in range(30):
        middle = math.sqrt(low * high)
        if trial.cbr(trial.best_crf(middle)) > target_cbr:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)


def _try(
    upload: Path, source: SourceInfo, limits: VideoLimits, selector: KeyframeSelector, point: OperatingPoint
) -> Trial:
    copies: list[Picture] = []
    ends: list[int] = []
    sizes: list[int] = []
    last_frame = math.ceil(WINDOW_S * source.frame_rate)
    with (
        closing(read_frames(upload, source, limits)) as frames,
        KeyframeEncoder(source.width, source.height, TRIAL_CRF, preset=TRIAL_PRESET) as encoder,
    ):
        for selected in _selected(frames, selector, copies, last_frame):
            ends.append(selected.index)
            sizes.append(len(encoder.encode(selected.picture).packet))
    gaps = [(end - start, bridging_error(copies[start : end + 1])) for start, end in pairwise(ends)]
    first, *others = (size / _TRIAL_EXCESS for size in sizes)
    total = max(source.frame_count_hint, len(copies))
    samples = 3 * source.width * source.height
    return Trial(point, len(copies), total, samples, gaps, first, others)


def _selected(
    frames: Iterator[Frame], selector: KeyframeSelector, copies: list[Picture], last_frame: int
) -> Iterator[Frame]:
    """Keyframes of the window; ``copies`` takes a small copy of every frame."""
    for frame in takewhile(lambda frame: frame.index <= last_frame, frames):
        copies.append(small_copy(frame.picture))
        for selected in selector.push(frame):
            yield selected.frame
    for selected in selector.finish():
        yield selected.frame
