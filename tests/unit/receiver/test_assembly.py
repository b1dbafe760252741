"""The assembly: what is planned for every frame, whatever arrives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver.assembly import MAX_EARLY_UNITS, Assembly, AssemblyLimits
from receiver.closed_gaps import Fate
from receiver.gaps import Fill, Gap, Provenance, Run, plan
from semvid.errors import InvalidInput, LimitExceeded, TransmissionFailed
from semvid.images.keyframe_codec import CODINGS
from semvid.profile import Given
from semvid.semantics import (
    Caption,
    GroupPicture,
    KeyframeGroup,
    KeyframeSlice,
    Opening,
    PictureCoding,
    SoundCodec,
    SoundHeader,
    SoundPackets,
    StreamEnd,
    StreamHeader,
    Timing,
    Unit,
)

HEADER = StreamHeader(64, 48, 64, 48, Fraction(1, 1000), Fraction(25))
INTRA = StreamHeader(64, 48, 64, 48, Fraction(1, 1000), Fraction(25), coding=PictureCoding.INTRA)


def feed(assembly: Assembly, units: list[Unit], fates: Mapping[int, Fate] = {}) -> list[Gap]:
    """One block: units in, every group answered, gaps out.

    Args:
        fates: of keyframes that arrived and do not decode, by number.
    """
    for unit in units:
        assembly.add(unit)
    answer(assembly, fates)
    return assembly.release()


def answer(assembly: Assembly, fates: Mapping[int, Fate] = {}) -> None:
    """Answers every group that is there."""
    while (received := assembly.next_group()) is not None:
        group, answers = received.group, []
        for picture, packet in zip(group.pictures, received.packets, strict=True):
            fate = fates.get(group.number + picture.place, Fate.DECODED)
            if packet == b"" and fate is not Fate.ANCHOR_GIVEN_UP:
                fate = Fate.GIVEN_UP
            answers.append(Fate.ABSENT if packet is None else fate)
        assembly.decoded(received, answers)


def ended(assembly: Assembly, fates: Mapping[int, Fate] = {}) -> list[Gap]:
    """What comes when nothing more comes."""
    assembly.close()
    answer(assembly, fates)
    return assembly.finish()


def runs_of(gaps: list[Gap]) -> list[Run]:
    return [run for gap in gaps for run in plan(gap)]


def group(
    number: int, *frames: int, order: tuple[int, ...] = (), sizes: tuple[int, ...] = (), cut: bool = False
) -> KeyframeGroup:
    """Keyframes at ``frames``, coded in ``order``, with packets of ``sizes`` bytes (1 by default)."""
    order = order or tuple(range(len(frames)))
    sizes = sizes or (1,) * len(frames)
    pictures = (GroupPicture(place, frames[place], size, 0) for place, size in zip(order, sizes, strict=True))
    return KeyframeGroup(number, tuple(pictures), cut)


def keyframe(number: int, frame: int, cut: bool = False) -> list[Unit]:
    """A keyframe that is a group of its own, and its packet."""
    return [group(number, frame, cut=cut), KeyframeSlice(number, 0, b"%d" % (number % 10))]


def whole(
    blocks: list[list[Unit]], header: StreamHeader = HEADER, fates: Mapping[int, Fate] = {}
) -> list[Run]:
    """Runs of a transmission that delivers ``blocks``."""
    assembly = Assembly()
    gaps = feed(assembly, [header])
    for block in blocks:
        gaps += feed(assembly, block, fates)
    return runs_of(gaps + ended(assembly, fates))


# ---------------------------------------------------------------- any loss, any order

Payload = tuple[Unit, ...]
"""Units that arrive together and in order."""


@dataclass(frozen=True)
class Stream:
    header: StreamHeader
    groups: list[KeyframeGroup]
    blocks: list[list[Payload]]
    end: StreamEnd


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    frames = draw(st.integers(1, 40))
    inner = draw(st.sets(st.integers(1, max(1, frames - 2)), max_size=14)) if frames > 2 else set()
    places = sorted({0, frames - 1} | inner)
    coding = draw(st.sampled_from(CODINGS))
    header = StreamHeader(8, 8, 8, 8, Fraction(1, 90_000), Fraction(30_000, 1001), coding=coding)
    blocks: list[list[Payload]] = [[(header,)]]
    groups: list[KeyframeGroup] = []
    captioned = number = 0
    while number < len(places):
        count = draw(st.integers(1, min(5, len(places) - number)))
        order = tuple(draw(st.permutations(range(count))))
        sizes = tuple(draw(st.lists(st.integers(0, 6), min_size=count, max_size=count)))
        cut = number > 0 and draw(st.booleans())
        described = group(number, *places[number : number + count], order=order, sizes=sizes, cut=cut)
        side: list[Unit] = []
        for one in range(number, number + count):
            if one and (draw(st.booleans()) or one == len(places) - 1):
                side.append(Caption(captioned, one, f"caption {captioned}", one))
                captioned = one
            if draw(st.booleans()):
                side.append(Timing(places[one], (draw(st.integers(-3, 3)),)))
        cuts = sorted({0, described.size} | draw(st.sets(st.integers(0, described.size), max_size=3)))
        parts = [KeyframeSlice(number, a, bytes(range(a, b))) for a, b in pairwise(cuts)]
        first, *later = parts or [KeyframeSlice(number, 0, b"")]
        blocks.append([*((unit,) for unit in side), (described, first)])
        blocks += [[(part,)] for part in later]
        groups.append(described)
        number += count
    end = StreamEnd(frames, len(places))
    blocks.append([(end,)])
    return Stream(header, groups, blocks, end)


@settings(max_examples=200)
@given(streams(), st.data())
def test_every_frame_is_planned_exactly_once_and_honestly(stream: Stream, data: st.DataObject) -> None:
    lost = data.draw(
        st.sets(st.integers(0, sum(map(len, stream.blocks)) - 1)) | st.sets(st.integers(1, 9), max_size=2)
    )
    undecoded = st.sampled_from([Fate.DEPENDENT, Fate.DAMAGED])
    fates = data.draw(st.dictionaries(st.integers(0, 15), undecoded, max_size=3))
    assembly, gaps, serial = Assembly(), [], 0
    arrived: list[Payload] = []
    for block in stream.blocks:
        kept = []
        for payload in block:
            if serial not in lost:
                kept.append(payload)
            serial += 1
        arrived += kept
        repeated = kept + data.draw(
            st.lists(st.sampled_from(arrived), max_size=2) if arrived else st.just([])
        )
        units = [unit for payload in data.draw(st.permutations(repeated)) for unit in payload]
        try:
            gaps += feed(assembly, units, fates)
        except TransmissionFailed:
            assert (stream.header,) not in arrived
            break
    gaps += ended(assembly, fates)
    runs = runs_of(gaps)

    there, given_up = _there(stream, arrived)
    decodable = {number: frame for number, frame in there.items() if number not in fates}
    if (stream.header,) not in arrived or not decodable:
        assert runs == []
        return
    numbers, places = list(decodable), list(decodable.values())
    frames = [frame for run in runs for frame in range(run.first_frame, run.stop_frame)]
    length = stream.end.frames if (stream.end,) in arrived else places[-1] + 1
    assert frames == list(range(length))
    assert length == assembly.frames_known

    copied = [(run.segment, run.first_frame) for run in runs if run.provenance is Provenance.RECEIVED]
    assert copied == list(decodable.items())
    ends = [*numbers, stream.end.keyframes] if (stream.end,) in arrived else numbers
    whole_segments = {a for a, b in pairwise(ends) if set(range(a + 1, b)) <= given_up}
    for run in runs:
        assert not run.reason.startswith(";")
        if run.provenance is Provenance.REGENERATED:
            assert run.segment in whole_segments
        if run.provenance is Provenance.CONCEALED:
            assert run.reason
            assert run.first_frame < places[0] or run.segment not in whole_segments
    described = [one for one in stream.groups if any(one in payload for payload in arrived)]
    cuts = {one.in_time[0].frame for one in described if one.shot_start}
    for run in runs:
        if run.fill is Fill.BRIDGE:  # from the picture before it to the one after it
            assert not cuts & set(range(run.first_frame, run.stop_frame + 1))

    total = stream.end.keyframes
    if (stream.end,) in arrived:
        assert assembly.keyframes_lost == total - len(there) - len(given_up)
        assert assembly.complete == (len(decodable) + len(given_up) == total)
    assert (assembly.arrived, assembly.given_up) == (len(there), len(given_up))
    assert assembly.undecodable_count == len(there) - len(decodable)


def _there(stream: Stream, arrived: list[Payload]) -> tuple[dict[int, int], set[int]]:
    """Keyframes of which every byte arrived, with their frames, and those known to have been given up."""
    there: dict[int, int] = {}
    given_up: set[int] = set()
    for one in stream.groups:
        units = [unit for payload in arrived for unit in payload]
        if one not in units:
            continue
        slices = [unit for unit in units if isinstance(unit, KeyframeSlice) and unit.number == one.number]
        here = {byte for part in slices for byte in range(part.offset, part.offset + len(part.data))}
        for picture, span in zip(one.pictures, one.spans(), strict=True):
            if not span:
                given_up.add(one.number + picture.place)
            elif set(span) <= here:
                there[one.number + picture.place] = picture.frame
    return dict(sorted(there.items())), given_up


@settings(max_examples=150)
@given(
    st.lists(
        st.one_of(
            st.builds(group, st.integers(0, 5), st.integers(5, 20)).map(lambda one: [one]),
            st.builds(
                lambda number, frame, gap, order, sizes: [
                    group(number, frame, frame + gap, order=order, sizes=sizes)
                ],
                st.integers(0, 5), st.integers(5, 20), st.integers(1, 4), st.sampled_from([(0, 1), (1, 0)]),
                st.tuples(st.integers(0, 2), st.integers(0, 2)),
            ),
            st.builds(lambda *fields: [KeyframeSlice(*fields)], st.integers(0, 5), st.integers(0, 2),
                      st.sampled_from([b"a", b"b", b"ab"])),
            st.just([KeyframeSlice(0, 0, b"")]),
            st.builds(keyframe, st.integers(0, 5), st.integers(5, 20), st.booleans()),
            st.builds(lambda first, span: [Caption(first, first + span, "x")], st.integers(0, 5),
                      st.integers(0, 3)),
            st.builds(lambda at, n: [Timing(at, (0,) * n)], st.integers(0, 25), st.integers(1, 5)),
            st.builds(lambda *fields: [StreamEnd(*fields)], st.integers(10, 12), st.integers(1, 6)),
            st.builds(lambda *fields: [Opening(*fields)], st.integers(0, 1), st.integers(5, 9)),
            st.just([INTRA]), st.just([replace(HEADER, given=Given.NOTHING)]),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_units_that_contradict_each_other_are_refused_and_never_break_the_plan(
    payloads: list[list[Unit]],
) -> None:
    assembly = Assembly()
    gaps: list[Gap] = []
    for units in payloads:
        try:
            gaps += feed(assembly, units)
        except InvalidInput:
            break
    runs = runs_of(gaps + ended(assembly))
    frames = [frame for run in runs for frame in range(run.first_frame, run.stop_frame)]
    assert frames == list(range(assembly.frames_known))


# ---------------------------------------------------------------- single rules


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
