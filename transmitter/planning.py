"""Chooses the operating point of one clip by trying it on excerpts of it.

Keyframes are selected and coded once; the model of `transmitter.rate`, scaled to the bytes that came out,
then says what other points would cost. Three ways in:

- nothing asked: the CRF that the default slope deserves;
- a quality asked: the slope at which that CRF is right, so that density fits quality;
- a CBR asked: slope and CRF that meet it over the link as it is, the keyframes selected anew for each slope
  tried. Where the coarsest CRF that still looks like something costs too much, pictures are coded smaller.
  The excerpts then lie all over the clip; how it goes on after the plan: `transmitter.rate_control`.

Last, the beginning is coded with a finer first picture, to see whether the later ones inherit enough of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from semvid.profile import Given
from semvid.semantics import PictureCoding
from transmitter.excerpts import Excerpts
from transmitter.finer_start import with_finer_start
from transmitter.forecast import Forecast
from transmitter.options import TransmissionOptions
from transmitter.rate import AT_10_DB, DEFAULT_SLOPE, LinkPrice, OperatingPoint
from transmitter.trial import CRF_RANGE, SLOPES, Trial

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
        return Plan(OperatingPoint(options.quality or FIRST_FRAME_CRF, DEFAULT_SLOPE, scale))
    if options.target_cbr is not None:
        start = OperatingPoint(_SHRINK_BEYOND_CRF, SLOPES[1], scale, link=link)
        return _meeting(options.target_cbr, excerpts.spread(), start)
    trial = excerpts.tried(OperatingPoint(TRIAL_CRF, DEFAULT_SLOPE, scale))
    if options.quality is not None:
        point = OperatingPoint(options.quality, trial.slope_of(options.quality), trial.bytes_scale)
    else:
        crf = min(_DEFAULT_MAX_CRF, trial.best_crf(DEFAULT_SLOPE))
        point = OperatingPoint(crf, DEFAULT_SLOPE, trial.bytes_scale)
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
    """A trial whose density and quality deserve one slope, and meet ``target_cbr`` together.

    The slope at which one set of keyframes meets it is tried next; where density jumps, that leads from too
    many to too few and back, and the middle of what is left is tried instead.
    """
    low, high = SLOPES
    best = trial = fewest
    if fewest.cbr(fewest.best_crf(high)) >= target_cbr:
        return fewest
    for _ in range(_SEARCH_STEPS):
        slope = _slope_for(trial, target_cbr)
        if not low < slope < high:
            slope = math.sqrt(low * high)
        crf = trial.best_crf(slope)
        trial = excerpts.tried(replace(trial.point, crf=crf, slope=slope, bytes_scale=trial.bytes_scale))
        best = min(best, trial, key=lambda one: _miss(one, target_cbr))
        if _miss(best, target_cbr) < _CLOSE:
            break
        if trial.cbr(trial.best_crf(slope)) > target_cbr:
            low = slope
        else:
            high = slope
    return best


def _miss(trial: Trial, target_cbr: float) -> float:
    """How far the quality that the trial's slope deserves is from ``target_cbr``, as a log ratio."""
    return abs(math.log(trial.cbr(trial.best_crf(trial.point.slope)) / target_cbr))


def _at_target(trial: Trial, target_cbr: float) -> Plan:
    """The keyframes of ``trial`` at the CRF that comes nearest to ``target_cbr``."""
    crf = min(CRF_RANGE, key=lambda crf: abs(math.log(trial.cbr(crf) / target_cbr)))
    return Plan(replace(trial.point, crf=crf, bytes_scale=trial.bytes_scale), trial.forecast)


def _slope_for(trial: Trial, target_cbr: float) -> float:
    """The slope whose quality meets ``target_cbr`` with the keyframes of ``trial``, by bisection."""
    low, high = SLOPES
    for _ in range(30):
        middle = math.sqrt(low * high)
        if trial.cbr(trial.best_crf(middle)) > target_cbr:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)
