"""What a live source may ask for, and what becomes of its job."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from semvid.errors import Busy, InvalidInput
from semvid.options import TransmissionOptions
from tests.unit.transmitter.live.test_stream import Camera, stream
from tests.unit.transmitter.test_jobs import OPTIONS, SOURCE, after_a_restart, queue, running, settle
from transmitter.job import Job
from transmitter.jobs import JobQueue
from transmitter.live.door import live_options
from transmitter.live.routes import is_endless
from transmitter.store import State


def options(**given: Any) -> TransmissionOptions:
    return live_options(TransmissionOptions.model_validate(given))


def test_it_is_coded_with_low_delay_and_has_no_sound_unless_told_otherwise() -> None:
    assert options().coding == "low-delay"
    assert options().sound == "none"
    assert options(coding="intra").coding == "intra"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"coding": "pyramid"}, "low-delay or intra"),
        ({"coding": "jscc"}, "option coding: jscc needs the whole video"),
        ({"coding": "portrait"}, "option coding: portrait waits up to ten seconds"),
        ({"keyframe_method": "skim", "keyframe_count": 4}, "take skem"),
        ({"sound": "opus"}, "leave it out"),
        ({"hdr": "keep"}, "option hdr: a live stream is shown as H.264"),
        ({"task": ["is it dark?"]}, "has no end"),
    ],
)
def test_what_needs_the_whole_video_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        options(**given)


def test_only_the_rest_of_a_live_source_may_be_of_any_length() -> None:
    assert is_endless("/v1/transmissions/3f0c/live")
    assert not any(map(is_endless, ("/v1/live", "/v1/transmissions", "/v1/transmissions/x/live/y")))


def accept(jobs: JobQueue, camera: Camera) -> Job:
    with jobs.places.place() as place, jobs.upload(place) as folder:
        jobs.places.require_worker(place)
        (folder / "upload").write_bytes(b"the beginning")
        job = Job(place.job_id, OPTIONS, {**SOURCE, "live": True}, folder=folder)
        job.live = stream(camera)
        jobs.accept(job)
    return job


async def watched(job: Job) -> None:
    """Sends a live source, as far as a queue is concerned."""
    job.on_air = True
    assert job.live is not None
    frames = job.live.frames()
    while await asyncio.to_thread(next, frames, None) is not None:
        pass


def test_deleting_it_ends_the_video_whole(tmp_path: Path) -> None:
    async def scenario() -> Job:
        jobs, camera = queue(tmp_path, watched), Camera()
        await jobs.start()
        job = accept(jobs, camera)
        camera.give(0)
        await running(job)
        await asyncio.sleep(0.05)
        jobs.cancel(job.id)
        await settle(job)
        await jobs.stop()
        return job

    job = asyncio.run(scenario())
    assert job.state is State.SUCCEEDED
    assert job.resource()["live"]["ended"] == "it was stopped by DELETE"


def test_a_service_that_stops_finishes_its_video_and_one_that_was_killed_says_so(tmp_path: Path) -> None:
    async def scenario(work: Any, wait_s: float) -> Job:
        jobs, camera = queue(tmp_path, work), Camera()
        await jobs.start()
        job = accept(jobs, camera)
        camera.give(0)
        await running(job)
        await asyncio.sleep(0.05)
        await jobs.stop(wait_s)
        return job

    assert asyncio.run(scenario(watched, 5.0)).state is State.SUCCEEDED

    async def hangs(job: Job) -> None:
        await asyncio.sleep(30)

    assert asyncio.run(scenario(hangs, 0.0)).state is State.FAILED

    async def killed() -> Job:
        jobs = queue(tmp_path, hangs)
        await jobs.start()
        job = accept(jobs, Camera())
        await running(job)
        for worker in jobs._workers:  # nobody says goodbye
            worker.cancel()
        jobs._end = lambda *_: None  # type: ignore[method-assign]
        jobs._wait = lambda *_: None  # type: ignore[method-assign]
        await asyncio.gather(*jobs._workers, return_exceptions=True)
        jobs._store.close()
        return job

    job = asyncio.run(killed())
    again = after_a_restart(tmp_path, job.id)
    assert again.state is State.FAILED
    assert again.error is not None
    assert "cannot be sent again" in again.error["detail"]
    assert job.live is not None
    job.live.close()


def test_it_does_not_wait_for_a_place(tmp_path: Path) -> None:
    async def scenario() -> None:
        jobs, camera = queue(tmp_path, watched), Camera()
        await jobs.start()
        first = accept(jobs, camera)
        camera.give(0)
        await running(first)
        with pytest.raises(Busy, match="cannot wait"):
            accept(jobs, Camera())
        jobs.cancel(first.id)
        await settle(first)
        await jobs.stop()

    asyncio.run(scenario())
