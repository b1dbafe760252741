"""Chooses size, density and quality of one clip's keyframes by trying them on the real coder.

Three ways in:

- a CBR asked: sizes and prices of a keyframe are tried, each at the CRF that meets it over the link as it is;
  the least loss wins. The search walks from neighbour to neighbour as long as it gets better, with a fast
  preset; the winner is coded once more with the preset that will be used, and its CRF set right. Where all
  keyframes will probably wait in the encoder, its second pass sets it right (`transmitter.rate.second_pass`).
- a quality asked: the price of keyframes that belongs to it.
- nothing asked: `DEFAULT_CRF`.

Of a live source nobody waits for a plan: of the sizes and prices those are taken that usually win, and of the
presets a quick one. So it is, with a preset that codes in the time that there is, where that time is short.

How it goes on after the plan: `transmitter.rate.control`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from semvid.images.detail import MAX_STRENGTH
from semvid.images.finishing import RESTORATION
from semvid.images.keyframe_codec import MAX_CRF, MOST_HELD
from semvid.options import TransmissionOptions
from semvid.profile import Given
from semvid.semantics import PictureCoding
from transmitter.rate import presets
from transmitter.rate.footage import Footage
from transmitter.rate.model import AT_10_DB, Forecast, LinkPrice, OperatingPoint, bytes_factor, deserved_price
from transmitter.rate.restoration import strength_for
from transmitter.rate.trial import Coded, Trial

DEFAULT_CRF: Final = 60.0
FIRST_FRAME_CRF: Final = 45.0
"""Of a picture that a whole segment hangs on, which is worth more than one that many others lie beside."""

PORTRAIT_CRF: Final = 55.0
"""Of a picture that seconds are animated from (docs/portrait.md)."""

CRF_STEP: Final = 0.25
FINEST_CRF: Final = 35.0
SCALES: Final = (1.0, 4 / 3, 1.5, 2.0, 3.0, 4.0)  # divisors of width and height
PRICES: Final = tuple(0.16 * 2.0**step for step in range(9))
# Where the walk begins, as indices of size and price: usual winners down to so low a CBR at 10 dB.
_STARTS: Final = {5e-4: (0, 4), 2.5e-4: (1, 5), 1.4e-4: (3, 5), 8e-5: (3, 6), 0.0: (4, 7)}
_COARSEST_TRIED: Final = 62.0  # beyond, fewer or smaller pictures look better; without any, up to MAX_CRF
_TOO_DEAR: Final = 0.06  # over the target, of the coarsest
_MOST_TRIALS: Final = 10  # points looked at
_CLOSE: Final = 0.12  # of the target, of a trial that is looked at
_MET: Final = 0.015  # of the target, in the end
_TIME_FOR_TRIALS: Final = 0.25  # s of a core a second of video; who leaves less for coding gets no trials
_SURELY_HELD: Final = 0.8  # of what the encoder holds: so many keyframes are expected to wait till the end
BYTES_PER_SCALE: Final = 1.5  # d log (1 / bytes) / d log divisor, about
_BYTES_PER_PRICE: Final = 0.25
_LOSS_PER_BYTES: Final = 0.4  # d log loss / d log bytes, to compare trials that are not quite at the target
# What the loss does not see: d log loss / d log keyframes, and / d log divisor (decisions/0009)
_LOSS_PER_DENSITY: Final = 0.1
_LOSS_PER_SCALE: Final = 0.15


@dataclass(frozen=True, slots=True)
class Plan:
    """What a transmission starts with.

    Attributes:
        point: quality and density.
        forecast: what frames cost, where a CBR is to be met.
    """

    point: OperatingPoint
    forecast: Forecast | None = None

    def resource(self) -> dict[str, float]:
        """For reports."""
        return self.point.resource()


def make_plan(
    read: Callable[[], Footage],
    options: TransmissionOptions,
    link: LinkPrice = AT_10_DB,
    at_once: bool = False,
) -> Plan:
    """The plan for a clip; see the module's text.

    Args:
        read: gives excerpts of the clip; called where something is to be tried.
        options: of the transmission.
        link: what it charges now; heeded where a CBR is asked.
        at_once: of a live source; `coding_time` is not heeded then.
    """
    if options.given is not Given.BOTH_ENDS:  # density is not a matter of price there
        return Plan(OperatingPoint(options.quality or FIRST_FRAME_CRF, deserved_price(60)))
    if options.target_cbr is None:
        crf = options.quality or (PORTRAIT_CRF if options.coding is PictureCoding.PORTRAIT else DEFAULT_CRF)
        footage = read()
        point = OperatingPoint(crf, deserved_price(crf), preset=presets.FAST, link=link)
        coded = Coded.at(footage, point)
        preset = _quick(footage, 1.0) if at_once else _preset(footage, coded.trial)
        return Plan(replace(_finished(footage, coded), preset=preset))
    search = _Search(read(), options.target_cbr, link)
    if at_once:
        return search.at_once()
    return search.plan() if options.coding_time >= _TIME_FOR_TRIALS else search.usual()


class _Search:
    """The walk over sizes and prices for one target.

    Neighbours are tried two at a time; what is tried depends on the place that the walk stands at and on
    nothing else, so that a plan does not depend on which of them is ready first.
    """

    def __init__(self, footage: Footage, target_cbr: float, link: LinkPrice) -> None:
        self._footage, self._target, self._link = footage, target_cbr, link
        self._tried: dict[tuple[int, int], Trial | None] = {}

    def at_once(self) -> Plan:
        """Where the walk would begin, with a preset that is quick for a single picture."""
        preset = _quick(self._footage, SCALES[self._start[0]])
        return self._met(self._usual(preset, _MET), preset)

    def usual(self) -> Plan:
        """Where the walk would begin."""
        return self._set_right(self._usual(presets.FAST, _CLOSE).trial)

    def _usual(self, preset: int, close: float) -> Coded:
        size, price = self._start
        point = OperatingPoint(62.0, PRICES[price], SCALES[size], preset, link=self._link)
        return self._near(point, MAX_CRF, close, most=2)

    def plan(self) -> Plan:
        """Where it ends."""
        place = self._start
        corner = len(SCALES) - 1, len(PRICES) - 1
        while self._at(place, 62.0) is None and place != corner:  # too dear even at its coarsest
            place = min(place[0] + 1, corner[0]), min(place[1] + 1, corner[1])
        stood = {place}
        while (here := self._tried[place]) is not None and len(self._tried) < _MOST_TRIALS:
            open_places = [p for p in self._neighbours(place) if p not in self._tried]
            with ThreadPoolExecutor(2) as pool:
                guesses = [self._guess(here, p) for p in open_places]
                for _ in pool.map(self._at, open_places, guesses):
                    pass
            ahead = (p for p in self._neighbours(place) if p not in stood)
            better = min(ahead, key=self._loss, default=place)
            if better == place or self._loss(better) > self._loss(place):  # prices may choose alike
                break
            place = better
            stood.add(place)
        return self._set_right(self._tried[place] or self._cheapest())

    @property
    def _start(self) -> tuple[int, int]:
        bits = self._link.bits_per_symbol / AT_10_DB.bits_per_symbol
        return next(start for least, start in _STARTS.items() if self._target * bits >= least)

    def _neighbours(self, place: tuple[int, int]) -> list[tuple[int, int]]:
        size, price = place
        places = [(size, price + 1), (size, price - 1), (size + 1, price), (size - 1, price)]
        return [(s, p) for s, p in places if 0 <= s < len(SCALES) and 0 <= p < len(PRICES)]

    def _loss(self, place: tuple[int, int]) -> float:
        """Loss at the target, infinite where it cannot be met."""
        trial = self._tried[place]
        if trial is None:
            return math.inf
        slower = presets.loss_of(_preset(self._footage, trial))
        unseen = math.pow(trial.keyframes_per_frame, _LOSS_PER_DENSITY)
        unseen *= math.pow(trial.point.scale, _LOSS_PER_SCALE)
        return slower * trial.loss * unseen * math.pow(trial.cbr / self._target, _LOSS_PER_BYTES)

    def _guess(self, here: Trial, place: tuple[int, int]) -> float:
        """The CRF that will probably meet the target at a neighbour of what was tried."""
        smaller = (SCALES[place[0]] / here.point.scale) ** BYTES_PER_SCALE
        fewer = (PRICES[place[1]] / here.point.price) ** _BYTES_PER_PRICE
        return self._crf_for(here, smaller * fewer)

    def _at(self, place: tuple[int, int], crf: float) -> Trial | None:
        if place not in self._tried:
            crf = min(max(crf, FINEST_CRF), _COARSEST_TRIED)
            point = OperatingPoint(crf, PRICES[place[1]], SCALES[place[0]], presets.FAST, link=self._link)
            self._tried[place] = self._meeting(point)
        return self._tried[place]

    def _meeting(self, point: OperatingPoint) -> Trial | None:
        """A trial near the target, looked at; None where even the coarsest that is tried costs too much."""
        coded = self._near(point, _COARSEST_TRIED, _CLOSE, most=2)
        if coded.trial.point.crf >= _COARSEST_TRIED and self._excess(coded) > _TOO_DEAR:
            return None
        return coded.looked_at(_details(self._footage)[::3], 3)

    def _near(self, point: OperatingPoint, coarsest: float, close: float, most: int) -> Coded:
        """The keyframes at the CRF that comes nearest to the target; costing too much counts twice."""
        known: dict[float, Coded] = {}
        crf = min(max(point.crf, FINEST_CRF), coarsest)
        while crf not in known and len(known) < most:
            known[crf] = Coded.at(self._footage, replace(point, crf=crf))
            if abs(self._excess(known[crf])) < close:
                break
            crf = min(max(self._next_crf(known), FINEST_CRF), coarsest)
        return min(known.values(), key=lambda coded: max(-self._excess(coded), 2 * self._excess(coded)))

    def _excess(self, coded: Coded) -> float:
        return math.log(coded.trial.cbr / self._target)

    def _next_crf(self, known: dict[float, Coded]) -> float:
        """Between the nearest on both sides of the target, or by the model where there is one side only."""
        finer = [crf for crf, coded in known.items() if self._excess(coded) > 0]
        coarser = [crf for crf, coded in known.items() if self._excess(coded) <= 0]
        if not finer or not coarser:
            return self._crf_for(known[max(finer) if finer else min(coarser)].trial)
        low, high = max(finer), min(coarser)
        over, under = self._excess(known[low]), -self._excess(known[high])
        return low + CRF_STEP * round((high - low) * over / (over + under) / CRF_STEP)

    def _crf_for(self, trial: Trial, cheaper: float = 1.0) -> float:
        """The CRF at which the keyframes of ``trial`` meet the target, by the model, in quarters.

        Args:
            cheaper: keyframes take so many times fewer bytes.
        """
        link, crf = self._link, trial.point.crf
        fixed = link.fixed_symbols + link.symbols_of(0) * (1 + trial.blocks * trial.total / trial.window)
        symbols = self._target * trial.samples * trial.total
        spent = trial.cbr * trial.samples * trial.total
        if symbols <= fixed:
            return MAX_CRF + 1
        wanted = cheaper * (symbols - fixed) / (spent - fixed) * bytes_factor(crf)
        steps = range(round((MAX_CRF + 2 - FINEST_CRF) / CRF_STEP))
        return min(
            (FINEST_CRF + CRF_STEP * step for step in steps),
            key=lambda one: abs(math.log(bytes_factor(one) / wanted)),
        )

    def _cheapest(self) -> Trial:
        """Where nothing meets the target: the fewest keyframes, as small and as coarse as there are."""
        point = OperatingPoint(MAX_CRF, PRICES[-1], SCALES[-1], presets.FAST, link=self._link)
        return Coded.at(self._footage, point).trial

    def _set_right(self, best: Trial) -> Plan:
        """The winner with the preset that will be used, at the CRF that then meets the target.

        Coded once, that is the CRF that probably does, which is enough where a second pass follows.
        """
        preset = _preset(self._footage, best)
        slow = max(preset, presets.SLOWEST_TRIED)
        tried = replace(best.point, preset=slow, crf=self._crf_for(best, 1 / presets.bytes_of(slow)))
        if not _will_wait(self._footage, best):
            return self._met(self._near(tried, MAX_CRF, _MET, most=5), preset)
        coded = self._near(tried, MAX_CRF, _MET, most=1)
        plan = self._met(coded, preset)
        return replace(plan, point=replace(plan.point, crf=min(self._crf_for(coded.trial), MAX_CRF)))

    def _met(self, coded: Coded, preset: int) -> Plan:
        return Plan(replace(_finished(self._footage, coded), preset=preset), coded.trial.forecast)


def _will_wait(footage: Footage, trial: Trial) -> bool:
    """Whether all keyframes of the clip probably wait in the encoder until its end."""
    expected = trial.keyframes_per_frame * trial.total
    return footage.one_shot and expected <= _SURELY_HELD * MOST_HELD[footage.options.coding]


def _details(footage: Footage) -> range:
    """Strengths of detail to choose from; every third is enough for a first look."""
    return range(1) if footage.restores else range(MAX_STRENGTH + 1)


def _finished(footage: Footage, coded: Coded) -> OperatingPoint:
    """The point of ``coded``, with what the receiver is asked for: of its network, or of its detail.

    No point is chosen by it: what it takes off LPIPS depends on how much there is, so that points keep their
    order, and the loss by which they are ordered does not see it (docs/decisions/0011-restorer.md).
    """
    point = coded.trial.point
    if not footage.restores:
        return coded.looked_at(_details(footage), 8).point
    known = footage.restorer
    strength = RESTORATION if known is None else strength_for(coded, footage.source, known)
    return replace(point, restoration=strength)


def _quick(footage: Footage, scale: float) -> int:
    """The slowest preset that does not make a picture late by itself."""
    return presets.at_once(footage.source.width * footage.source.height / scale**2)


def _preset(footage: Footage, trial: Trial) -> int:
    """The slowest preset that codes keyframes this dense and large in the time that there is."""
    source = footage.source
    pixels = source.width * source.height / trial.point.scale**2
    pixels_per_s = trial.keyframes_per_frame * float(source.frame_rate) * pixels
    return presets.slowest_in_time(pixels_per_s, footage.options.coding_time)
