"""Steering on made-up videos: what a frame costs is known, and changes without notice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.images.keyframe_codec import MAX_CRF
from semvid.options import TransmissionOptions
from semvid.semantics import PictureCoding
from tests.unit.transmitter.clips import source
from transmitter.rate.control import Budget, RateControl
from transmitter.rate.model import AT_10_DB, Forecast, OperatingPoint, bytes_factor
from transmitter.rate.plan import FINEST_CRF, Plan

RATE, GAP = 30, 30  # frames a second, and from one keyframe to the next
FIXED = 90  # symbols of a segment beside its keyframe
ALONE = 8  # times as many symbols does a keyframe take that stands alone
PRICE = 0.5
GROUP, HELD = 8, 36  # keyframes of a pyramid's group, and those that are pushed before the first one comes


@dataclass(frozen=True)
class Coded:
    frame: int
    crf: float
    alone: bool
    cut: bool


@dataclass
class Sent:
    """A made-up transmission."""

    control: RateControl
    complexity: Callable[[int], float]
    gap: int
    apart: float  # times as many symbols that a keyframe takes that stands alone
    side: float = 0.0  # symbols beside those of keyframes
    keyframes: float = 0.0
    restarts: list[int] = field(default_factory=list)
    crfs: list[float] = field(default_factory=list)
    prices: list[float] = field(default_factory=list)

    @property
    def symbols(self) -> float:
        return self.side + self.keyframes

    def ship(self, group: list[Coded]) -> None:
        for one in group:
            apart = self.apart if one.alone else 1
            self.keyframes += self.complexity(one.frame) * apart * bytes_factor(one.crf)
            self.side += FIXED
            self.crfs.append(one.crf)
        first, frames = group[0], group[-1].frame + 1
        spent = round(self.symbols), round(self.keyframes)
        self.control.note(len(group), frames, *spent, first.crf, first.alone, first.cut)
        self.prices.append(self.control.point.price)


def send(
    complexity: Callable[[int], float],
    frames: int,
    budget: float | None,
    forecast: float,
    crf: float = 60,
    cuts: Sequence[int] = (),
    lost: Sequence[int] = (),
    gap: int = GAP,
    coding: PictureCoding = PictureCoding.LOW_DELAY,
) -> Sent:
    """Sends keyframes of ``complexity(frame)`` symbols at CRF 60, planned as if all took ``forecast``."""
    plan = Plan(OperatingPoint(crf, PRICE), Forecast(FIXED, forecast, gap))
    control = RateControl(plan, None if budget is None else Budget(budget, frames, RATE), coding)
    link = plan.point.link
    sent = Sent(control, complexity, gap, 1 if coding is PictureCoding.INTRA else ALONE)

    def bytes_alone(frame: int) -> Callable[[float], float]:
        symbols = sent.apart * complexity(frame)
        per_byte = link.symbols_of(1) - link.symbols_of(0)
        return lambda crf: symbols * bytes_factor(crf) / per_byte

    pyramid = coding is PictureCoding.PYRAMID
    waiting: list[Coded] = []

    def ship(until: int) -> None:
        while len(waiting) > until:
            sent.ship(waiting[: GROUP if pyramid else 1])
            del waiting[: GROUP if pyramid else 1]

    for frame in range(0, frames, gap):
        cut, refresh = frame in cuts, frame in lost
        if cut and pyramid:
            ship(0)
        new = control.restart(frame, cut, refresh, bytes_alone(frame))
        if new is not None:
            ship(0)
            sent.restarts.append(frame)
        alone = cut or refresh or frame == 0 or new is not None
        waiting.append(Coded(frame, control.point.crf, alone, cut))
        ship(HELD if pyramid else 0)
    ship(0)
    return sent


def cost(complexity: float, frames: int, crf: float = 60, gap: int = GAP) -> float:
    """Symbols of a video of one complexity, its first keyframe included."""
    gaps = (frames - 1) // gap
    return (gaps + ALONE) * complexity * bytes_factor(crf) + FIXED * (gaps + 1)


def test_a_video_like_its_plan_goes_on_as_planned() -> None:
    sent = send(lambda _: 600, 1801, cost(600, 1801), forecast=600)
    assert sent.restarts == []
    assert set(sent.crfs) == {60}
    assert max(sent.prices) < 1.5 * min(sent.prices)


def test_without_a_budget_the_plan_is_kept() -> None:
    sent = send(lambda frame: 600 if frame < 900 else 6000, 1801, None, forecast=600, cuts=[900])
    assert set(sent.crfs) == {60}
    assert set(sent.prices) == {PRICE}


@pytest.mark.parametrize("cuts", [[900], []])
def test_what_gets_dearer_half_way_gets_coarser(cuts: list[int]) -> None:
    def complexity(frame: int) -> float:
        return 600 if frame < 900 else 1800

    budget = cost(600, 1801, crf=50)
    sent = send(complexity, 1801, budget, forecast=600, crf=50, cuts=cuts)
    assert 0.9 * budget < sent.symbols < 1.15 * budget
    assert sent.crfs[0] == 50
    assert sent.crfs[-1] > 56
    assert send(complexity, 1801, None, forecast=600, crf=50, cuts=cuts).symbols > 1.8 * budget


def test_what_gets_cheaper_gets_finer() -> None:
    budget = cost(3000, 3601)
    sent = send(lambda frame: 3000 if frame < 900 else 1000, 3601, budget, forecast=3000)
    assert 0.75 * budget < sent.symbols < budget
    assert sent.crfs[-1] < 54


@pytest.mark.parametrize(("wrong", "crf"), [(0.25, 48), (4.0, 70)])
@pytest.mark.parametrize("gap", [GAP, 4 * RATE])
def test_a_wrong_forecast_is_mended(wrong: float, crf: int, gap: int) -> None:
    """The plan takes the CRF that its forecast affords; gaps may be longer than what counts as recent."""
    budget = cost(1500, 7201, gap=gap)
    kept = send(lambda _: 1500, 7201, None, forecast=1500 * wrong, crf=crf, gap=gap)
    sent = send(lambda _: 1500, 7201, budget, forecast=1500 * wrong, crf=crf, gap=gap)
    assert abs(kept.symbols / budget - 1) > 0.5
    assert sent.symbols == pytest.approx(budget, rel=0.15)


def test_pictures_that_stand_alone_change_quality_at_any_time() -> None:
    """Without an order of pictures a step of one is free."""
    budget = 61 * (1500 * bytes_factor(58) + FIXED)
    sent = send(lambda _: 1500, 1801, budget, forecast=1500, crf=57, coding=PictureCoding.INTRA)
    assert sent.symbols == pytest.approx(budget, rel=0.03)
    assert sent.restarts


def test_a_loss_is_paid_for_once() -> None:
    """The refresh costs what it costs; it does not make every later keyframe look as dear."""
    lost = [600, 1500]
    budget = cost(600, 3601) + len(lost) * (ALONE - 1) * 600 * bytes_factor(60)
    sent = send(lambda _: 600, 3601, budget, forecast=600, lost=lost)
    assert set(sent.restarts) <= set(lost)
    assert max(sent.crfs) <= 61
    assert sent.symbols == pytest.approx(budget, rel=0.03)


@pytest.mark.parametrize("share", [0.97, 1.03])
def test_the_last_seconds_are_not_spoilt_for_a_few_symbols(share: float) -> None:
    sent = send(lambda _: 600, 1801, share * cost(600, 1801), forecast=600)
    assert set(sent.crfs) == {60}
    assert max(sent.prices[-6:]) < 3 * PRICE
    assert min(sent.prices[-6:]) > PRICE / 3
    with_cut = send(lambda _: 600, 1801, share * cost(600, 1801), forecast=600, cuts=[1770])
    assert 55 <= with_cut.crfs[-1] <= 66


def test_frames_beyond_the_announced_ones_are_not_free() -> None:
    plan = Plan(OperatingPoint(60, PRICE), Forecast(FIXED, 600, GAP))
    control = RateControl(plan, Budget(9000, 300, RATE), PictureCoding.LOW_DELAY)
    for frame in range(0, 600, GAP):
        control.restart(frame, False, False, lambda _: 1000.0)
        spent = 1000 * (frame // GAP + 4), 900 * (frame // GAP + 4)
        control.note(1, frame + 1, *spent, control.point.crf, frame == 0, False)
    assert control.point.price > PRICE


def test_without_cuts_sequences_are_seldom_begun_anew() -> None:
    sent = send(lambda frame: 300 if frame // 600 % 2 else 6000, 3601, cost(3000, 3601), forecast=3000)
    assert sent.restarts
    assert len(sent.restarts) < 12
    assert all(later - earlier >= 2 * RATE for earlier, later in pairwise(sent.restarts))


def test_density_follows_what_was_spent() -> None:
    plan = Plan(OperatingPoint(60, PRICE), Forecast(FIXED, 600, GAP))
    control = RateControl(plan, Budget(cost(600, 1801), 1801, RATE), PictureCoding.LOW_DELAY)
    for frames, symbols, keyframe_symbols in ((1, 5000, 4900), (31, 5700, 5500), (61, 15_700, 15_400)):
        control.restart(frames - 1, False, False, lambda _: 1000.0)
        control.note(1, frames, symbols, keyframe_symbols, 60, frames == 1, False)
    assert control.point.crf == 60
    assert control.point.price > 1.5 * PRICE


@given(lag=st.integers(1, 9), together=st.integers(1, 4), data=st.data())
def test_keyframes_are_chosen_by_the_price_of_a_fixed_number_ago(
    lag: int, together: int, data: st.DataObject
) -> None:
    """However far analysis is ahead, the n-th keyframe is chosen by what was known after n - lag of them."""
    plan = Plan(OperatingPoint(60, PRICE), Forecast(FIXED, 600, GAP))
    control = RateControl(plan, Budget(cost(600, 1801), 1801, RATE), lag=lag + together)
    after = [PRICE]
    chosen = 0
    for noted in range(0, 20 * together, together):
        most = noted + lag + together
        chosen = max(chosen, data.draw(st.integers(noted, most), label="analysed so far"))
        for ahead in range(noted, chosen + 1):
            assert control.price_for(ahead) == after[max(0, ahead - lag - together)]
        chosen = max(chosen, noted + together)
        frame, symbols = 30 * (noted + together), 60 * (noted + 1) ** 2
        control.note(together, frame, symbols + 600, symbols, 60, noted == 0, False)
        after += [control.point.price] * together
    assert len(set(after)) > 3


def test_a_pyramid_that_costs_what_was_planned_goes_on_as_planned() -> None:
    frames, gap = 2401, 8
    budget = cost(600, frames, gap=gap)
    sent = send(lambda _: 600, frames, budget, forecast=600, gap=gap, coding=PictureCoding.PYRAMID)
    assert sent.restarts == []
    assert set(sent.crfs) == {60}
    assert max(sent.prices) < 1.5 * min(sent.prices)
    assert sent.symbols == pytest.approx(budget)


@pytest.mark.parametrize(("wrong", "crf"), [(0.25, 48), (4.0, 70)])
def test_the_wrong_forecast_of_a_pyramid_is_mended_as_its_groups_come_out(wrong: float, crf: int) -> None:
    frames, gap = 7201, 8
    budget = cost(1500, frames, gap=gap)

    def spent(budget: float | None) -> float:
        pyramid = PictureCoding.PYRAMID
        return send(
            lambda _: 1500, frames, budget, forecast=1500 * wrong, crf=crf, gap=gap, coding=pyramid
        ).symbols

    assert abs(spent(None) / budget - 1) > 0.5
    assert spent(budget) == pytest.approx(budget, rel=0.2)


def test_at_a_cut_a_pyramid_goes_by_all_that_was_sent_before() -> None:
    """Its groups come late, but a cut ends the sequence, and they come out before the next one begins."""
    frames, gap, cut = 2401, 8, 800
    budget = cost(600, frames, gap=gap)

    def complexity(frame: int) -> float:
        return 1200 if frame < cut else 600

    sent = send(complexity, frames, budget, forecast=600, gap=gap, cuts=[cut], coding=PictureCoding.PYRAMID)
    assert cut in sent.restarts
    assert sent.crfs[cut // gap] > sent.crfs[cut // gap - 1]
    assert sent.symbols == pytest.approx(budget, rel=0.1)


def test_what_was_coded_at_another_quality_counts_as_such() -> None:
    """Groups of the sequence before come out when the quality of the next one is set already."""

    def price(crf_of_the_new: float) -> float:
        plan = Plan(OperatingPoint(60, PRICE), Forecast(FIXED, 600, GAP))
        control = RateControl(plan, Budget(cost(600, 1801), 1801, RATE))
        control.note(1, 1, 5000, 4900, 60, True, False)
        control.note(8, 241, 5000 + 8 * 1290, 4900 + 8 * 1200, crf_of_the_new, False, False)
        return control.point.price

    assert price(50) < price(60) < price(66)


def test_room_is_what_the_plan_does_not_need_for_the_rest() -> None:
    budget = cost(600, 1801)
    control = RateControl(
        Plan(OperatingPoint(60, PRICE), Forecast(FIXED, 600, GAP)), Budget(budget, 1801, RATE)
    )
    at_first, half_way, at_last = (control.room(frames, AT_10_DB) for frames in (1, 901, 1801))
    assert 0 < at_first < half_way < at_last == budget
    control.note(1, 1, 5000, 4900, 60, True, False)
    assert control.room(1801, AT_10_DB) == budget - 5000


def test_a_dearer_link_leaves_less_room() -> None:
    control = RateControl(
        Plan(OperatingPoint(60, PRICE), Forecast(FIXED, 600, GAP)), Budget(cost(600, 1801), 1801, RATE)
    )
    dear = replace(AT_10_DB, bits_per_symbol=AT_10_DB.bits_per_symbol / 1.5)
    assert control.room(901, dear) < control.room(901, AT_10_DB)
    assert control.room(1801, dear) == control.room(1801, AT_10_DB)


def test_what_has_no_room_is_coarsened_as_far_as_it_may() -> None:
    def control() -> RateControl:
        return RateControl(Plan(OperatingPoint(60, PRICE), Forecast(FIXED, 600, GAP)), None)

    fits, little, much, beyond = control(), control(), control(), control()
    assert not fits.coarsened(1000, 1000)
    assert fits.point.crf == 60
    assert little.coarsened(1200, 1000)
    assert 1200 * bytes_factor(little.point.crf) <= 1000 * bytes_factor(60)
    assert 60 < little.point.crf < 63
    assert much.coarsened(3000, 1000, much.still_good)
    assert much.point.crf == much.still_good == 65
    assert not much.coarsened(3000, 1000, much.still_good)
    assert beyond.coarsened(3000, -5)
    assert beyond.point.crf == MAX_CRF
    assert not beyond.coarsened(3000, -5)


def test_without_a_budget_there_is_room_for_all() -> None:
    assert RateControl(Plan(OperatingPoint(60, PRICE)), None).room(1, AT_10_DB) == float("inf")


Scenes = list[tuple[int, float]]  # keyframes of each, and how complex they are


def spent_on(scenes: Scenes, forecast: float, crf: int) -> float:
    """Symbols of a video of scenes, parted by cuts, relative to a budget that CRF 57 would meet."""
    complexities = [complexity for length, complexity in scenes for _ in range(length)]
    complexities.append(complexities[-1])  # the last frame is a keyframe too
    starts = list(accumulate((length * GAP for length, _ in scenes[:-1]), initial=0))
    alone = sum((ALONE - 1) * complexities[start // GAP] for start in starts)
    budget = (sum(complexities) + alone) * bytes_factor(57) + FIXED * len(complexities)
    frames = (len(complexities) - 1) * GAP + 1
    sent = send(lambda frame: complexities[frame // GAP], frames, budget, forecast, crf, cuts=starts[1:])
    return sent.symbols / budget


@settings(max_examples=60, deadline=None)
@given(
    scenes=st.lists(st.tuples(st.integers(10, 30), st.floats(200, 2000)), min_size=2, max_size=8),
    forecast=st.floats(300, 2000),
    crf=st.integers(50, 64),
)
def test_scenes_in_any_order_stay_near_the_budget(scenes: Scenes, forecast: float, crf: int) -> None:
    """Kept to its end, a plan spends 0.5 to 1.7 of it, and nobody knows what the last scene will be like."""
    assert 0.55 < spent_on(scenes, forecast, crf) < 1.4


def test_most_videos_of_scenes_meet_their_budget_closely() -> None:
    rng = np.random.default_rng(1)
    spent = []
    for _ in range(100):
        count = rng.integers(2, 9)
        lengths, complexities = rng.integers(6, 31, count), rng.uniform(200, 2000, count)
        scenes = [(int(length), float(one)) for length, one in zip(lengths, complexities, strict=True)]
        spent.append(spent_on(scenes, rng.uniform(300, 2000), int(rng.integers(50, 65))))
    assert sum(0.9 < one < 1.1 for one in spent) >= 90  # a plan kept to its end: 20
    assert np.mean(spent) == pytest.approx(0.98, abs=0.03)


def test_every_quality_that_is_asked_for_exists() -> None:
    sent = send(lambda _: 60_000, 1801, 1000.0, forecast=600)
    assert min(sent.crfs) >= FINEST_CRF
    assert sent.crfs[-1] == MAX_CRF


@given(spent=st.integers(0, 30_000), frames=st.integers(0, 1801), last=st.booleans())
def test_a_shipment_may_never_take_more_than_is_left(spent: int, frames: int, last: bool) -> None:
    plan = Plan(OperatingPoint(60, PRICE), Forecast(FIXED, 600, GAP))
    control = RateControl(plan, Budget(20_000, 1801, RATE, 20_400))
    control.note(1, 1, spent, spent, 60, True, False)
    assert control.limit(frames, AT_10_DB, last) <= 20_400 - spent
    assert control.limit(1801, AT_10_DB, last=True) == 20_400 - spent
    assert control.limit(1801, AT_10_DB, last=False) < 20_400 - spent  # the end is still to be said


def test_what_cannot_be_had_is_spent_at_an_even_pace() -> None:
    plan = Plan(OperatingPoint(60, PRICE), Forecast(FIXED, 600, GAP))
    control = RateControl(plan, Budget(cost(600, 1801), 1801, RATE))
    hopeless = replace(AT_10_DB, bits_per_symbol=AT_10_DB.bits_per_symbol / 20)
    for frames in (1, 451, 901):
        share = (frames + 4 * RATE) / 1801
        assert control.room(frames, hopeless) == pytest.approx(share * cost(600, 1801))


@pytest.mark.parametrize(("target_cbr", "tolerance"), [(9.9e-5, 1.0), (1e-4, 1.02), (6.5e-4, 1.02)])
def test_low_budgets_are_never_exceeded_and_others_hardly(target_cbr: float, tolerance: float) -> None:
    budget = Budget.for_target(TransmissionOptions(target_cbr=target_cbr), source(60))
    assert budget is not None
    assert budget.most == pytest.approx(tolerance * budget.symbols)


def test_what_has_no_room_is_as_small_as_it_takes() -> None:
    control = RateControl(Plan(OperatingPoint(60, PRICE), Forecast(FIXED, 600, GAP)), None)
    assert not control.shrunk(1000, 1000)
    assert control.shrunk(2000, 1000)
    assert control.point.scale == 2.0
    assert control.shrunk(2000, -5)
    assert control.point.scale == 4.0
    assert not control.shrunk(2000, -5)


def test_a_video_without_end_has_a_budget_for_the_next_seconds_and_days_do_not_add_up() -> None:
    endless = replace(source(60), endless=True)
    budget = Budget.for_target(TransmissionOptions(target_cbr=1e-2), endless)
    assert budget is not None
    a_frame = 1e-2 * 3 * endless.width * endless.height
    assert budget.symbols == pytest.approx(240 * a_frame)  # ten seconds
    day = 24 * 86_400
    later = budget.after(day)
    assert (later.frames, later.symbols) == (day + 240, pytest.approx((day + 240) * a_frame))
    assert later.most - later.symbols == pytest.approx(0.02 * budget.symbols)  # no tolerance of days

    control = RateControl(Plan(OperatingPoint(60.0, 2.0)), budget, PictureCoding.LOW_DELAY)
    control.note(1, 1, 100, 80, 60.0, alone=True, cut=False)
    for hour in range(1, 25):  # a still scene, which costs next to nothing
        control.note(1, hour * day // 24, 100 + hour, 80 + hour, 60.0, alone=False, cut=False)
    assert control.room(day + 24, AT_10_DB) <= 3 * budget.symbols  # and not what a day saved
