"""Few frames, fresh ones, and those that are dropped are counted."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray

from semvid.errors import Conflict, SemvidError, TransmissionFailed, UnsupportedMedia
from tests.unit.transmitter.clips import HEIGHT, WIDTH, source
from transmitter.live.stream import LiveStream

INFO = replace(source(), endless=True)
QUEUED = 12  # half a second at 24 frames a second


class Camera:
    """A decoder that gives the frames that it is told to."""

    def __init__(self) -> None:
        self._told: queue.Queue[tuple[int, NDArray[np.uint8] | None] | Exception | None] = queue.Queue()
        self.given = 0

    def give(self, *ticks: int) -> None:
        for tick in ticks:
            self._told.put((tick, np.full((HEIGHT, WIDTH, 3), tick % 256, np.uint8)))

    def spoil(self) -> None:
        self._told.put((0, None))

    def fail(self, error: Exception) -> None:
        self._told.put(error)

    def feed(self, data: bytes) -> None:
        raise AssertionError("nobody feeds it")

    def end(self) -> None:
        self._told.put(None)

    def close(self) -> None:
        self.end()

    def frames(self) -> Iterator[tuple[int, NDArray[np.uint8] | None]]:
        while (told := self._told.get()) is not None:
            if isinstance(told, Exception):
                raise told
            self.given += 1
            yield told


def stream(camera: Camera, queue_bytes: int = 2**30, silence_s: float = 5.0) -> LiveStream:
    return LiveStream(camera, INFO, 0.5, queue_bytes, silence_s)


def wait_for_frames(camera: Camera, count: int) -> None:
    deadline = time.monotonic() + 5
    while camera.given < count or camera._told.qsize():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    time.sleep(0.02)  # the last one is being taken


def test_frames_that_nobody_takes_are_dropped_the_oldest_first_and_counted() -> None:
    camera = Camera()
    live = stream(camera)
    frames = live.frames()
    camera.give(7)
    assert next(frames).pts == 0
    camera.give(*range(8, 508))  # 500 frames while analysis is busy
    wait_for_frames(camera, 501)
    assert len(live._waiting) == QUEUED
    taken = list(islice(frames, QUEUED))
    assert [frame.index for frame in taken] == list(range(1, QUEUED + 1))  # no hole in what is sent
    assert [frame.pts for frame in taken] == list(range(501 - QUEUED, 501))  # and its time is the source's
    assert live.resource() == {"skipped": 0, "dropped": 500 - QUEUED, "undecodable": 0, "ended": None}
    live.close()


def test_bytes_bound_the_queue_too_and_one_frame_always_fits() -> None:
    camera = Camera()
    live = stream(camera, queue_bytes=1)
    camera.give(*range(5))
    wait_for_frames(camera, 5)
    assert len(live._waiting) == 1
    assert live.resource()["skipped"] == 4  # nothing was sent yet
    live.close()


def test_what_came_while_the_transmission_began_is_past() -> None:
    camera = Camera()
    live = stream(camera)
    camera.give(*range(5))
    wait_for_frames(camera, 5)
    first = next(live.frames())
    assert (first.index, first.pts, first.picture[0, 0, 0]) == (0, 0, 4)
    assert live.resource()["skipped"] == 4
    live.close()


def test_frames_that_do_not_decode_are_counted_and_the_clock_knows_when_others_came() -> None:
    camera = Camera()
    live = stream(camera)
    frames = live.frames()
    camera.give(0)
    next(frames)
    assert live.taken_s(0) == 0
    camera.spoil()
    time.sleep(0.1)
    camera.give(2)
    assert next(frames).index == 1
    assert 0.1 <= live.taken_s(1) <= live.now_s()
    assert live.undecodable == 1
    live.close()


def test_the_end_of_the_source_lets_what_waits_leave_and_a_stop_does_not() -> None:
    for end, left in ((LiveStream.end, 2), (LiveStream.stop, 0)):
        camera = Camera()
        live = stream(camera)
        frames = live.frames()
        camera.give(0)
        next(frames)
        camera.give(1, 2)
        wait_for_frames(camera, 3)
        end(live, "enough")
        assert len(list(frames)) == left
        assert live.ended == "enough"
        live.close()


def test_silence_ends_it_and_a_source_that_gave_nothing_says_why() -> None:
    silent = stream(Camera(), silence_s=0.1)
    with pytest.raises(SemvidError, match=r"no frame for 0\.1 s"):
        list(silent.frames())
    silent.close()
    camera = Camera()
    broken = stream(camera)
    camera.fail(UnsupportedMedia("the live source: its decoder crashed"))
    with pytest.raises(UnsupportedMedia, match="crashed"):
        list(broken.frames())
    broken.close()
    camera = Camera()
    early = stream(camera)
    camera.give(0)
    early.end("the source is over")
    with pytest.raises(TransmissionFailed, match="ended before its transmission had begun"):
        list(early.frames())
    early.close()


def test_one_goes_on_with_it_and_no_second_one() -> None:
    live = stream(Camera())
    live.claim()
    with pytest.raises(Conflict, match="already"):
        live.claim()
    live.close()
