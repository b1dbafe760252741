from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from semvid.semantics import StreamHeader, Timing
from semvid.semantics.segments import MAX_TIMING_FRAMES
from semvid.semantics.stream import MAX_HOLD
from semvid.video.timing import (
    Clock,
    Grid,
    fit_grid,
    nominal_hold,
    offsets,
    simplest_between,
    timings,
    unusual_hold,
)

MS = Fraction(1, 1000)


def header(rate, time_base=MS):
    return StreamHeader(64, 48, 64, 48, Fraction(time_base), Fraction(rate))


def increasing(min_size=1, max_size=60):
    gaps = st.lists(st.integers(1, 10_000), min_size=min_size - 1, max_size=max_size - 1)
    return st.builds(_cumulated, st.integers(-10_000, 10_000), gaps)


def _cumulated(first, gaps):
    stamps = [first]
    for gap in gaps:
        stamps.append(stamps[-1] + gap)
    return stamps


RATES = st.sampled_from(
    [
        Fraction(30),
        Fraction(25),
        Fraction(24000, 1001),
        Fraction(30000, 1001),
        Fraction(981, 50),
        Fraction(25, 2),
    ]
)


@given(RATES, st.sampled_from([1000, 90000, 15360, 1200000]), st.integers(0, 255), st.integers(1, 300))
def test_every_constant_rate_fits_however_the_container_rounds(rate, ticks, phase, frames):
    source = Grid(rate, Fraction(1, ticks), Fraction(phase, 256))
    pts = [source.nominal_pts(frame) for frame in range(frames)]
    fitted = fit_grid([7 + stamp for stamp in pts], source.time_base, [rate])
    assert not any(offsets(pts, fitted))


def test_matroska_milliseconds_are_found_without_a_hint():
    assert fit_grid([0, 33, 67, 100, 133, 167, 200], MS, []) == Grid(Fraction(30), MS)


def test_a_shifted_phase_is_found():
    pts = [33, 67, 100, 133, 167, 200, 233]
    grid = fit_grid(pts, MS, [Fraction(30)])
    assert grid.frame_rate == 30
    assert Fraction(2, 3) <= grid.phase < 1
    assert offsets([stamp - 33 for stamp in pts], grid) == [0] * 7


def test_a_wrong_hint_is_overruled_by_the_time_stamps():
    pts = [frame * 512 for frame in range(100)]
    grid = fit_grid(pts, Fraction(1, 15360), [Fraction(1000), Fraction(29)])
    assert grid.frame_rate == 30
    assert not any(offsets(pts, grid))


def test_one_dropped_frame_costs_little_and_keeps_the_rate():
    pts = [frame * 40 for frame in range(50)] + [frame * 40 for frame in range(51, 60)]
    grid = fit_grid(pts, MS, [Fraction(25)])
    assert grid.frame_rate == 25
    assert timings(pts, grid) == [Timing(50, (40,))]


def test_a_single_frame_takes_the_hint_or_25():
    assert fit_grid([5], MS, [Fraction(12)]).frame_rate == 12
    assert fit_grid([5], MS, []).frame_rate == 25


@given(
    increasing(), st.integers(1, 2**31 - 1), st.lists(st.fractions(min_value=0, max_value=10**12), max_size=3)
)
def test_a_fitted_grid_always_suits_the_stream_header(pts, ticks, hints):
    grid = fit_grid(pts, Fraction(1, ticks), hints)
    made = StreamHeader(64, 48, 64, 48, grid.time_base, grid.frame_rate)
    assert offsets(pts, Grid(made.frame_rate, made.time_base)) == offsets(pts, made)


@given(increasing(max_size=200), RATES)
def test_units_bring_every_time_stamp_across(pts, rate):
    pts = [stamp - pts[0] for stamp in pts]
    grid = header(rate)
    clock = Clock(grid)
    for unit in reversed(timings(pts, grid)):
        clock.add(unit)
    assert clock.take(len(pts)) == pts


def test_units_of_consecutive_runs_bring_every_time_stamp_across():
    pts = _cumulated(0, [30, 40, 33, 33, 34, 90, 1, 2, 33] * 10)
    grid = header(30)
    clock = Clock(grid)
    held = 0
    for start in range(0, len(pts), 7):
        for unit in timings(pts[start : start + 7], grid, start, held):
            clock.add(unit)
        held = pts[start : start + 7][-1] - grid.nominal_pts(min(start + 6, len(pts) - 1))
    assert clock.take(len(pts)) == pts


def test_a_regular_source_costs_nothing():
    assert timings([round(frame * 1000 / 30) for frame in range(1000)], header(30)) == []


def test_only_what_deviates_is_sent():
    grid = header(25)
    pts = [frame * 40 for frame in range(100)]
    pts[50] += 3
    pts[90] -= 2
    first, second = timings(pts, grid)
    assert (first.first_frame, first.offsets) == (50, (3, 0))
    assert (second.first_frame, second.offsets) == (90, (-2, 0))


def test_a_pause_costs_one_value_however_long_the_video_goes_on():
    pts = [frame * 40 + (5000 if frame > 30 else 0) + (700 if frame > 900 else 0) for frame in range(3000)]
    grid = fit_grid(pts, MS, [])
    assert grid.frame_rate == 25
    assert timings(pts, grid) == [Timing(31, (5000,)), Timing(901, (5700,))]


def test_long_runs_are_cut_to_what_a_unit_holds():
    grid = header(25)
    pts = [frame * 40 + frame % 2 for frame in range(MAX_TIMING_FRAMES + 10)]
    assert [len(unit.offsets) for unit in timings(pts, grid)] == [MAX_TIMING_FRAMES, 9]


@given(increasing(min_size=20), st.data())
def test_lost_units_cost_exactness_but_never_order(pts, data):
    pts = [stamp - pts[0] for stamp in pts]
    grid = header(25)
    clock = Clock(grid)
    for start in range(0, len(pts), 5):
        for unit in timings(pts[start : start + 5], grid, start):
            if data.draw(st.booleans()):
                clock.add(unit)
    shown = clock.take(len(pts))
    assert all(later > earlier for earlier, later in pairwise(shown))


@given(st.fractions(min_value=Fraction(1, 1000), max_value=1000), st.fractions(min_value=0, max_value=1))
def test_simplest_fraction_lies_between_and_no_smaller_denominator_does(low, width):
    high = low + width
    found = simplest_between(low, high)
    assert low <= found <= high
    for denominator in range(1, min(found.denominator, 50)):
        assert -(-low.numerator * denominator // low.denominator) > high * denominator


def test_an_overtaken_unit_does_not_undo_a_later_one():
    grid = header(25)
    clock = Clock(grid)
    clock.add(Timing(3, (9,)))
    assert clock.take(5) == [0, 40, 80, 129, 169]
    clock.add(Timing(1, (5, 0)))
    assert clock.take(1) == [209]


def test_a_hold_is_only_said_where_it_is_unusual():
    grid = Grid(Fraction(30), MS)
    assert nominal_hold(grid, 2) == 34
    assert [unusual_hold(hold, grid, 2) for hold in (33, 34, 35, 36, 5000)] == [None, None, None, 36, 5000]
    coarse = Grid(Fraction(25), Fraction(1, 25))
    assert [unusual_hold(hold, coarse, 7) for hold in (1, 2)] == [None, 2]
    assert unusual_hold(-5, grid, 2) is None
    assert unusual_hold(2**40, grid, 2) == MAX_HOLD
