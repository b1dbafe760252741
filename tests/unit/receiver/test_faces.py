"""What arrives of faces: in which gap it is animated, and what is said where some of it is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from receiver.assembly import Assembly
from receiver.faces import Faces
from receiver.gaps import Anchor, Fill, Gap, Provenance, plan
from semvid.errors import InvalidInput, LimitExceeded
from semvid.faces.units import NUMBERS, POINTS, FaceMotion, FaceShape
from semvid.semantics import PictureCoding, StreamEnd, Unit
from tests.unit.receiver.assembling import HEADER, ended, feed, keyframe

PORTRAIT = replace(HEADER, coding=PictureCoding.PORTRAIT)


def shape(number: int) -> FaceShape:
    return FaceShape(number, 30, 20, 10, 0, ((0, 0),) * POINTS)


def motion(number: int, first: int, count: int = 4, every: int = 2) -> FaceMotion:
    return FaceMotion(number, first, every, ((1,) * NUMBERS,) * count)


def gaps_of(*blocks: list[Unit]) -> list[Gap]:
    assembly = Assembly()
    gaps = feed(assembly, [PORTRAIT])
    for block in blocks:
        gaps += feed(assembly, block)
    return gaps + ended(assembly)


def test_a_face_is_animated_up_to_the_next_portrait_and_to_the_end() -> None:
    gaps = gaps_of(
        [shape(0), *keyframe(0, 0)],
        [motion(0, 2), motion(0, 10), shape(1), *keyframe(1, 17)],
        [motion(1, 2), StreamEnd(26, 2)],
    )
    runs = [(run.fill, run.first_frame, run.stop_frame, run.reason) for gap in gaps for run in plan(gap)]
    assert runs == [
        (Fill.COPY, 0, 1, ""),
        (Fill.ANIMATE, 1, 17, "animated from a portrait"),
        (Fill.COPY, 17, 18, ""),
        (Fill.ANIMATE, 18, 26, "animated from a portrait"),
    ]
    assert gaps[1].end_face is not None
    assert gaps[2].end_face is None


def test_behind_a_cut_another_face_is_not_mixed_in() -> None:
    gaps = gaps_of([shape(0), *keyframe(0, 0)], [motion(0, 2), shape(1), *keyframe(1, 9, cut=True)])
    assert gaps[1].face is not None
    assert gaps[1].end_face is None


def test_frames_whose_motion_is_lost_are_animated_and_said_to_be_concealed() -> None:
    gaps = gaps_of([shape(0), *keyframe(0, 0)], [motion(0, 10), shape(1), *keyframe(1, 17)])
    lost, known, _ = plan(gaps[1])
    assert (lost.fill, lost.first_frame, lost.stop_frame) == (Fill.ANIMATE, 1, 11)
    assert lost.provenance is Provenance.CONCEALED
    assert lost.reason == "how the face moves did not arrive"
    assert (known.stop_frame, known.provenance) == (17, Provenance.REGENERATED)


def test_without_its_points_a_face_is_bridged_and_said_to_be_lost() -> None:
    gaps = gaps_of([*keyframe(0, 0)], [motion(0, 2), shape(1), *keyframe(1, 9)])
    bridged, _ = plan(gaps[1])
    assert (bridged.fill, bridged.provenance) == (Fill.BRIDGE, Provenance.CONCEALED)
    assert bridged.reason == "the points of a face did not arrive"


def test_where_nothing_is_said_of_a_face_keyframes_are_bridged() -> None:
    gaps = gaps_of([shape(0), *keyframe(0, 0)], [motion(0, 2), *keyframe(1, 9)], [*keyframe(2, 20)])
    assert [run.fill for run in plan(gaps[2])] == [Fill.BRIDGE, Fill.COPY]


def test_a_face_needs_a_header_that_announced_it() -> None:
    assembly = Assembly()
    feed(assembly, [HEADER])
    with pytest.raises(InvalidInput, match="is to be animated, the header announced coding pyramid"):
        assembly.add(shape(0))


def test_units_may_come_again_and_not_otherwise() -> None:
    faces = Faces(100)
    assert faces.add(shape(3))
    assert faces.add(motion(3, 2))
    assert not faces.add(shape(3))
    assert not faces.add(motion(3, 2))
    for other in (replace(shape(3), x=9), motion(3, 2, count=3)):
        with pytest.raises(InvalidInput, match="contradicts"):
            faces.add(other)


def test_what_waits_is_bounded_and_what_is_past_is_dropped() -> None:
    faces = Faces(10)
    faces.add(motion(0, 1, count=8))
    with pytest.raises(LimitExceeded, match="more than 10 moments"):
        faces.add(motion(1, 1, count=3))
    faces.forget(2)
    assert not faces.add(motion(1, 9, count=3))
    assert faces.add(motion(2, 1, count=8))
    gap = Gap(Anchor(2, 40), None, 60)
    assert faces.animated(gap).loss == "the points of a face did not arrive"
    faces.add(shape(2))
    track = faces.animated(gap).face
    assert track is not None
    assert np.isfinite(track.at(5).points).all()
