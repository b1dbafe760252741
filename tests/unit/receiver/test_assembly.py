"""The assembly: what is planned for every frame, whatever arrives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver.assembly import MAX_EARLY_UNITS, Assembly, AssemblyLimits
from receiver.gaps import Fill, Gap, Provenance, Run, plan
from semvid.errors import InvalidInput, LimitExceeded, TransmissionFailed
from semvid.profile import Given
from semvid.semantics import Caption, Keyframe, PictureCoding, StreamEnd, StreamHeader, Timing, Unit

HEADER = StreamHeader(64, 48, 64, 48, Fraction(1, 1000), Fraction(25))
INTRA = StreamHeader(64, 48, 64, 48, Fraction(1, 1000), Fraction(25), coding=PictureCoding.INTRA)


def feed(assembly: Assembly, units: list[Unit], damaged: frozenset[int] = frozenset()) -> list[Gap]:
    """One block: units in, every keyframe answered, gaps out."""
    for unit in units:
        assembly.add(unit)
    while (keyframe := assembly.next_keyframe()) is not None:
        if keyframe.number in damaged:
            assembly.undecodable(keyframe)
        else:
            assembly.decoded(keyframe)
    return assembly.release()


def runs_of(gaps: list[Gap]) -> list[Run]:
    return [run for gap in gaps for run in plan(gap)]


def keyframe(number: int, frame: int, shot_start: bool = False, refresh: bool = False) -> Keyframe:
    return Keyframe(number, frame, b"%d" % number, shot_start, refresh)


def whole(blocks: list[list[Unit]], header: StreamHeader = HEADER) -> list[Run]:
    """Runs of a transmission that delivers ``blocks``."""
    assembly = Assembly()
    gaps = feed(assembly, [header])
    for block in blocks:
        gaps += feed(assembly, block)
    return runs_of(gaps + assembly.finish())


# ---------------------------------------------------------------- any loss, any order


@dataclass(frozen=True)
class Stream:
    header: StreamHeader
    keyframes: list[list[Keyframe]]  # parts of each
    blocks: list[list[Unit]]
    end: StreamEnd


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    frames = draw(st.integers(1, 40))
    inner = draw(st.sets(st.integers(1, max(1, frames - 2)), max_size=8)) if frames > 2 else set()
    places = sorted({0, frames - 1} | inner)
    coding = draw(st.sampled_from(PictureCoding))
    header = StreamHeader(8, 8, 8, 8, Fraction(1, 90_000), Fraction(30_000, 1001), coding=coding)
    keyframes = []
    for number, frame in enumerate(places):
        shot_start, refresh = draw(st.booleans()) and number > 0, draw(st.booleans()) or number == 0
        parts = draw(st.integers(1, 3))
        keyframes.append(
            [
                Keyframe(number, frame, b"%d.%d" % (number, part), shot_start, refresh, part, parts)
                for part in range(parts)
            ]
        )
    blocks: list[list[Unit]] = [[header]]
    captioned = 0
    for number, parts in enumerate(keyframes):
        side: list[Unit] = []
        if number and (draw(st.booleans()) or number == len(keyframes) - 1):
            side.append(Caption(captioned, number, f"caption {captioned}", number))
            captioned = number
        if draw(st.booleans()):
            side.append(Timing(places[number], (draw(st.integers(-3, 3)),)))
        blocks.append([*side, parts[0]])
        blocks += [[part] for part in parts[1:]]
    end = StreamEnd(frames, len(places))
    blocks.append([end])
    return Stream(header, keyframes, blocks, end)


@settings(max_examples=150, deadline=None)
@given(streams(), st.data())
def test_every_frame_is_planned_exactly_once_and_honestly(stream: Stream, data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.integers(0, sum(map(len, stream.blocks)) - 1)))
    damaged = frozenset(data.draw(st.sets(st.integers(0, len(stream.keyframes) - 1), max_size=2)))
    assembly, gaps, serial = Assembly(), [], 0
    arrived: list[Unit] = []
    for block in stream.blocks:
        kept = []
        for unit in block:
            if serial not in lost:
                kept.append(unit)
            serial += 1
        arrived += kept
        repeated = kept + data.draw(
            st.lists(st.sampled_from(arrived), max_size=2) if arrived else st.just([])
        )
        try:
            gaps += feed(assembly, data.draw(st.permutations(repeated)), damaged)
        except TransmissionFailed:
            assert stream.header not in arrived
            break
    gaps += assembly.finish()
    runs = runs_of(gaps)

    decodable = _decodable(stream, arrived, damaged)
    if stream.header not in arrived or not decodable:
        assert runs == []
        return
    frames = [frame for run in runs for frame in range(run.first_frame, run.stop_frame)]
    length = stream.end.frames if stream.end in arrived else decodable[-1].frame + 1
    assert frames == list(range(length))
    assert length == assembly.frames_known

    copied = [(run.segment, run.first_frame) for run in runs if run.provenance is Provenance.RECEIVED]
    assert copied == [(k.number, k.frame) for k in decodable]
    neighbours = {(a.number, b.number) for a, b in pairwise(decodable)}
    whole_segments = {first for first, second in neighbours if second == first + 1}
    for run in runs:
        if run.provenance is Provenance.REGENERATED:
            assert run.segment in whole_segments
        if run.provenance is Provenance.CONCEALED:
            assert run.reason
            before, after = run.first_frame < decodable[0].frame, run.first_frame > decodable[-1].frame
            assert before or after or run.segment not in whole_segments
    cuts = {k.frame for k in decodable if k.shot_start}
    for run in runs:
        if run.fill is Fill.BRIDGE:
            assert run.stop_frame not in cuts

    parts_arrived = [sum(part in arrived for part in parts) == len(parts) for parts in stream.keyframes]
    if stream.end in arrived:
        assert assembly.keyframes_lost == parts_arrived.count(False)
        assert assembly.complete == (all(parts_arrived) and len(decodable) == len(parts_arrived))
    assert assembly.arrived == parts_arrived.count(True)
    assert assembly.undecodable_count == parts_arrived.count(True) - len(decodable)


def _decodable(stream: Stream, arrived: list[Unit], damaged: frozenset[int]) -> list[Keyframe]:
    """Keyframes that a picture decoder can show, by the definition of the coding."""
    found: list[Keyframe] = []
    intact = False
    for number, parts in enumerate(stream.keyframes):
        here = all(part in arrived for part in parts)
        alone = stream.header.coding is PictureCoding.INTRA or parts[0].refresh or number == 0
        intact = here and (alone or intact) and number not in damaged
        if intact:
            found.append(parts[0])
    return found


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.builds(Keyframe, st.integers(0, 5), st.integers(5, 20), st.sampled_from([b"a", b"b"]),
                      st.booleans(), st.booleans(), st.just(0), st.integers(1, 2)),
            st.builds(lambda first, span: Caption(first, first + span, "x"), st.integers(0, 5),
                      st.integers(0, 3)),
            st.builds(lambda at, n: Timing(at, (0,) * n), st.integers(0, 25), st.integers(1, 5)),
            st.builds(StreamEnd, st.integers(10, 12), st.integers(1, 6)),
            st.just(INTRA),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_units_that_contradict_each_other_are_refused_and_never_break_the_plan(units: list[Unit]) -> None:
    assembly = Assembly()
    gaps: list[Gap] = []
    for unit in units:
        try:
            gaps += feed(assembly, [unit])
        except InvalidInput:
            break
    runs = runs_of(gaps + assembly.finish())
    frames = [frame for run in runs for frame in range(run.first_frame, run.stop_frame)]
    assert frames == list(range(assembly.frames_known))


# ---------------------------------------------------------------- single rules


def test_a_keyframe_closes_its_gap_at_once_when_nothing_is_missing() -> None:
    assembly = Assembly()
    assert feed(assembly, [HEADER]) == []
    (first,) = feed(assembly, [keyframe(0, 0)])
    assert plan(first) == [Run(0, 0, 1, Fill.COPY, Provenance.RECEIVED)]
    (second,) = feed(assembly, [Caption(0, 1, "a ball", 8), keyframe(1, 5)])
    assert second.caption == "a ball"
    assert second.motion == pytest.approx(0.001)
    assert plan(second) == [
        Run(0, 1, 5, Fill.BRIDGE, Provenance.REGENERATED),
        Run(1, 5, 6, Fill.COPY, Provenance.RECEIVED),
    ]


def test_after_a_lost_keyframe_joint_coding_waits_for_a_refresh() -> None:
    blocks: list[list[Unit]] = [
        [keyframe(0, 0)], [keyframe(2, 8)], [keyframe(3, 12)], [keyframe(4, 16, refresh=True)],
        [keyframe(5, 20)], [StreamEnd(21, 6)],
    ]  # fmt: skip
    runs = whole(blocks)
    assert [run.segment for run in runs if run.fill is Fill.COPY] == [0, 4, 5]
    (concealed,) = [run for run in runs if run.provenance is Provenance.CONCEALED]
    assert (concealed.first_frame, concealed.stop_frame, concealed.fill) == (1, 16, Fill.BRIDGE)
    assert concealed.reason == "1 keyframe did not arrive; 2 keyframes needed one that was lost"


def test_after_a_lost_keyframe_intra_coding_goes_on() -> None:
    runs = whole([[keyframe(0, 0)], [keyframe(2, 8)], [StreamEnd(9, 3)]], INTRA)
    assert [run.segment for run in runs if run.fill is Fill.COPY] == [0, 2]


def test_a_damaged_keyframe_breaks_the_prediction() -> None:
    assembly = Assembly()
    gaps = feed(assembly, [HEADER, keyframe(0, 0)])
    gaps += feed(assembly, [keyframe(1, 4)], damaged=frozenset({1}))
    gaps += feed(assembly, [keyframe(2, 8), StreamEnd(9, 3)])
    runs = runs_of(gaps + assembly.finish())
    assert [(r.first_frame, r.stop_frame, r.fill) for r in runs] == [
        (0, 1, Fill.COPY), (1, 9, Fill.HOLD_START),
    ]  # fmt: skip
    assert runs[1].reason == "1 keyframe needed one that was lost; 1 keyframe could not be decoded"
    assert not assembly.complete


def test_nothing_is_interpolated_across_a_cut() -> None:
    runs = whole([[keyframe(0, 0)], [keyframe(1, 6, shot_start=True)], [StreamEnd(7, 2)]])
    assert [(r.first_frame, r.stop_frame, r.fill, r.provenance) for r in runs[1:]] == [
        (1, 6, Fill.HOLD_START, Provenance.REGENERATED), (6, 7, Fill.COPY, Provenance.RECEIVED),
    ]  # fmt: skip


def test_a_cut_known_from_a_keyframe_without_picture_is_respected_on_both_sides() -> None:
    blocks: list[list[Unit]] = [
        [keyframe(0, 0)], [Keyframe(1, 4, b"x", True, False, 0, 2)], [keyframe(2, 9, refresh=True)],
        [StreamEnd(10, 3)],
    ]  # fmt: skip
    runs = whole(blocks)
    assert [(r.first_frame, r.stop_frame, r.fill, r.provenance) for r in runs[1:]] == [
        (1, 4, Fill.HOLD_START, Provenance.CONCEALED),
        (4, 9, Fill.HOLD_END, Provenance.CONCEALED),
        (9, 10, Fill.COPY, Provenance.RECEIVED),
    ]
    assert "a cut lies at frame 4" in runs[1].reason


def test_a_lost_first_keyframe_is_concealed_by_the_second() -> None:
    runs = whole([[keyframe(1, 5, refresh=True)], [StreamEnd(6, 2)]])
    assert [(r.first_frame, r.stop_frame, r.fill) for r in runs] == [(0, 5, Fill.HOLD_END), (5, 6, Fill.COPY)]
    assert runs[0].provenance is Provenance.CONCEALED


def test_a_lost_last_keyframe_is_concealed_up_to_the_end() -> None:
    runs = whole([[keyframe(0, 0)], [StreamEnd(30, 2)]])
    assert runs[-1] == Run(0, 1, 30, Fill.HOLD_START, Provenance.CONCEALED, "1 keyframe did not arrive")


def test_without_an_end_the_video_stops_at_the_last_keyframe() -> None:
    assembly = Assembly()
    gaps = feed(assembly, [HEADER, keyframe(0, 0)]) + feed(assembly, [keyframe(1, 4)]) + assembly.finish()
    assert runs_of(gaps)[-1].stop_frame == 5
    assert not assembly.complete


def test_the_header_may_come_after_the_first_keyframe() -> None:
    assembly = Assembly()
    assert feed(assembly, [keyframe(0, 0)]) == []
    assert assembly.add(HEADER) == [HEADER, keyframe(0, 0)]
    assert len(feed(assembly, [])) == 1


def test_units_that_keep_coming_without_a_header_are_refused() -> None:
    assembly = Assembly()
    for number in range(MAX_EARLY_UNITS):
        assembly.add(Caption(number, number, ""))
    with pytest.raises(TransmissionFailed, match="stream header"):
        assembly.add(Caption(MAX_EARLY_UNITS, MAX_EARLY_UNITS, ""))


def test_a_gap_waits_for_its_time_stamps_until_the_next_keyframe() -> None:
    assembly = Assembly()
    feed(assembly, [HEADER, keyframe(0, 0), Timing(0, (0,))])
    assert feed(assembly, [keyframe(1, 2)]) == []
    (gap,) = feed(assembly, [Timing(1, (3, 4))])
    assert gap.timings == (Timing(1, (3, 4)),)
    assert feed(assembly, [keyframe(2, 4)]) == []
    (gap,) = feed(assembly, [keyframe(3, 6)])
    assert gap.timings == ()


def test_a_decoder_that_uses_captions_gets_them() -> None:
    assembly = Assembly(wait_for_captions=True)
    feed(assembly, [HEADER, keyframe(0, 0)])
    assert feed(assembly, [keyframe(1, 2)]) == []
    assert feed(assembly, [keyframe(2, 4)]) == []
    gaps = feed(assembly, [Caption(0, 3, "a dog runs"), keyframe(3, 6)])
    assert [gap.caption for gap in gaps] == ["a dog runs"] * 3
    assert feed(assembly, [keyframe(4, 8)]) == []
    (lost, late) = feed(assembly, [Caption(4, 5, "a cat"), keyframe(5, 10)])
    assert (lost.caption, late.caption) == ("", "a cat")


def test_lost_captions_are_counted_by_the_holes_they_leave() -> None:
    assembly = Assembly()
    feed(assembly, [HEADER, *(keyframe(n, n) for n in range(7)), StreamEnd(7, 7)])
    feed(assembly, [Caption(1, 2, ""), Caption(4, 6, "")])
    assert assembly.captions_lost == 2
    assembly.finish()
    assert (assembly.captions, assembly.captions_lost) == (2, 2)


def test_a_late_part_of_a_keyframe_that_was_given_up_is_ignored() -> None:
    assembly = Assembly()
    feed(assembly, [INTRA, Keyframe(0, 0, b"a", part=0, parts=2), keyframe(1, 3)])
    assert assembly.add(Keyframe(0, 0, b"b", part=1, parts=2)) == []
    assert (assembly.arrived, assembly.keyframes_lost) == (1, 1)


@pytest.mark.parametrize(
    ("units", "match"),
    [
        ([HEADER, INTRA], "header contradicts"),
        ([HEADER, keyframe(0, 3), keyframe(1, 3)], "too early"),
        ([HEADER, keyframe(0, 5), keyframe(3, 6)], "too early"),
        ([HEADER, StreamEnd(5, 2), keyframe(2, 3)], "has 2 of them"),
        ([HEADER, StreamEnd(5, 2), keyframe(1, 7)], "has 5 frames"),
        ([HEADER, StreamEnd(5, 3), keyframe(0, 3)], "no place"),
        ([HEADER, keyframe(1, 4), StreamEnd(4, 4)], "stream ends with"),
        ([HEADER, StreamEnd(4, 2), StreamEnd(4, 3)], "end contradicts"),
        ([HEADER, Keyframe(0, 0, b"a", parts=2), Keyframe(0, 0, b"b", part=1, parts=3)], "contradict each"),
        ([HEADER, Keyframe(0, 0, b"a", parts=2), Keyframe(0, 0, b"b", parts=2)], "two contents"),
        ([HEADER, Caption(0, 3, "a"), Caption(2, 4, "b")], "contradicts an earlier"),
        ([HEADER, Caption(0, 3, "a"), Caption(0, 3, "b")], "contradicts an earlier"),
        ([HEADER, Caption(0, 3, "a", 1), Caption(0, 3, "a", 2)], "contradicts an earlier"),
        ([HEADER, Timing(0, (1, 2)), Timing(0, (3,))], "contradict earlier"),
        ([HEADER, StreamEnd(5, 2), Timing(4, (0, 0))], "has 5 frames"),
        ([HEADER, StreamEnd(5, 2), Caption(0, 2, "")], "has 2 of them"),
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

    small().add(keyframe(0, 9))
    small().add(StreamEnd(10, 1))
    small().add(Timing(8, (0, 0)))
    for unit in (keyframe(0, 10), StreamEnd(11, 1), Timing(8, (0, 0, 0))):
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
    packets = [b"" if given_ is Given.NOTHING else b"%d" % n for n in range(3)]
    marks = [Keyframe(n, 10 * n, packet) for n, packet in enumerate(packets)]
    assembly = Assembly(wait_for_captions=True)
    gaps = feed(assembly, [header, marks[0]])
    gaps += feed(assembly, [marks[1], Caption(0, 1, "one", 8)])
    gaps += feed(assembly, [marks[2], Caption(1, 2, "two", 16)])
    gaps += feed(assembly, [Caption(2, 2, "three", 24), StreamEnd(27, 3)])
    gaps += assembly.finish()
    drawn = [(run.first_frame, run.stop_frame) for run in runs_of(gaps) if run.fill is Fill.DRAW]
    pictured = given_ is Given.FIRST_FRAME
    assert drawn == [(pictured, 10), (10 + pictured, 20), (20 + pictured, 27)]
    assert [gap.caption for gap in gaps[1:]] == ["one", "two", "three"]
    assert [gap.motion for gap in gaps[1:]] == pytest.approx([0.001, 0.002, 0.003])
    assert {run.provenance for run in runs_of(gaps)} <= {Provenance.REGENERATED, Provenance.RECEIVED}
    assert (assembly.complete, assembly.captions_lost, assembly.keyframes_lost) == (True, 0, 0)
    assert assembly.frames_known == 27


def test_a_lost_mark_joins_two_segments_and_says_so() -> None:
    assembly = Assembly()
    gaps = feed(assembly, [replace(HEADER, given=Given.NOTHING), Keyframe(0, 0, b"")])
    gaps += feed(assembly, [Keyframe(2, 20, b""), Caption(0, 1, "one")])
    gaps += feed(assembly, [StreamEnd(30, 3)]) + assembly.finish()
    joined, last = runs_of(gaps)
    assert (joined.first_frame, joined.stop_frame, joined.provenance) == (0, 20, Provenance.CONCEALED)
    assert (last.first_frame, last.stop_frame, last.provenance) == (20, 30, Provenance.REGENERATED)
    assert not assembly.complete
    assert assembly.captions_lost == 1  # one stretch, segments 1 and 2


def test_pictures_come_where_the_header_announced_them() -> None:
    for header, packet in ((HEADER, b""), (replace(HEADER, given=Given.NOTHING), b"x")):
        assembly = Assembly()
        assembly.add(header)
        with pytest.raises(InvalidInput, match="the header announced"):
            assembly.add(Keyframe(0, 0, packet))
