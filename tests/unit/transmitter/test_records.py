"""What a job leaves on disk: one line for every keyframe, in the order of time, whatever its group does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from semvid.images.keyframe_codec import EncodedPicture
from semvid.link.blocks import Delivery
from semvid.link.packing import CodedGroup
from semvid.psss import Answer
from semvid.semantics import Caption, Opening
from tests.unit.transmitter.clips import still
from transmitter.deadline import Arrival
from transmitter.keyframes.selection import Comparison, Reason, Selected
from transmitter.records import SemanticsRecord, stream_semantics
from transmitter.shipment import Segment, Shipment

ORDER = (0, 4, 2, 1, 3)  # coding order of a small pyramid: two anchors, one picture between, two above
FRAMES = (0, 3, 6, 9, 15)


def segments() -> tuple[Segment, ...]:
    frames = list(still(FRAMES[-1] + 1))
    reasons = (Reason.FIRST, Reason.BRIDGE, Reason.SEMANTIC, Reason.BRIDGE, Reason.LAST)
    return tuple(
        Segment([], Selected(frames[frame], reason), number, frame + 1, last=False)
        for number, (frame, reason) in enumerate(zip(FRAMES, reasons, strict=True))
    )


def group(sent: Sequence[int] = ORDER) -> CodedGroup:
    """Each keyframe has ten bytes and one for every place in time."""
    pictures = [
        EncodedPicture(place, bytes(10 + place), place == 0, leans_on=0, kept_in=1 << place if place else 255)
        for place in ORDER
    ]
    return CodedGroup.of(pictures, 0, FRAMES, False, {ORDER.index(place) for place in sent})


def written(folder: Path) -> dict[str, Any]:
    return dict(json.loads("".join(stream_semantics(folder, {"id": "a"}))))


def test_keyframes_are_written_in_the_order_of_time_with_their_layers(tmp_path: Path) -> None:
    SemanticsRecord(tmp_path, Fraction(1, 24)).add_keyframes(
        Shipment(segments(), [], group(), 57.5), Delivery()
    )
    keyframes = written(tmp_path)["keyframes"]
    assert [one["number"] for one in keyframes] == [0, 1, 2, 3, 4]
    assert [one["frame"] for one in keyframes] == list(FRAMES)
    assert [one["time_s"] for one in keyframes] == [0.0, 0.125, 0.25, 0.375, 0.625]
    assert [one["layer"] for one in keyframes] == [0, 2, 1, 2, 0]
    assert [one["bytes"] for one in keyframes] == [10, 11, 12, 13, 14]
    assert [one["refresh"] for one in keyframes] == [True, False, False, False, False]
    assert [one["reason"] for one in keyframes] == ["first", "bridge", "semantic", "bridge", "last"]
    assert {one["crf"] for one in keyframes} == {57.5}
    assert all(one["delivered"] for one in keyframes)


def test_what_was_lost_or_given_up_was_not_delivered(tmp_path: Path) -> None:
    coded = group(sent=(0, 4, 2, 3))
    last_byte = coded.group.size - 1  # of the highest layer
    lost = Delivery(lost=(range(last_byte, last_byte + 1),))
    SemanticsRecord(tmp_path, Fraction(1, 24)).add_keyframes(Shipment(segments(), [], coded, 57.5), lost)
    keyframes = written(tmp_path)["keyframes"]
    assert [one["delivered"] for one in keyframes] == [True, False, True, False, True]
    assert [one["bytes"] for one in keyframes] == [10, 0, 12, 13, 14]


def test_an_opening_without_picture_was_delivered_with_its_units(tmp_path: Path) -> None:
    record = SemanticsRecord(tmp_path, Fraction(1, 24))
    for protected, segment in zip((True, False), segments(), strict=False):
        shipment = Shipment((segment,), [Opening(segment.number, segment.number * 3)])
        record.add_keyframes(shipment, Delivery(protected=protected))
    keyframes = written(tmp_path)["keyframes"]
    assert [(one["delivered"], one["bytes"], one["layer"], one["crf"]) for one in keyframes] == [
        (True, 0, None, None), (False, 0, None, None)
    ]  # fmt: skip


def test_what_follows_the_last_keyframe_is_none(tmp_path: Path) -> None:
    end = Segment([], None, 5, 20, last=True)
    SemanticsRecord(tmp_path, Fraction(1, 24)).add_keyframes(Shipment((end,), []), Delivery())
    kinds = ("keyframes", "candidates", "captions", "arrivals")
    assert written(tmp_path) == {"id": "a", **{kind: [] for kind in kinds}}


def test_arrivals_are_written_segment_by_segment(tmp_path: Path) -> None:
    record = SemanticsRecord(tmp_path, Fraction(1, 24))
    record.add_arrivals([Arrival(3, 1.25, 0.5, 0.75, 90, text=True, picture=False)])
    assert written(tmp_path)["arrivals"] == [
        {"number": 3, "ready_s": 1.25, "delay_s": 0.5, "latency_s": 0.75, "text": True, "picture": False}
    ]


def test_units_and_comparisons_have_lists_of_their_own(tmp_path: Path) -> None:
    record = SemanticsRecord(tmp_path, Fraction(1, 24))
    record.add_units([Opening(0, 0), Caption(0, 2, "A cat.", motion=7)])
    record.add_comparison(Comparison(list(still(13))[12], 0, Answer(0.25, 0.75), decision=True))
    semantics = written(tmp_path)
    (caption,) = semantics["captions"]
    assert (caption["first"], caption["last"], caption["text"], caption["motion"]) == (0, 2, "A cat.", 7)
    assert 0 < caption["bytes"] <= len("A cat.")
    (asked,) = semantics["candidates"]
    assert (asked["frame"], asked["reference_frame"], asked["time_s"]) == (12, 0, 0.5)
    assert (asked["p_yes"], asked["p_no"], asked["decision"]) == (0.25, 0.75, True)


def test_a_new_attempt_begins_with_nothing(tmp_path: Path) -> None:
    SemanticsRecord(tmp_path, Fraction(1, 24)).add_units([Caption(0, 1, "a cat", 3)])
    assert json.loads("".join(stream_semantics(tmp_path, {"x": 1})))["captions"]
    SemanticsRecord(tmp_path, Fraction(1, 24))
    assert json.loads("".join(stream_semantics(tmp_path, {"x": 1})))["captions"] == []


def test_semantics_leave_in_few_pieces_and_never_in_one_of_any_size(tmp_path: Path) -> None:
    record = SemanticsRecord(tmp_path, Fraction(1, 24))
    for first in range(2000):
        record.add_units([Caption(first, first + 1, "a cat", 3)])
    pieces = list(stream_semantics(tmp_path, {"x": 1}))
    assert len(json.loads("".join(pieces))["captions"]) == 2000
    assert 5 < len(pieces) < 50
    assert max(map(len, pieces)) < 20_000
