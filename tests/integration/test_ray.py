"""Decoders as Ray actors, two of them on this machine: a real cluster, processes that are really killed."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from receiver.decoders import make_decoder
from receiver.decoders.decoder import SegmentRequest
from receiver.decoders.options import DecoderOptions
from receiver.executor import make_executed_decoder, ray_fleet
from receiver.executor.worker import Worker
from semvid.errors import Cancelled, InvalidInput

OPTIONS = DecoderOptions(device="cpu")


def square(at: int) -> np.ndarray:
    image = np.full((48, 64, 3), 40, np.uint8)
    image[16:32, at : at + 16] = 220
    return image


def request(number: int, frames: int = 5) -> SegmentRequest:
    return SegmentRequest(
        square(number), square(number + 8), 64, 48, "a square", None, frames, 24.0, seed=number
    )


def expected(number: int, frames: int = 5) -> list[np.ndarray]:
    return list(make_decoder("embedded").generate(request(number, frames), lambda s: None, lambda: False))


def run(
    fleet: Any, number: int, frames: int = 5, cancelled: Callable[[], bool] = lambda: False, told: Any = None
) -> list[np.ndarray]:
    progress = (lambda share: None) if told is None else told.append
    return list(fleet.generate(request(number, frames), progress, cancelled))


@pytest.fixture(scope="module")
def fleet() -> Iterator[Any]:
    before = os.environ.get("RAY_ADDRESS")
    os.environ.pop("RAY_ADDRESS", None)
    made: Any = make_executed_decoder("embedded", OPTIONS, "ray", 2)
    yield made
    made.close()
    if before is not None:
        os.environ["RAY_ADDRESS"] = before


def status(process: Path) -> list[str]:
    """Fields of ``/proc/PID/stat`` from the state on; the second is the parent."""
    return (process / "stat").read_text().rpartition(")")[2].split()


def is_ours(process: Path) -> bool:
    while process.name not in ("0", "1"):
        if process.name == str(os.getpid()):
            return True
        process = process.with_name(status(process)[1])
    return False


def actor_pids() -> list[int]:
    """Processes of the actors of this test's own cluster; Ray names them after their class."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                title = (process / "cmdline").read_bytes()
                if title.startswith(b"ray::Actor") and is_ours(process):
                    found.append(int(process.name))
    return found


def test_two_actors_give_what_one_process_gives_in_any_order(fleet: Any) -> None:
    assert fleet.profile == make_decoder("embedded").profile
    assert (fleet.actors, fleet.uses_captions) == (2, False)
    told: list[float] = []
    assert all(np.array_equal(a, b) for a, b in zip(run(fleet, 3, told=told), expected(3), strict=True))
    assert told[-1] == 1.0
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda number: run(fleet, number), reversed(range(6))))
    for number, frames in zip(reversed(range(6)), made, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(frames, expected(number), strict=True))
        assert all(frame.flags.writeable for frame in frames)


def test_a_killed_actors_segment_is_made_anew_elsewhere(fleet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_fleet, "_PORTION_BYTES", 10 * 48 * 64 * 3)
    frames = fleet.generate(request(2, 400), lambda share: None, lambda: False)
    first = [next(frames) for _ in range(3)]
    deadline = time.monotonic() + 60
    while len(victims := actor_pids()) < 2:  # the second one may still be starting
        assert time.monotonic() < deadline
        time.sleep(0.2)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    rest = list(frames)
    assert all(np.array_equal(a, b) for a, b in zip(first + rest, expected(2, 400), strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(run(fleet, 1), expected(1), strict=True))


def test_cancelling_ends_the_segment_and_frees_its_actor(fleet: Any) -> None:
    stop = threading.Event()
    caught: list[BaseException] = []

    def work() -> None:
        try:
            run(fleet, 1, 100_000, stop.is_set)
        except BaseException as error:
            caught.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]  # one more than there are actors
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert [type(error) for error in caught] == [Cancelled] * 3
    started = time.monotonic()
    assert len(run(fleet, 1)) == 5
    assert time.monotonic() - started < 20


def test_what_a_decoder_raises_is_raised_here(fleet: Any) -> None:
    small = replace(request(1), end=np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(InvalidInput, match="a bridge needs two RGB pictures of one shape"):
        list(fleet.generate(small, lambda share: None, lambda: False))
    assert len(run(fleet, 1)) == 5


def test_executors_are_named() -> None:
    assert make_executed_decoder("embedded", OPTIONS).profile.name == "embedded"
    with pytest.raises(InvalidInput, match="no executor 'cloud'"):
        make_executed_decoder("embedded", OPTIONS, "cloud")


def test_a_worker_hands_a_segment_out_in_portions() -> None:
    worker = Worker("embedded", OPTIONS)
    worker.begin("a", request(4))
    assert len(worker.take("a", 2)) == 2
    assert worker.look("a") == pytest.approx(0.2)  # told when the next frame is asked for
    assert worker.look("b") == 0.0
    assert (len(worker.take("a", 9)), len(worker.take("a", 9))) == (3, 0)
    worker.begin("b", request(4))
    worker.cancel("b")
    with pytest.raises(Cancelled):
        worker.take("b", 1)
    with pytest.raises(RuntimeError, match="not the one in work"):
        worker.take("a", 1)
    worker.end("b")
    assert len(worker.take("b", 1)) == 0
