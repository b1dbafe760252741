"""The transmitter's core, without files, threads or a link: segments, groups, shots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import chain, islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semvid.images.keyframe_codec import Group, KeyframeEncoder
from semvid.images.types import Picture
from semvid.link.blocks import Delivery
from semvid.semantics import StreamEnd, StreamHeader
from tests.unit.transmitter.clips import still
from tests.unit.transmitter.encoding import (
    AHEAD,
    CODINGS,
    EACH,
    FRAMES,
    encoder,
    keyframes,
    record,
    shots,
    slow_pan,
    story,
    too_dear,
    transmit,
)
from transmitter.shipment import Segment


def test_every_frame_lies_in_one_segment_and_the_end_says_how_many_there_were() -> None:
    with closing(encoder()) as core:
        segments = list(core.segments(story()))
    frames = keyframes(segments)
    assert frames[0] == 0
    assert frames[-1] == FRAMES - 1
    assert frames == sorted(set(frames))
    assert [one.number for one in segments] == list(range(len(segments)))
    ends = [unit for one in segments for unit in one.units if isinstance(unit, StreamEnd)]
    assert ends == [StreamEnd(FRAMES, len(frames))]


@pytest.mark.parametrize(("announced", "hold"), [(FRAMES - 20, None), (FRAMES + 20, 21)])
def test_a_container_that_announced_another_number_of_frames_is_not_believed(
    announced: int, hold: int | None
) -> None:
    """Where frames are missing at the end their time is kept: the last one that came is shown that long."""
    receiver = transmit(encoder(announced))
    segments = [segment for shipment in receiver.shipments for segment in shipment.segments]
    assert receiver.shipments[-1].units[-1] == StreamEnd(FRAMES, len(keyframes(segments)), hold)


@pytest.mark.parametrize(("coding", "alone"), [("pyramid", False), ("low-delay", True)])
def test_where_the_last_keyframe_is_held_the_end_leaves_with_it_if_it_waits(coding: str, alone: bool) -> None:
    receiver = transmit(encoder(coding=coding), frames=lambda: still(FRAMES))
    *_, last = receiver.shipments
    sent = [frame for shipment in receiver.shipments for frame in keyframes(shipment.segments)]
    assert sent[-1] < FRAMES - 1
    assert last.units[-1] == StreamEnd(FRAMES, len(sent))
    assert last.segments[-1].stop == FRAMES
    assert (last.coded is None) == alone


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("method", [{}, EACH], ids=["by meaning", "every frame"])
def test_groups_cover_all_keyframes_once_and_in_order(coding: str, method: dict[str, object]) -> None:
    receiver = transmit(encoder(coding=coding, **method))
    segments = [segment for shipment in receiver.shipments for segment in shipment.segments]
    assert [segment.number for segment in segments] == list(range(len(segments)))
    for shipment in receiver.shipments:
        assert shipment.coded is not None
        assert shipment.coded.group.number == shipment.segments[0].number
        described = [picture.frame for picture in shipment.coded.group.in_time]
        assert described == keyframes(shipment.segments)
    assert sorted(receiver.frames) == keyframes(segments)


def test_low_delay_and_intra_send_each_keyframe_at_once() -> None:
    for coding in ("low-delay", "intra"):
        with closing(encoder(coding=coding, **EACH)) as core:
            for segment in islice(core.segments(slow_pan()), 12):
                (shipment,) = core.shipments(segment)
                assert shipment.segments == (segment,)
                core.delivered(shipment, Delivery(), record(900, 500))


def test_a_pyramid_is_sent_while_the_video_goes_on() -> None:
    with closing(encoder(**EACH)) as core:
        for segment in core.segments(slow_pan()):
            if list(core.shipments(segment)):
                break
    assert segment.number < FRAMES - 8


def test_a_cut_begins_a_sequence() -> None:
    receiver = transmit(encoder(**EACH), frames=shots)
    for shipment in receiver.shipments:
        frames, coded = keyframes(shipment.segments), shipment.coded
        assert coded is not None
        assert frames[-1] < 33 or frames[0] >= 33
        assert coded.group.shot_start == (frames[0] == 33)
        assert coded.group.refresh == (frames[0] in (0, 33))


class Late(KeyframeEncoder):
    """Gives groups back some pictures later, as SVT-AV1 does on a machine that has other work."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._late: list[Group] = []

    def push(self, picture: Picture) -> list[Group]:
        self._late += super().push(picture)
        due = self._late[:-1]
        self._late = self._late[-1:]
        return due

    def finish(self) -> list[Group]:
        late, self._late = self._late, []
        return late + super().finish()


def test_what_is_sent_does_not_depend_on_how_fast_a_pyramid_is_coded(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = too_dear("pyramid")
    monkeypatch.setattr("transmitter.sequence.KeyframeEncoder", Late)
    assert too_dear("pyramid") == usual


@settings(max_examples=4)
@given(data=st.data(), coding=st.sampled_from(CODINGS))
def test_what_is_sent_does_not_depend_on_how_far_analysis_is_ahead(data: st.DataObject, coding: str) -> None:
    def run(ahead: Iterator[int]) -> list[tuple[int, tuple[bytes, ...]]]:
        done: list[tuple[int, tuple[bytes, ...]]] = []
        spent = 0
        with closing(encoder(target_cbr=0.005, coding=coding)) as core:
            analysed = core.segments(story())
            waiting: list[Segment] = []
            while True:
                waiting += islice(analysed, max(0, 1 + next(ahead) - len(waiting)))
                if not waiting:
                    return done
                for shipment in core.shipments(waiting.pop(0)):
                    assert shipment.coded is not None
                    spent += 8 * shipment.coded.group.size
                    core.delivered(shipment, Delivery(), record(spent + 100 * (len(done) + 1), spent))
                    done.append((shipment.segments[0].number, tuple(shipment.coded.packets)))

    steps = data.draw(st.lists(st.integers(0, AHEAD), min_size=60, max_size=60))
    assert run(chain(steps, iter(lambda: AHEAD, None))) == run(iter(lambda: 0, None))


@pytest.mark.parametrize("coding", CODINGS)
def test_a_first_frame_of_each_segment_is_sent_with_its_units(coding: str) -> None:
    receiver = transmit(encoder(keyframe_method="first-frame", segment_s=0.5, coding=coding))
    assert min(receiver.frames) == 0
    assert isinstance(receiver.shipments[-1].units[-1], StreamEnd)
    units = [unit for one in receiver.shipments for unit in one.units]
    assert sum(isinstance(unit, StreamHeader) for unit in units) == 1


def test_a_consumer_that_is_gone_stops_the_analysis() -> None:
    frames = story()
    with closing(encoder()) as core:
        gone = iter([False] * 10 + [True] * 1000)
        assert len(list(core.segments(frames, lambda: next(gone)))) == 1
    assert next(frames).index == 10
