"""A service that dies in the middle of a transmission costs that transmission at most, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from semvid.video.probe import probe
from semvid.video.reader import read_frames
from tests.e2e.conftest import LONG, Trio, running, wait_for


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    """Of our own: its services are killed."""
    with running(tmp_path_factory.mktemp("faults")) as trio:
        yield trio


def _frames(path: Path) -> int:
    return sum(1 for _ in read_frames(path, probe(path)))


def _begin(trio: Trio, clip: Path) -> str:
    answer = trio.submit(clip, json.dumps({"quality": 40, "coding_time": 0.1}))
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["id"]
    wait_for(lambda: int(str(trio.transmission(job_id).get("keyframes", 0))) >= 3, "some keyframes sent")
    return str(job_id)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["channel", "receiver"])
def test_killed_in_the_middle(
    trio: Trio, long_clip: Path, short_clip: Path, tmp_path: Path, victim: str
) -> None:
    job_id = _begin(trio, long_clip)
    trio.kill(victim)
    others = {name: process for name, process in trio.processes.items() if name != victim}
    wait_for(lambda: trio.transmission(job_id)["state"] == "FAILED", "an honest end", 40)
    assert "link" in str(trio.transmission(job_id)["error"])
    trio.start(victim)
    trio.wait_ready()
    assert all(process.poll() is None for process in others.values())

    assert trio.transmission(job_id)["state"] == "FAILED"
    video = trio.wait_video(job_id)
    assert video["state"] in ("TRUNCATED", "FAILED")
    if video["state"] == "TRUNCATED":
        arrived = _frames(trio.content(job_id, tmp_path / "part.mp4"))
        assert 0 < arrived < LONG
    _sends(trio, short_clip, tmp_path)


def test_a_killed_transmitter_sends_anew_what_it_had_accepted(
    trio: Trio, long_clip: Path, tiny_clip: Path, tmp_path: Path
) -> None:
    job_id = _begin(trio, long_clip)
    waits = [str(trio.submit(tiny_clip).json()["id"]) for _ in range(2)]
    trio.kill("transmitter")
    trio.start("transmitter")
    trio.wait_ready()
    for one in (job_id, *waits):
        assert trio.wait_transmission(one)["state"] == "SUCCEEDED"
        trio.wait_video(one)
    assert trio.transmission(job_id)["attempts"] == 2
    video = trio.video(job_id)
    assert (video["state"], video["attempt"]) == ("SUCCEEDED", 2)
    assert video["symbols_of_earlier_attempts"]
    assert video["symbols_received"] == trio.transmission(job_id)["total_symbols"]
    assert _frames(trio.content(job_id, tmp_path / "whole.mp4")) == LONG
    for one in waits:
        assert _frames(trio.content(one, tmp_path / "waited.mp4")) == 24


@pytest.mark.parametrize("victim", ["channel", "receiver"])
def test_a_link_that_is_down_is_waited_for(trio: Trio, short_clip: Path, tmp_path: Path, victim: str) -> None:
    trio.kill(victim)
    answer = trio.submit(short_clip)
    job_id = str(answer.json()["id"])
    wait_for(lambda: bool(trio.transmission(job_id)["retry_at"]), "a first attempt")
    assert trio.transmission(job_id)["state"] == "ACCEPTED"
    trio.start(victim)
    trio.wait_ready()
    assert trio.wait_transmission(job_id)["state"] == "SUCCEEDED"
    trio.wait_video(job_id)
    assert _frames(trio.content(job_id, tmp_path / "late.mp4")) == 36


def _sends(trio: Trio, clip: Path, folder: Path) -> None:
    after = trio.transmit(clip)
    assert after["state"] == "SUCCEEDED"
    trio.wait_video(str(after["id"]))
    assert _frames(trio.content(str(after["id"]), folder / "after.mp4")) == 36


def test_cancelled_in_the_middle(trio: Trio, long_clip: Path, short_clip: Path, tmp_path: Path) -> None:
    job_id = _begin(trio, long_clip)
    trio._http.delete(f"{trio.transmitter}/v1/transmissions/{job_id}").raise_for_status()
    wait_for(lambda: trio.transmission(job_id)["state"] == "CANCELLED", "the cancellation")
    video = trio.wait_video(job_id)
    assert video["state"] == "TRUNCATED"
    assert 0 < _frames(trio.content(job_id, tmp_path / "part.mp4")) < LONG
    assert trio.transmit(short_clip)["state"] == "SUCCEEDED"
