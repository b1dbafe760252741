from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.gaps import Anchor, Fill, Gap, Provenance, plan, segment_seed
from semvid.profile import Given


@st.composite
def gaps(draw: st.DrawFn) -> Gap:
    first = draw(st.integers(0, 50))
    inside = draw(st.integers(0, 50))
    start = draw(st.none() | st.just(Anchor(3, first)))
    first_inside = 0 if start is None else first + 1
    stop = first_inside + inside
    ending = Anchor(draw(st.integers(4, 6)), stop, draw(st.booleans()))
    end = ending if start is None else draw(st.none() | st.just(ending))
    cut = draw(st.none() | st.integers(first_inside, stop - 1)) if inside else None
    loss = draw(st.sampled_from(["", "lost"])) if cut is None else "lost"
    return Gap(start, end, stop, loss, cut)


@given(gaps())
def test_a_plan_covers_its_gap_once_in_order(gap: Gap) -> None:
    runs = plan(gap)
    frames = [frame for run in runs for frame in range(run.first_frame, run.stop_frame)]
    stop = gap.stop_frame + (gap.end is not None)
    assert frames == list(range(gap.first_frame, stop))
    assert sum(run.fill is Fill.BRIDGE for run in runs) <= 1
    for run in runs:
        assert (run.provenance is Provenance.RECEIVED) == (run.fill is Fill.COPY)
        if run.fill in (Fill.BRIDGE, Fill.HOLD_START):
            assert gap.start is not None
        if run.fill in (Fill.BRIDGE, Fill.HOLD_END, Fill.COPY):
            assert gap.end is not None
        if run.provenance is Provenance.REGENERATED:
            assert not gap.loss


def test_neighbours_leave_nothing_to_regenerate() -> None:
    (run,) = plan(Gap(Anchor(0, 4), Anchor(1, 5), 5))
    assert (run.segment, run.fill, run.first_frame) == (1, Fill.COPY, 5)


def test_a_gap_without_any_picture_has_no_plan() -> None:
    with pytest.raises(ValueError, match="anchor"):
        plan(Gap(None, None, 5))


def test_a_seed_depends_on_video_and_place_alone() -> None:
    seeds = {segment_seed(s, a, b) for s in (0, 1, 2**32 - 1) for a in (0, 7) for b in (8, 9, 2**31 - 1)}
    assert len(seeds) == 3 * 2 * 3
    assert all(0 <= seed < 2**64 for seed in seeds)
    assert segment_seed(7, 0, 8) == 15998236217478791743  # fixed: results must not change between versions


def test_segments_that_nothing_closes_are_drawn_up_to_the_next_one() -> None:
    first, second = Anchor(0, 0), Anchor(1, 10)
    opening = plan(Gap(None, first, 0, given=Given.FIRST_FRAME))
    assert [(run.first_frame, run.fill) for run in opening] == [(0, Fill.COPY)]
    drawn, copied = plan(Gap(first, second, 10, given=Given.FIRST_FRAME))
    assert (drawn.first_frame, drawn.stop_frame, drawn.fill) == (1, 10, Fill.DRAW)
    assert (copied.first_frame, copied.fill) == (10, Fill.COPY)
    (tail,) = plan(Gap(second, None, 20, given=Given.FIRST_FRAME))
    assert (tail.first_frame, tail.stop_frame, tail.fill) == (11, 20, Fill.DRAW)
    held, _ = plan(Gap(first, second, 10, given=Given.FIRST_FRAME), frozenset({Given.BOTH_ENDS}))
    assert (held.fill, held.reason) == (Fill.HOLD_START, "held: the decoder needs both ends")


def test_without_pictures_everything_is_drawn() -> None:
    marks = [Anchor(n, 10 * n, pictured=False) for n in range(2)]
    assert plan(Gap(None, marks[0], 0, given=Given.NOTHING)) == []
    gaps = [Gap(marks[0], marks[1], 10, given=Given.NOTHING), Gap(marks[1], None, 15, given=Given.NOTHING)]
    runs = [run for gap in gaps for run in plan(gap)]
    assert [(run.first_frame, run.stop_frame, run.fill) for run in runs] == [
        (0, 10, Fill.DRAW),
        (10, 15, Fill.DRAW),
    ]
    (lost,) = plan(Gap(None, marks[1], 10, "1 keyframe did not arrive", given=Given.NOTHING))
    assert (lost.first_frame, lost.stop_frame, lost.provenance) == (0, 10, Provenance.CONCEALED)
