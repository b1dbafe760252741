"""Gap in, pictures out: every frame once, in order, and the truth about each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from receiver.decoders.decoder import SegmentRequest
from receiver.gaps import Anchor, Fill, Gap, Provenance, Run, plan, segment_seed
from receiver.regeneration import Regeneration, RegenerationFailed
from semvid.errors import Cancelled, LimitExceeded
from semvid.profile import Given, Profile
from semvid.semantics import StreamHeader


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Failures are logged with their tracebacks, pictures and all."""
    with capture_logs():
        yield


HEADER = StreamHeader(32, 16, 32, 16, Fraction(1, 24), Fraction(24), seed=7)
EVERYTHING = Profile("fake", 1.0, 0.1, draws_from=frozenset(Given))


def grey(level: int) -> np.ndarray:
    return np.full((16, 32, 3), level, np.uint8)


def keyframe(number: int) -> np.ndarray:
    return grey(200 + number)


def levels(pictures: Any) -> list[int]:
    return [int(picture[0, 0, 0]) for picture in pictures]


class Scripted:
    """Frames 0, 1, ... as grey levels; each attempt makes as many as its script says, and then may raise.

    Args:
        script: for each attempt, frames more than wanted (or fewer), and what is raised in place of the next.
    """

    uses_captions = False

    def __init__(self, *script: tuple[int, BaseException | None], profile: Profile = EVERYTHING) -> None:
        self.profile, self.script = profile, list(script)
        self.requests: list[SegmentRequest] = []

    def generate(self, request: SegmentRequest, progress: Any, cancelled: Any) -> Iterator[np.ndarray]:
        more, error = self.script.pop(0) if self.script else (0, None)
        self.requests.append(request)
        for number in range(max(0, request.num_frames + more)):
            yield grey(number)
            progress((number + 1) / request.num_frames)
        if error is not None:
            raise error


def shown(regeneration: Regeneration, *gaps: Gap) -> list[tuple[Run, list[int]]]:
    return [(run, levels(pictures)) for gap in gaps for run, pictures in regeneration.runs(gap)]


BRIDGED = Gap(Anchor(0, 0), Anchor(1, 6), 6, caption="a ball", motion=0.1)
FIVE = [0, 1, 2, 3, 4]


def test_the_decoder_is_asked_for_what_lies_between_and_the_keyframe_is_copied() -> None:
    decoder, told = Scripted(), []
    regeneration = Regeneration(HEADER, decoder, keyframe, lambda *what: told.append(what))
    (bridged, between), (copied, picture) = shown(regeneration, BRIDGED)
    assert (between, picture) == (FIVE, [201])
    assert (bridged.provenance, copied.provenance) == (Provenance.REGENERATED, Provenance.RECEIVED)
    (request,) = decoder.requests
    assert levels([request.start, request.end]) == [200, 201]
    assert (request.num_frames, request.span, request.given) == (5, 6, Given.BOTH_ENDS)
    assert (request.caption, request.motion, request.frame_rate) == ("a ball", 0.1, 24.0)
    assert (request.width, request.height, request.seed) == (32, 16, segment_seed(7, 0, 6))
    assert told == [(0, share / 5) for share in range(1, 6)]
    assert regeneration.failure is None


@pytest.mark.parametrize(
    ("given", "start", "first", "count", "span"),
    [
        (Given.FIRST_FRAME, Anchor(2, 10), True, 9, 9),
        (Given.NOTHING, Anchor(2, 10, pictured=False), False, 10, 9),
    ],
)
def test_a_segment_that_nothing_closes_is_drawn(given, start, first, count, span) -> None:
    decoder = Scripted()
    gap = Gap(start, Anchor(3, 20, pictured=given is Given.FIRST_FRAME), 20, given=given)
    frames = [frame for _, some in shown(Regeneration(HEADER, decoder, keyframe), gap) for frame in some]
    (request,) = decoder.requests
    assert (request.start is not None, request.end, request.given) == (first, None, given)
    assert (request.num_frames, request.span, request.first) == (count, span, int(first))
    assert request.seed == segment_seed(7, 10 + first, 20)
    assert frames == [*range(count), *([203] if first else [])]


BROKEN = RuntimeError("cosmic ray")
SHORT = LimitExceeded("memory is short; take less")


@pytest.mark.parametrize("first", [(-5, BROKEN), (-2, BROKEN), (0, BROKEN), (-1, None), (-5, SHORT)])
def test_what_fails_once_leaves_no_trace(first: tuple[int, BaseException | None]) -> None:
    decoder = Scripted(first)
    regeneration = Regeneration(HEADER, decoder, keyframe)
    assert shown(regeneration, BRIDGED) == [
        (run, x) for run, x in zip(plan(BRIDGED), (FIVE, [201]), strict=True)
    ]
    assert len(decoder.requests) == 2
    assert regeneration.failure is None


@pytest.mark.parametrize(
    ("script", "made", "reason"),
    [
        ([(-5, BROKEN), (-5, BROKEN)], 0, "RuntimeError: cosmic ray"),
        ([(-3, BROKEN), (-5, SHORT)], 2, "memory is short; take less"),
        ([(-3, BROKEN), (-2, SHORT)], 3, "memory is short; take less"),
        ([(-1, None), (-1, None)], 4, "RuntimeError: the decoder gave 4 of 5 frames"),
    ],
)
def test_what_fails_twice_is_concealed_and_said_to_be(script: list[Any], made: int, reason: str) -> None:
    regeneration = Regeneration(HEADER, Scripted(*script), keyframe)
    (bridged, before), (concealed, after), (_, copied) = shown(regeneration, BRIDGED)
    assert (before, copied) == (FIVE[:made], [201])
    assert (bridged.first_frame, concealed.first_frame, concealed.stop_frame) == (1, 1 + made, 6)
    assert (bridged.provenance, concealed.provenance) == (Provenance.REGENERATED, Provenance.CONCEALED)
    assert concealed.reason == f"regeneration failed twice: {reason}"
    assert str(regeneration.failure) == concealed.reason
    assert len(after) == 5 - made
    ends = sorted((made - 1 if made else 200, 201))  # from the last frame there is to the keyframe
    assert all(ends[0] <= level <= ends[1] for level in after)


