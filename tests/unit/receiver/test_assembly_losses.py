"""Whatever is lost, and in whatever order the rest comes: each frame is planned once, and honestly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from receiver.assembly import Assembly
from receiver.closed_gaps import Fate
from receiver.gaps import Fill, Gap, Provenance
from semvid.errors import InvalidInput, TransmissionFailed
from semvid.images.keyframe_codec import CODINGS
from semvid.profile import Given
from semvid.semantics import (
    Caption,
    KeyframeGroup,
    KeyframeSlice,
    Opening,
    StreamEnd,
    StreamHeader,
    Timing,
    Unit,
)
from tests.unit.receiver.assembling import HEADER, INTRA, ended, feed, group, keyframe, runs_of

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
