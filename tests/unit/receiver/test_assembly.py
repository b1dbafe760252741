"""The assembly: what is planned for every frame, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from receiver.assembly import MAX_EARLY_UNITS, Assembly, AssemblyLimits
from receiver.closed_gaps import Fate
from receiver.gaps import Fill, Provenance
from semvid.errors import InvalidInput, LimitExceeded, TransmissionFailed
from semvid.profile import Given
from semvid.semantics import (
    Caption,
    KeyframeSlice,
    Opening,
    SoundCodec,
    SoundHeader,
    SoundPackets,
    StreamEnd,
    StreamHeader,
    Timing,
    Unit,
)
from tests.unit.receiver.assembling import HEADER, INTRA, ended, feed, group, keyframe, runs_of


def test_a_group_closes_its_gaps_in_the_order_of_time_when_its_last_byte_is_there() -> None:
    assembly = Assembly()
    feed(assembly, [HEADER, *keyframe(0, 0)])
    side: list[Unit] = [Caption(0, 1, "", 8), Caption(1, 2, "", 16), Caption(2, 3, "", 24)]
    described = group(1, 4, 8, 12, order=(2, 0, 1), sizes=(3, 2, 1))
    assert feed(assembly, [*side, described, KeyframeSlice(1, 0, b"abc")]) == []
    assert (assembly.arrived, assembly.frames_known) == (1, 1)
    gaps = feed(assembly, [KeyframeSlice(1, 3, b"def")])
    assert [(gap.start.number, gap.end.number, gap.stop_frame) for gap in gaps if gap.start and gap.end] == [
        (0, 1, 4), (1, 2, 8), (2, 3, 12)
    ]  # fmt: skip
    assert [gap.motion for gap in gaps] == pytest.approx([0.001, 0.002, 0.003])
    assert (assembly.arrived, assembly.frames_known) == (4, 13)


def test_what_is_missing_of_a_group_leaves_gaps_around_it() -> None:
    """The top of a pyramid is lost with its block; what arrived is shown once a later group begins."""
    assembly = Assembly()
    feed(assembly, [HEADER, *keyframe(0, 0)])
    described = group(1, 4, 8, 12, 16, order=(3, 1, 0, 2), sizes=(3, 2, 1, 1))
    assert feed(assembly, [described, KeyframeSlice(1, 0, b"abcde")]) == []
    gaps = feed(assembly, keyframe(5, 20))
    assert [(run.first_frame, run.stop_frame, run.fill, run.reason) for run in runs_of(gaps)] == [
        (1, 8, Fill.BRIDGE, "1 keyframe did not arrive"), (8, 9, Fill.COPY, ""),
        (9, 16, Fill.BRIDGE, "1 keyframe did not arrive"), (16, 17, Fill.COPY, ""),
        (17, 20, Fill.BRIDGE, ""), (20, 21, Fill.COPY, ""),
    ]  # fmt: skip
    assert (assembly.arrived, assembly.keyframes_lost, assembly.undecodable_count) == (4, 2, 0)


def test_a_keyframe_that_was_given_up_is_no_loss() -> None:
    assembly = Assembly()
    gaps = feed(assembly, [HEADER, *keyframe(0, 0)])
    described = group(1, 4, 8, 12, order=(2, 1, 0), sizes=(3, 0, 0))
    gaps += feed(assembly, [described, KeyframeSlice(1, 0, b"abc"), StreamEnd(13, 4)]) + ended(assembly)
    assert [(run.first_frame, run.stop_frame, run.fill, run.provenance) for run in runs_of(gaps)[1:]] == [
        (1, 12, Fill.BRIDGE, Provenance.REGENERATED), (12, 13, Fill.COPY, Provenance.RECEIVED)
    ]  # fmt: skip
    assert (assembly.arrived, assembly.given_up, assembly.keyframes_lost) == (2, 2, 0)
    assert assembly.complete


def test_a_video_whose_last_keyframe_does_not_decode_is_held_and_not_complete() -> None:
    assembly, fates = Assembly(), {1: Fate.DAMAGED}
    gaps = feed(assembly, [HEADER, *keyframe(0, 0)])
    gaps += feed(assembly, [*keyframe(1, 8), StreamEnd(9, 2)], fates) + ended(assembly)
    assert [(r.first_frame, r.stop_frame, r.fill, r.reason) for r in runs_of(gaps)] == [
        (0, 1, Fill.COPY, ""), (1, 9, Fill.HOLD_START, "1 keyframe could not be decoded"),
    ]  # fmt: skip
    assert (assembly.complete, assembly.undecodable_count, assembly.keyframes_lost) == (False, 1, 0)


def test_a_video_whose_last_keyframe_is_held_is_complete_and_its_caption_reaches_to_the_end() -> None:
    assembly = Assembly()
    gaps = feed(assembly, [HEADER, *keyframe(0, 0), *keyframe(1, 4)])
    gaps += feed(assembly, [Caption(0, 2, "A boat."), StreamEnd(9, 2)]) + ended(assembly)
    *_, tail = runs_of(gaps)
    assert (tail.first_frame, tail.stop_frame, tail.fill) == (5, 9, Fill.HOLD_START)
    assert (tail.provenance, tail.reason) == (Provenance.REGENERATED, "the video ends with this segment")
    assert gaps[-1].caption == "A boat."
    assert assembly.complete


def test_without_an_end_the_video_stops_at_the_last_keyframe() -> None:
    assembly = Assembly()
    gaps = feed(assembly, [HEADER, *keyframe(0, 0)]) + feed(assembly, keyframe(1, 4)) + ended(assembly)
    assert runs_of(gaps)[-1].stop_frame == 5
    assert not assembly.complete


def test_what_arrived_of_a_group_counts_when_nothing_more_comes() -> None:
    assembly = Assembly()
    gaps = feed(assembly, [HEADER, *keyframe(0, 0)])
    gaps += feed(assembly, [group(1, 4, 8, order=(1, 0)), KeyframeSlice(1, 0, b"x"), StreamEnd(9, 3)])
    assert (assembly.arrived, assembly.keyframes_lost) == (1, 0)
    gaps += ended(assembly)
    assert [run.segment for run in runs_of(gaps) if run.fill is Fill.COPY] == [0, 2]
    assert (assembly.arrived, assembly.keyframes_lost) == (2, 1)


def test_the_header_may_come_after_the_first_keyframe() -> None:
    assembly = Assembly()
    assert feed(assembly, keyframe(0, 0)) == []
    assert assembly.add(HEADER) == [HEADER, *keyframe(0, 0)]
    assert len(feed(assembly, [])) == 1


def test_units_that_keep_coming_without_a_header_are_refused() -> None:
    assembly = Assembly()
    for number in range(MAX_EARLY_UNITS):
        assembly.add(Caption(number, number, ""))
    with pytest.raises(TransmissionFailed, match="stream header"):
        assembly.add(Caption(MAX_EARLY_UNITS, MAX_EARLY_UNITS, ""))


def test_lost_captions_are_counted_by_the_holes_they_leave() -> None:
    assembly = Assembly()
    feed(assembly, [HEADER, *(unit for n in range(7) for unit in keyframe(n, n)), StreamEnd(7, 7)])
    feed(assembly, [Caption(1, 2, ""), Caption(4, 6, "")])
    assert assembly.captions_lost == 2
    ended(assembly)
    assert (assembly.captions, assembly.captions_lost) == (2, 2)


def test_a_late_slice_of_a_group_that_was_given_up_is_ignored() -> None:
    assembly = Assembly()
    feed(assembly, [INTRA, group(0, 0, sizes=(2,)), KeyframeSlice(0, 0, b"a"), *keyframe(1, 3)])
    assert assembly.add(KeyframeSlice(0, 1, b"b")) == []
    assert (assembly.arrived, assembly.keyframes_lost) == (1, 1)


@pytest.mark.parametrize(
    ("units", "match"),
    [
        ([HEADER, INTRA], "header contradicts"),
        ([HEADER, *keyframe(0, 3), *keyframe(1, 3)], "too early"),
        ([HEADER, *keyframe(0, 5), *keyframe(3, 6)], "too early"),
        ([HEADER, StreamEnd(5, 2), *keyframe(2, 3)], "has 2 of them"),
        ([HEADER, StreamEnd(9, 2), group(0, 0, 3, 8)], "has 2 of them"),
        ([HEADER, StreamEnd(5, 2), *keyframe(1, 7)], "has 5 frames"),
        ([HEADER, StreamEnd(5, 2), group(0, 0, 7)], "has 5 frames"),
        ([HEADER, StreamEnd(5, 3), *keyframe(0, 3)], "no place"),
        ([HEADER, *keyframe(1, 4), StreamEnd(4, 4)], "stream ends with"),
        ([HEADER, group(0, 0, 4, 8), StreamEnd(8, 3)], "stream ends with"),
        ([HEADER, StreamEnd(4, 2), StreamEnd(4, 3)], "end contradicts"),
        ([HEADER, group(0, 0, sizes=(2,)), group(0, 0, sizes=(3,))], "contradict an earlier"),
        ([HEADER, group(0, 0, sizes=(9,)), *keyframe(0, 0)[1:], KeyframeSlice(0, 0, b"x")], "two contents"),
        ([HEADER, Caption(0, 3, "a"), Caption(2, 4, "b")], "contradicts an earlier"),
        ([HEADER, Caption(0, 3, "a"), Caption(0, 3, "b")], "contradicts an earlier"),
        ([HEADER, Caption(0, 3, "a", 1), Caption(0, 3, "a", 2)], "contradicts an earlier"),
        ([HEADER, Timing(0, (1, 2)), Timing(0, (3,))], "contradict earlier"),
        ([HEADER, StreamEnd(5, 2), Timing(4, (0, 0))], "has 5 frames"),
        ([HEADER, StreamEnd(5, 2), Caption(0, 3, "")], "has 2 of them"),
        ([StreamHeader(8, 8, 8, 8, Fraction(1, 2**31 - 1), Fraction(1, 2**31 - 1))], "63 bits"),
    ],
)  # fmt: skip
def test_impossible_sequences_are_refused(units: list[Unit], match: str) -> None:
    with pytest.raises(InvalidInput, match=match):
        feed(Assembly(), units)


def test_limits_hold_at_the_limit_and_refuse_one_past_it() -> None:
    def small() -> Assembly:
        assembly = Assembly(AssemblyLimits(units=3, frames=10, pixels=64 * 48))
        assembly.add(HEADER)
        return assembly

    small().add(group(0, 9))
    small().add(StreamEnd(10, 1))
    small().add(Timing(8, (0, 0)))
    for unit in (group(0, 10), group(0, 8, 10), StreamEnd(11, 1), Timing(8, (0, 0, 0))):
        with pytest.raises(LimitExceeded, match="10 frames"):
            small().add(unit)
    with pytest.raises(LimitExceeded, match="pixels"):
        Assembly(AssemblyLimits(pixels=64 * 48 - 1)).add(HEADER)
    assembly = small()
    assembly.add(Caption(0, 1, ""))
    assembly.add(Caption(1, 2, ""))
    with pytest.raises(LimitExceeded, match="3 units"):
        assembly.add(Caption(2, 3, ""))


# ---------------------------------------------------------------- segments that no second picture closes


@pytest.mark.parametrize("given_", [Given.FIRST_FRAME, Given.NOTHING])
def test_segments_that_nothing_closes_reach_to_the_next_and_the_last_to_the_end(given_: Given) -> None:
    header = replace(HEADER, given=given_)
    pictured = given_ is Given.FIRST_FRAME
    marks: list[list[Unit]] = [keyframe(n, 10 * n) if pictured else [Opening(n, 10 * n)] for n in range(3)]
    assembly = Assembly(wait_for_captions=True)
    gaps = feed(assembly, [header, *marks[0]])
    gaps += feed(assembly, [*marks[1], Caption(0, 1, "one", 8)])
    gaps += feed(assembly, [*marks[2], Caption(1, 2, "two", 16)])
    gaps += feed(assembly, [Caption(2, 2, "three", 24), StreamEnd(27, 3)])
    gaps += ended(assembly)
    drawn = [(run.first_frame, run.stop_frame) for run in runs_of(gaps) if run.fill is Fill.DRAW]
    assert drawn == [(pictured, 10), (10 + pictured, 20), (20 + pictured, 27)]
    assert [gap.caption for gap in gaps[1:]] == ["one", "two", "three"]
    assert [gap.motion for gap in gaps[1:]] == pytest.approx([0.001, 0.002, 0.003])
    assert {run.provenance for run in runs_of(gaps)} <= {Provenance.REGENERATED, Provenance.RECEIVED}
    assert (assembly.complete, assembly.captions_lost, assembly.keyframes_lost) == (True, 0, 0)
    assert (assembly.arrived, assembly.given_up, assembly.frames_known) == (3, 0, 27)


def test_a_lost_mark_joins_two_segments_and_says_so() -> None:
    assembly = Assembly()
    gaps = feed(assembly, [replace(HEADER, given=Given.NOTHING), Opening(0, 0)])
    gaps += feed(assembly, [Opening(2, 20), Caption(0, 1, "one")])
    gaps += feed(assembly, [StreamEnd(30, 3)]) + ended(assembly)
    joined, last = runs_of(gaps)
    assert (joined.first_frame, joined.stop_frame, joined.provenance) == (0, 20, Provenance.CONCEALED)
    assert (last.first_frame, last.stop_frame, last.provenance) == (20, 30, Provenance.REGENERATED)
    assert not assembly.complete
    assert (assembly.arrived, assembly.keyframes_lost) == (2, 1)
    assert assembly.captions_lost == 1  # one stretch, segments 1 and 2


def test_pictures_come_where_the_header_announced_them() -> None:
    for header, unit in ((HEADER, Opening(0, 0)), (replace(HEADER, given=Given.NOTHING), group(0, 0))):
        assembly = Assembly()
        assembly.add(header)
        with pytest.raises(InvalidInput, match="the header announced"):
            assembly.add(unit)


def test_sound_passes_in_order_once() -> None:
    assembly, sound = Assembly(), SoundHeader(SoundCodec.OPUS, 20)
    early = SoundPackets(0, (b"a", b"b"))
    assert assembly.add(early) == []
    assert assembly.add(sound) == []
    assert assembly.add(HEADER) == [HEADER, sound]  # packets before their own header are no use
    assert assembly.add(sound) == []
    later = SoundPackets(4, (b"c",))
    assert assembly.add(early) == [early]
    assert assembly.add(later) == [later]
    for known in (early, later, SoundPackets(1, (b"z",) * 9)):
        assert assembly.add(known) == []
    with pytest.raises(InvalidInput, match="the sound header contradicts an earlier one"):
        assembly.add(SoundHeader(SoundCodec.OPUS, 40))


def test_sound_without_a_header_is_dropped() -> None:
    assembly = Assembly()
    feed(assembly, [HEADER])
    assert assembly.add(SoundPackets(0, (b"a",))) == []
