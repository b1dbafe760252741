"""Gaps as each keyframe that is there closes them: their loss, and what they wait for."""

from __future__ import annotations

import pytest

from receiver.assembly import Assembly
from receiver.closed_gaps import Fate
from receiver.gaps import Fill, Provenance, Run, plan
from semvid.semantics import Caption, KeyframeSlice, StreamEnd, Timing, Unit
from tests.unit.receiver.assembling import HEADER, ended, feed, group, keyframe, runs_of, whole


def test_a_keyframe_closes_its_gap_at_once_when_nothing_is_missing() -> None:
    assembly = Assembly()
    assert feed(assembly, [HEADER]) == []
    (first,) = feed(assembly, keyframe(0, 0))
    assert plan(first) == [Run(0, 0, 1, Fill.COPY, Provenance.RECEIVED)]
    (second,) = feed(assembly, [Caption(0, 1, "a ball", 8), *keyframe(1, 5)])
    assert second.caption == "a ball"
    assert second.motion == pytest.approx(0.001)
    assert plan(second) == [
        Run(0, 1, 5, Fill.BRIDGE, Provenance.REGENERATED),
        Run(1, 5, 6, Fill.COPY, Provenance.RECEIVED),
    ]


def test_the_reasons_of_a_gap_say_what_became_of_each_keyframe_in_it() -> None:
    fates = {2: Fate.DEPENDENT, 3: Fate.DEPENDENT, 4: Fate.DAMAGED}
    blocks = [
        keyframe(0, 0), keyframe(2, 8), keyframe(3, 12), keyframe(4, 13), keyframe(5, 16), [StreamEnd(17, 6)]
    ]  # fmt: skip
    runs = whole(blocks, fates=fates)
    assert [run.segment for run in runs if run.fill is Fill.COPY] == [0, 5]
    (concealed,) = [run for run in runs if run.provenance is Provenance.CONCEALED]
    assert (concealed.first_frame, concealed.stop_frame, concealed.fill) == (1, 16, Fill.BRIDGE)
    assert concealed.reason == (
        "1 keyframe did not arrive; 2 keyframes needed one that was lost; 1 keyframe could not be decoded"
    )


def test_nothing_is_interpolated_across_a_cut() -> None:
    runs = whole([keyframe(0, 0), keyframe(1, 6, cut=True), [StreamEnd(7, 2)]])
    assert [(r.first_frame, r.stop_frame, r.fill, r.provenance) for r in runs[1:]] == [
        (1, 6, Fill.HOLD_START, Provenance.REGENERATED), (6, 7, Fill.COPY, Provenance.RECEIVED),
    ]  # fmt: skip


def test_a_cut_known_from_a_group_without_its_picture_is_respected_on_both_sides() -> None:
    lost: list[Unit] = [group(1, 4, cut=True)]
    runs = whole([keyframe(0, 0), lost, keyframe(2, 9), [StreamEnd(10, 3)]])
    assert [(r.first_frame, r.stop_frame, r.fill, r.provenance) for r in runs[1:]] == [
        (1, 4, Fill.HOLD_START, Provenance.CONCEALED),
        (4, 9, Fill.HOLD_END, Provenance.CONCEALED),
        (9, 10, Fill.COPY, Provenance.RECEIVED),
    ]
    assert runs[1].reason == "1 keyframe did not arrive; a cut lies at frame 4"


def test_an_anchor_that_was_given_up_is_concealed_and_the_reason_given() -> None:
    assembly = Assembly()
    units = [HEADER, *keyframe(0, 0), group(1, 5, sizes=(0,)), *keyframe(2, 10), StreamEnd(11, 3)]
    fates = {1: Fate.ANCHOR_GIVEN_UP}
    gaps = feed(assembly, units, fates) + ended(assembly, fates)
    bridged = next(run for run in runs_of(gaps) if run.fill is Fill.BRIDGE)
    assert (bridged.first_frame, bridged.stop_frame) == (1, 10)
    assert (bridged.provenance, bridged.reason) == (
        Provenance.CONCEALED,
        "1 anchor had no room in the sender's budget",
    )


def test_a_cut_whose_picture_was_given_up_is_respected_on_both_sides() -> None:
    given_up = group(1, 4, 7, cut=True, order=(1, 0), sizes=(1, 0))
    runs = whole([keyframe(0, 0), [given_up, KeyframeSlice(1, 0, b"x")], [StreamEnd(8, 3)]])
    assert [(r.first_frame, r.stop_frame, r.fill, r.reason) for r in runs[1:]] == [
        (1, 4, Fill.HOLD_START, "a cut lies at frame 4"),
        (4, 7, Fill.HOLD_END, "a cut lies at frame 4"),
        (7, 8, Fill.COPY, ""),
    ]


def test_a_lost_first_keyframe_is_concealed_by_the_second() -> None:
    runs = whole([keyframe(1, 5), [StreamEnd(6, 2)]])
    assert [(r.first_frame, r.stop_frame, r.fill) for r in runs] == [(0, 5, Fill.HOLD_END), (5, 6, Fill.COPY)]
    assert runs[0].provenance is Provenance.CONCEALED


def test_a_lost_last_keyframe_is_concealed_up_to_the_end() -> None:
    runs = whole([keyframe(0, 0), [StreamEnd(30, 2)]])
    assert runs[-1] == Run(0, 1, 30, Fill.HOLD_START, Provenance.CONCEALED, "1 keyframe did not arrive")


def test_a_gap_waits_for_its_time_stamps_until_the_next_keyframe() -> None:
    assembly = Assembly()
    feed(assembly, [HEADER, *keyframe(0, 0), Timing(0, (0,))])
    assert feed(assembly, keyframe(1, 2)) == []
    (gap,) = feed(assembly, [Timing(1, (3, 4))])
    assert gap.timings == (Timing(1, (3, 4)),)
    assert feed(assembly, keyframe(2, 4)) == []
    (gap,) = feed(assembly, keyframe(3, 6))
    assert gap.timings == ()


def test_a_decoder_that_uses_captions_gets_them() -> None:
    assembly = Assembly(wait_for_captions=True)
    feed(assembly, [HEADER, *keyframe(0, 0)])
    assert feed(assembly, keyframe(1, 2)) == []
    assert feed(assembly, keyframe(2, 4)) == []
    gaps = feed(assembly, [Caption(0, 3, "a dog runs"), *keyframe(3, 6)])
    assert [gap.caption for gap in gaps] == ["a dog runs"] * 3
    assert feed(assembly, keyframe(4, 8)) == []
    (lost, late) = feed(assembly, [Caption(4, 5, "a cat"), *keyframe(5, 10)])
    assert (lost.caption, late.caption) == ("", "a cat")