def test_a_frame_too_many_is_a_failure_and_is_not_shown() -> None:
    regeneration = Regeneration(HEADER, Scripted((1, None), (1, None)), keyframe)
    assert shown(regeneration, BRIDGED) == [
        (run, x) for run, x in zip(plan(BRIDGED), (FIVE, [201]), strict=True)
    ]
    assert "gave more than 5 frames" in str(regeneration.failure)


def test_what_was_computed_elsewhere_is_shown_and_concealed_alike() -> None:
    regeneration = Regeneration(HEADER, Scripted((-4, BROKEN), (-4, BROKEN)), keyframe)
    make = regeneration.decoding(BRIDGED)
    assert make is not None

    def elsewhere() -> Iterator[np.ndarray]:
        yield from make()

    runs = [(run.provenance, levels(pictures)) for run, pictures in regeneration.runs(BRIDGED, elsewhere())]
    assert [(kind, len(frames)) for kind, frames in runs] == [
        (Provenance.REGENERATED, 1), (Provenance.CONCEALED, 4), (Provenance.RECEIVED, 1)
    ]  # fmt: skip
    assert regeneration.decoding(Gap(None, Anchor(0, 4), 4)) is None  # held: no decoder is needed


def test_without_any_picture_there_is_grey_and_then_the_last_frame_goes_on() -> None:
    broken = [(-99, BROKEN)] * 2
    nothing = Gap(None, Anchor(0, 0, pictured=False), 0, given=Given.NOTHING)
    first = Gap(Anchor(0, 0, pictured=False), Anchor(1, 3, pictured=False), 3, given=Given.NOTHING)
    second = Gap(Anchor(1, 3, pictured=False), None, 5, given=Given.NOTHING)
    alone = Regeneration(HEADER, Scripted(*broken), keyframe)
    assert [frames for _, frames in shown(alone, nothing, first)] == [[], [128] * 3]
    after = Regeneration(HEADER, Scripted((0, None), *broken), keyframe)
    assert [frames for _, frames in shown(after, first, second)] == [[0, 1, 2], [], [2, 2]]


def test_what_is_cancelled_is_neither_tried_again_nor_concealed() -> None:
    decoder = Scripted((-2, Cancelled("stop")))
    with pytest.raises(Cancelled):
        shown(Regeneration(HEADER, decoder, keyframe), BRIDGED)
    assert len(decoder.requests) == 1
    stopped = Regeneration(HEADER, Scripted((-5, BROKEN), (-5, BROKEN)), keyframe, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        shown(stopped, BRIDGED)


def test_a_decoder_that_needs_both_ends_is_never_asked_for_less() -> None:
    decoder = Scripted(profile=replace(EVERYTHING, draws_from=frozenset({Given.BOTH_ENDS})))
    gap = Gap(Anchor(0, 0), Anchor(1, 4), 4, given=Given.FIRST_FRAME)
    (held, frames), _ = shown(Regeneration(HEADER, decoder, keyframe), gap)
    assert (held.fill, frames, decoder.requests) == (Fill.HOLD_START, [200] * 3, [])


SCRIPTS = st.tuples(st.integers(-9, 2), st.sampled_from([None, BROKEN, SHORT, RegenerationFailed("odd")]))


@settings(max_examples=100, deadline=None)
@given(
    places=st.lists(st.integers(1, 9), max_size=5),
    traits=st.lists(st.tuples(st.booleans(), st.sampled_from(["", "lost"])), min_size=6, max_size=6),
    given_=st.sampled_from(Given),
    behind=st.integers(0, 5),
    script=st.lists(SCRIPTS, max_size=8),
)
def test_every_frame_is_shown_once_in_order_whatever_the_decoder_does(
    places: list[int], traits: list[tuple[bool, str]], given_: Given, behind: int, script: list[Any]
) -> None:
    frames = [sum(places[:number]) for number in range(len(places) + 1)]
    pictured = given_ is not Given.NOTHING
    anchors = [Anchor(n, frame, traits[n][0] and n > 0, pictured) for n, frame in enumerate(frames)]
    gaps = [Gap(None, anchors[0], 0, given=given_)]
    gaps += [Gap(a, b, b.frame, traits[b.number][1], given=given_) for a, b in pairwise(anchors)]
    gaps.append(Gap(anchors[-1], None, frames[-1] + pictured + behind, given=given_))
    regeneration = Regeneration(HEADER, Scripted(*script), keyframe)
    at = failed = 0
    for gap in gaps:
        for run, pictures in regeneration.runs(gap):
            assert run.first_frame == at
            for picture in pictures:
                assert (picture.shape, picture.dtype) == ((16, 32, 3), np.uint8)
                at += 1
            assert at <= run.stop_frame
            assert (run.provenance is Provenance.CONCEALED) == bool(run.reason) or run.fill is Fill.HOLD_START
            failed += "failed twice" in run.reason
            if run.provenance is Provenance.RECEIVED:
                assert at == run.first_frame + 1
    assert at == frames[-1] + pictured + behind
    if failed:
        assert regeneration.failure is not None
