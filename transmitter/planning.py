"""Chooses the operating point of one clip by trying it on the clip's beginning.

Keyframes are selected and coded once; the model of `transmitter.rate`, scaled to the bytes that came out,
then says what other points would cost. Three ways in:

- nothing asked: the CRF that the default slope deserves;
- a quality asked: the slope at which that CRF is right, so that density fits quality;
- a CBR asked: slope and CRF that meet it, the keyframes selected anew for each slope tried.

Last, the window is coded with a finer first picture, to see whether the later ones inherit enough of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from semvid.pictures.keyframe_codec import MAX_CRF, MIN_CRF, KeyframeDecoder, KeyframeEncoder
from semvid.profile import Given
from semvid.semantics import PictureCoding
from semvid.video.limits import VideoLimits
from semvid.video.probe import SourceInfo
from semvid.video.reader import Frame, read_frames
from transmitter.keyframes.bridging import Picture, bridging_error, dissimilarity, small_copy
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
TRIAL_CRF: Final = 60
TRIAL_PRESET: Final = 8  # faster than the real thing; its packets are a little larger
_TRIAL_EXCESS: Final = 1.08  # by about this factor
_CRF_RANGE: Final = range(40, MAX_CRF + 1)
_DEFAULT_MAX_CRF: Final = 63  # coarser keyframes look bad however cheap; only a low target CBR asks for them
_FIXED_SYMBOLS: Final = 600.0  # sounding, header, captions, end
_SLOPES: Final = (3.0, 3000.0)
_SEARCH_STEPS: Final = 4  # selections tried for a target CBR
_FINER_STARTS: Final = (16, 32)  # quantiser steps
_INHERITED_S: Final = 20.0  # for so long at most does a finer first picture count; scenes change
_LOSS_PER_DISSIMILARITY: Final = 1.0  # LPIPS; of coded pictures within a clip
_JUDGED_AREA: Final = 288 * 160  # pixels of the copies on which coded pictures are judged

FIRST_FRAME_CRF: Final = 45
"""Of a picture that a whole segment hangs on, which is worth more than one that many others lie beside."""

MakeSelector = Callable[[OperatingPoint], KeyframeSelector]


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
        later = sum(symbols_of(size * factor) for size in self.others) * self.total / self.window
        return (symbols_of(self.first * factor) + later + _FIXED_SYMBOLS) / (self.samples * self.total)

    def best_crf(self, slope: float) -> int:
        """The quality that these keyframes deserve at ``slope``."""
        return min(_CRF_RANGE, key=lambda crf: coding_loss(crf) + slope * self.cbr(crf))

    def slope_of(self, crf: int) -> float:
        """The slope at which these keyframes deserve ``crf``."""
        lower, upper = max(MIN_CRF, crf - 1), min(MAX_CRF, crf + 1)
        slope = (coding_loss(upper) - coding_loss(lower)) / (self.cbr(lower) - self.cbr(upper))
        return min(_SLOPES[1], max(_SLOPES[0], slope))


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

    def tried(point: OperatingPoint) -> Trial:
        return _try(upload, source, limits, make_selector(point), point)

    trial = tried(OperatingPoint(TRIAL_CRF, DEFAULT_SLOPE, scale))
    if options.target_cbr is not None:
        for _ in range(_SEARCH_STEPS):
            slope = _slope_for(trial, options.target_cbr)
            trial = tried(OperatingPoint(trial.best_crf(slope), slope, trial.bytes_scale))
        target_cbr = options.target_cbr
        crf = min(_CRF_RANGE, key=lambda crf: abs(math.log(trial.cbr(crf) / target_cbr)))
        return OperatingPoint(crf, trial.point.slope, trial.bytes_scale)
    if options.quality is not None:
        point = OperatingPoint(options.quality, trial.slope_of(options.quality), trial.bytes_scale)
    else:
        crf = min(_DEFAULT_MAX_CRF, trial.best_crf(DEFAULT_SLOPE))
        point = OperatingPoint(crf, DEFAULT_SLOPE, trial.bytes_scale)
    if options.coding is PictureCoding.INTRA:
        return point
    return _with_finer_start(upload, source, limits, make_selector(point), point)


def _slope_for(trial: Trial, target_cbr: float) -> float:
    """The slope whose quality meets ``target_cbr`` with the keyframes of ``trial``, by bisection."""
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
    with (
        closing(read_frames(upload, source, limits)) as frames,
        KeyframeEncoder(source.width, source.height, point.crf, preset=TRIAL_PRESET) as encoder,
    ):
        for selected in _selected(_copied(_window(frames, source), copies), selector):
            ends.append(selected.index)
            sizes.append(len(encoder.encode(selected.picture).packet))
    gaps = [(end - start, bridging_error(copies[start : end + 1])) for start, end in pairwise(ends)]
    first, *others = (size / _TRIAL_EXCESS for size in sizes)
    total = max(source.frame_count_hint, len(copies))
    samples = 3 * source.width * source.height
    return Trial(point, len(copies), total, samples, gaps, first, others)


def _with_finer_start(
    upload: Path, source: SourceInfo, limits: VideoLimits, selector: KeyframeSelector, point: OperatingPoint
) -> OperatingPoint:
    """``point`` with the finer start that gains most at its slope, or none."""
    starts = (0, *_FINER_STARTS)
    first_bytes = dict.fromkeys(starts, 0)
    losses: dict[int, list[float]] = {finer: [] for finer in starts}
    size = source.width, source.height
    with ExitStack() as stack:
        frames = stack.enter_context(closing(read_frames(upload, source, limits)))
        coders = {
            finer: stack.enter_context(
                KeyframeEncoder(*size, point.crf, preset=TRIAL_PRESET, finer_start=finer)
            )
            for finer in starts
        }
        decoders = {finer: KeyframeDecoder(*size) for finer in starts}
        for frame in _selected(_window(frames, source), selector):
            real = _judged_copy(frame.picture)
            for finer, coder in coders.items():
                packet = coder.encode(frame.picture).packet
                first_bytes[finer] = first_bytes[finer] or len(packet)
                decoded = decoders[finer].decode(packet)
                losses[finer].append(dissimilarity(real, _judged_copy(decoded)))
    inheriting = min(source.frame_count_hint, math.ceil(_INHERITED_S * source.frame_rate))

    def cost(finer: int) -> float:
        later = losses[finer][1:] or losses[finer]
        symbols = symbols_of(first_bytes[finer] / _TRIAL_EXCESS) / (3 * size[0] * size[1])
        return _LOSS_PER_DISSIMILARITY * inheriting * float(np.mean(later)) + point.slope * symbols

    return replace(point, finer_start=min(starts, key=cost))


def _window(frames: Iterator[Frame], source: SourceInfo) -> Iterator[Frame]:
    """The frames of the window."""
    last_frame = math.ceil(WINDOW_S * source.frame_rate)
    return takewhile(lambda frame: frame.index <= last_frame, frames)


def _copied(frames: Iterator[Frame], copies: list[Picture]) -> Iterator[Frame]:
    """The same frames; ``copies`` takes a small copy of each."""
    for frame in frames:
        copies.append(small_copy(frame.picture))
        yield frame


def _selected(frames: Iterator[Frame], selector: KeyframeSelector) -> Iterator[Frame]:
    """The keyframes among ``frames``."""
    for frame in frames:
        for selected in selector.push(frame):
            yield selected.frame
    for selected in selector.finish():
        yield selected.frame


def _judged_copy(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    shrink = min(1.0, math.sqrt(_JUDGED_AREA / (height * width)))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
