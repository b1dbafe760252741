"""Chooses the operating point of one clip by trying it on excerpts of it.

Keyframes are selected and coded once; `transmitter.rate.model`, scaled to the bytes that came out, then
says what other points would cost. Three ways in:

- nothing asked: the CRF that the default rd_lambda deserves;
- a quality asked: the rd_lambda at which that CRF is right, so that density fits quality;
- a CBR asked: rd_lambda and CRF that meet it over the link as it is, the keyframes selected anew for each
  rd_lambda tried. Where the coarsest CRF that still looks like something costs too much, pictures are coded
  smaller. The excerpts then lie all over the clip; how it goes on after the plan: `transmitter.rate.control`.

Last, the beginning is coded with a finer first picture, to see whether the later ones inherit enough of it.
"""

import math
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from semvid.images.keyframe_codec import KeyframeDecoder, KeyframeEncoder
from semvid.images.resize import at_size, within_area
from semvid.options import TransmissionOptions
from semvid.profile import Given
from semvid.semantics import PictureCoding
from transmitter.keyframes.bridging import dissimilarity
from transmitter.rate.model import (
    AT_10_DB,
    DEFAULT_RD_LAMBDA,
    Forecast,
    LinkPrice,
    OperatingPoint,
    coded_size,
)
from transmitter.rate.trial import CRF_RANGE, RD_LAMBDAS, TRIAL_EXCESS, TRIAL_PRESET, Excerpts, Trial

_FINER_STARTS: Final = (16, 32)  # quantiser steps
_INHERITED_S: Final = 20.0  # for so long at most does a finer first picture count; scenes change
_LOSS_PER_DISSIMILARITY: Final = 1.0  # LPIPS; of coded pictures within a clip
_JUDGED_AREA: Final = 288 * 160  # pixels of the copies on which coded pictures are judged


def with_finer_start(excerpts: Excerpts, point: OperatingPoint) -> OperatingPoint:
    """``point`` with the finer start that gains most at its rd_lambda, or none."""
    source = excerpts.source
    starts = (0, *_FINER_STARTS)
    first_bytes = dict.fromkeys(starts, 0)
    losses: dict[int, list[float]] = {finer: [] for finer in starts}
    size = coded_size(source, point.shrink)
    with ExitStack() as stack:
        coders = {
            finer: stack.enter_context(
                KeyframeEncoder(*size, point.crf, preset=TRIAL_PRESET, finer_start=finer)
            )
            for finer in starts
        }
        decoders = {finer: KeyframeDecoder(*size) for finer in starts}
        for selected in excerpts.beginning().keyframes(point):
            picture = at_size(selected.frame.picture, size)
            real = within_area(picture, _JUDGED_AREA)
            for finer, coder in coders.items():
                packet = coder.encode(picture).packet
                first_bytes[finer] = first_bytes[finer] or len(packet)
                decoded = decoders[finer].decode(packet)
                losses[finer].append(dissimilarity(real, within_area(decoded, _JUDGED_AREA)))
    inheriting = min(source.frame_count_hint, math.ceil(_INHERITED_S * source.frame_rate))
    samples = 3 * source.width * source.height

    def cost(finer: int) -> float:
        later = losses[finer][1:] or losses[finer]
        symbols = point.link.symbols_of(first_bytes[finer] / TRIAL_EXCESS)
        return (
            _LOSS_PER_DISSIMILARITY * inheriting * float(np.mean(later)) + point.rd_lambda * symbols / samples
        )

    return replace(point, finer_start=min(starts, key=cost))


TRIAL_CRF: Final = 60
_DEFAULT_MAX_CRF: Final = 63  # coarser keyframes look bad however cheap; only a low target CBR asks for them
_SEARCH_STEPS: Final = 5  # selections tried at most for a target CBR
_CLOSE: Final = 0.07  # of the target: near enough for density, quality makes up for the rest
_SHRINKS: Final = (1, 2, 4)  # of width and height
_SHRINK_BEYOND_CRF: Final = 67  # there half the size at a finer CRF costs as much and looks no worse

FIRST_FRAME_CRF: Final = 45
"""Of a picture that a whole segment hangs on, which is worth more than one that many others lie beside."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a transmission starts with.

    Attributes:
        point: quality and density.
        forecast: what frames cost, where a CBR is to be met.
    """

    point: OperatingPoint
    forecast: Forecast | None = None


