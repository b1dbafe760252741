from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from receiver.side_information import Coverage, SideInformation
from semvid.semantics import Caption, Timing


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)), max_size=20), st.integers(0, 40))
def test_coverage_is_a_set_of_numbers(intervals: list[tuple[int, int]], stop: int) -> None:
    coverage, members = Coverage(), set[int]()
    for start, length in intervals:
        wanted = set(range(start, start + length))
        assert coverage.touches(start, start + length) == bool(wanted & members)
        assert coverage.covers(start, start + length) == (wanted <= members)
        if not wanted & members:
            coverage.add(start, start + length)
            members |= wanted
    missing = [n not in members for n in range(stop)]
    assert coverage.holes(stop) == sum(m and not before for before, m in zip([False, *missing], missing))  # noqa: B905


def test_what_belongs_to_released_segments_is_forgotten_and_not_taken_in_twice() -> None:
    side = SideInformation()
    assert side.add_caption(Caption(0, 2, "first"))
    assert side.add_caption(Caption(2, 5, "second"))
    side.forget(2)
    assert not side.add_caption(Caption(0, 2, "first"))
    assert (side.described(1), side.described(3)) == (("", None), ("second", 0.0))
    assert side.captions_lost(5) == 0


def test_motion_is_that_of_the_caption() -> None:
    side = SideInformation()
    side.add_caption(Caption(0, 3, "a ball", 16))
    assert side.described(2) == ("a ball", 16 / 8000)


def test_timings_are_handed_over_once_in_order() -> None:
    side = SideInformation()
    assert not side.timing_may_come(5)
    later, earlier = Timing(10, (1,)), Timing(2, (3, 4))
    assert side.add_timing(later)
    assert side.add_timing(earlier)
    assert not side.add_timing(earlier)
    assert (side.timing_may_come(3), side.timing_may_come(4)) == (False, True)
    assert side.waiting_offsets == 3
    assert side.take_timings(11) == (earlier, later)
    assert side.take_timings(11) == ()
