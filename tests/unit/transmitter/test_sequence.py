"""A sequence that is coded, and what waits in it: taken, put back, coded anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from semvid.images.keyframe_codec import Group, KeyframeDecoder
from semvid.semantics import PictureCoding
from semvid.service.clock import StageClock
from tests.unit.transmitter.clips import HEIGHT, WIDTH, pan
from transmitter.keyframes.selection import Reason, Selected
from transmitter.rate.model import OperatingPoint
from transmitter.sequence import CodedSequence
from transmitter.shipment import Segment

POINT = OperatingPoint(50.0, 0.3, preset=10)


@contextmanager
def begun(coding: PictureCoding) -> Iterator[CodedSequence]:
    sequence = CodedSequence(coding, (WIDTH, HEIGHT), POINT, StageClock())
    try:
        yield sequence
    finally:
        sequence.close()


def pushed(sequence: CodedSequence, count: int) -> tuple[list[Segment], list[Group]]:
    segments, groups = [], []
    for number, frame in enumerate(pan(count, 1.3)):
        selected = Selected(frame, Reason.INTERVAL)
        segments.append(Segment([], selected, number, number + 1, last=False))
        groups += sequence.push(segments[-1], sequence.sized(selected))
    return segments, groups


def test_a_group_takes_the_segments_that_it_ends_in_the_order_of_time() -> None:
    with begun(PictureCoding.PYRAMID) as sequence:
        segments, groups = pushed(sequence, 12)
        groups += sequence.finish()
        assert sequence.waits
        assert sequence.oldest.segment is segments[0]
        assert sequence.of(groups[0]) == segments[: len(groups[0])]
        taken = [segment for group in groups for segment in sequence.take(group)]
        assert taken == segments
        assert not sequence.waits


def test_what_is_put_back_comes_before_what_waits_and_is_coded_anew() -> None:
    with begun(PictureCoding.LOW_DELAY) as sequence:
        segments, groups = pushed(sequence, 3)
        taken = [segment for group in groups[:2] for segment in sequence.take(group)]
        sequence.put_back(taken)
        sequence.begin(OperatingPoint(60.0, 0.3, preset=10))
        again = sequence.anew(ended=True)
        assert [segment for group in again for segment in sequence.take(group)] == segments
        assert sequence.crf == 60.0
        assert again[0][0].refresh
        coarser, finer = (sum(len(one.packet) for group in some for one in group) for some in (again, groups))
        assert coarser < finer


def test_what_waits_is_brought_to_another_size() -> None:
    smaller = WIDTH // 2, HEIGHT // 2
    with begun(PictureCoding.INTRA) as sequence:
        pushed(sequence, 2)
        sequence.resize(smaller)
        assert sequence.oldest.picture.shape == (*smaller[::-1], 3)
        sequence.begin(POINT)
        ((picture,), _) = sequence.anew(ended=True)
        assert KeyframeDecoder(*smaller).decode(picture.packet).shape == (*smaller[::-1], 3)


def test_the_end_leaves_with_the_newest_that_waits() -> None:
    with begun(PictureCoding.PYRAMID) as sequence:
        segments, _ = pushed(sequence, 2)
        sequence.join(Segment([], None, 2, 9, last=True))
        (group,) = sequence.finish()
        first, newest = sequence.take(group)
        assert first is segments[0]
        assert (newest.number, newest.frames_read, newest.last) == (1, 9, True)