def make_plan(excerpts: Excerpts, options: TransmissionOptions, link: LinkPrice = AT_10_DB) -> Plan:
    """The plan for a clip; see the module's text.

    Args:
        excerpts: of the clip, its beginning.
        options: of the transmission.
        link: what it charges now; heeded where a CBR is asked. Quality that nobody limits does not depend on
            the SNR.
    """
    source = excerpts.source
    scale = source.width * source.height / (576 * 320)
    if options.given is not Given.BOTH_ENDS:  # density is not a matter of price there
        return Plan(OperatingPoint(options.quality or FIRST_FRAME_CRF, DEFAULT_RD_LAMBDA, scale))
    if options.target_cbr is not None:
        start = OperatingPoint(_SHRINK_BEYOND_CRF, RD_LAMBDAS[1], scale, link=link)
        return _meeting(options.target_cbr, excerpts.spread(), start)
    trial = excerpts.tried(OperatingPoint(TRIAL_CRF, DEFAULT_RD_LAMBDA, scale))
    if options.quality is not None:
        point = OperatingPoint(options.quality, trial.rd_lambda_of(options.quality), trial.bytes_scale)
    else:
        crf = min(_DEFAULT_MAX_CRF, trial.best_crf(DEFAULT_RD_LAMBDA))
        point = OperatingPoint(crf, DEFAULT_RD_LAMBDA, trial.bytes_scale)
    return Plan(point if excerpts.coding is PictureCoding.INTRA else with_finer_start(excerpts, point))


def _meeting(target_cbr: float, excerpts: Excerpts, start: OperatingPoint) -> Plan:
    """The plan whose CBR is nearest to ``target_cbr``, at the largest size that reaches it.

    Args:
        start: with the fewest keyframes and the coarsest CRF.
    """
    for shrink in _SHRINKS:
        trial = excerpts.tried(replace(start, shrink=shrink))
        if trial.cbr(start.crf) <= target_cbr:
            break
    trial = _at_right_density(target_cbr, excerpts, trial)
    plan = _at_target(trial, target_cbr)
    if excerpts.coding is PictureCoding.JOINT:
        finer = with_finer_start(excerpts, plan.point)
        if finer.finer_start:
            trial = excerpts.tried(finer)
            if trial.cbr(CRF_RANGE[-1]) <= target_cbr:
                return _at_target(trial, target_cbr)
    return plan


def _at_right_density(target_cbr: float, excerpts: Excerpts, fewest: Trial) -> Trial:
    """A trial whose density and quality deserve one rd_lambda, and meet ``target_cbr`` together.

    The rd_lambda at which one set of keyframes meets it is tried next; where density jumps, that leads from
    too many to too few and back, and the middle of what is left is tried instead.
    """
    low, high = RD_LAMBDAS
    best = trial = fewest
    if fewest.cbr(fewest.best_crf(high)) >= target_cbr:
        return fewest
    for _ in range(_SEARCH_STEPS):
        rd_lambda = _slope_for(trial, target_cbr)
        if not low < rd_lambda < high:
            rd_lambda = math.sqrt(low * high)
        crf = trial.best_crf(rd_lambda)
        trial = excerpts.tried(
            replace(trial.point, crf=crf, rd_lambda=rd_lambda, bytes_scale=trial.bytes_scale)
        )
        best = min(best, trial, key=lambda one: _miss(one, target_cbr))
        if _miss(best, target_cbr) < _CLOSE:
            break
        if trial.cbr(trial.best_crf(rd_lambda)) > target_cbr:
            low = rd_lambda
        else:
            high = rd_lambda
    return best


def _miss(trial: Trial, target_cbr: float) -> float:
    """How far the quality that the trial's rd_lambda deserves is from ``target_cbr``, as a log ratio."""
    return abs(math.log(trial.cbr(trial.best_crf(trial.point.rd_lambda)) / target_cbr))


def _at_target(trial: Trial, target_cbr: float) -> Plan:
    """The keyframes of ``trial`` at the CRF that comes nearest to ``target_cbr``."""
    crf = min(CRF_RANGE, key=lambda crf: abs(math.log(trial.cbr(crf) / target_cbr)))
    return Plan(replace(trial.point, crf=crf, bytes_scale=trial.bytes_scale), trial.forecast)


def _slope_for(trial: Trial, target_cbr: float) -> float:
    """The rd_lambda whose quality meets ``target_cbr`` with the keyframes of ``trial``, by bisection."""
    low, high = RD_LAMBDAS
    for _ in range(30):
        middle = math.sqrt(low * high)
        if trial.cbr(trial.best_crf(middle)) > target_cbr:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)
