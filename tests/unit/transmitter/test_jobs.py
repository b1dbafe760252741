from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semvid.errors import Busy, Conflict, NotFound, TransmissionFailed
from semvid.options import TransmissionOptions
from transmitter.jobs import Job, JobQueue, State

OPTIONS = TransmissionOptions()
SOURCE = {"width": 1, "height": 1, "frame_rate": 1.0, "duration_s": 1.0, "frames": 1, "codec": "h264"}


def queue(folder: Path, run: Any, **bounds: int) -> JobQueue:
    sizes = {"concurrent": 1, "waiting": 2, "kept": 10} | bounds
    return JobQueue(folder, run, on_end=lambda state: None, **sizes)


def accept(jobs: JobQueue) -> Job:
    folder = jobs.new_folder()
    (folder / "upload").write_bytes(b"video")
    return jobs.accept(folder, OPTIONS, SOURCE)


async def settle(job: Job) -> State:
    async with asyncio.timeout(5):
        while not job.state.final:
            await asyncio.sleep(0.005)
    return job.state


async def at_work(job: Job) -> None:
    await asyncio.sleep(30)


async def at_once(job: Job) -> None:
    job.advance("sending", 0.5, cbr=1e-4)


def run(scenario: Callable[[], Any]) -> Any:
    return asyncio.run(scenario())


def test_a_job_succeeds_and_its_upload_goes(tmp_path: Path) -> None:
    async def scenario() -> Job:
        jobs = queue(tmp_path, at_once)
        await jobs.start()
        job = accept(jobs)
        await settle(job)
        await jobs.stop()
        return job

    job = run(scenario)
    record = json.loads((job.folder / "job.json").read_text())
    assert (record["state"], record["progress"], record["cbr"]) == ("SUCCEEDED", 1.0, 1e-4)
    assert not job.upload.exists()


def test_errors_become_the_jobs_problem(tmp_path: Path) -> None:
    async def fails(job: Job) -> None:
        raise TransmissionFailed("the header never arrived")

    async def breaks(job: Job) -> None:
        raise KeyError("oops")

    async def scenario(work: Any) -> dict[str, Any]:
        jobs = queue(tmp_path, work)
        await jobs.start()
        job = accept(jobs)
        await settle(job)
        await jobs.stop()
        assert job.state is State.FAILED
        return job.error or {}

    assert asyncio.run(scenario(fails))["code"] == "TRANSMISSION_FAILED"
    assert "KeyError" in asyncio.run(scenario(breaks))["detail"]


def test_the_queue_is_bounded_at_its_limit_and_one_past_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        jobs = queue(tmp_path, at_work, waiting=2)
        await jobs.start()
        first = accept(jobs)
        while first.state is not State.RUNNING:
            await asyncio.sleep(0.005)
        accept(jobs)
        accept(jobs)
        with pytest.raises(Busy, match="2 transmissions wait"):
            jobs.new_folder()
        await jobs.stop()

    run(scenario)


def test_running_and_queued_jobs_can_be_cancelled_but_not_finished_ones(tmp_path: Path) -> None:
    async def scenario() -> None:
        jobs = queue(tmp_path, at_work)
        await jobs.start()
        running, waiting = accept(jobs), accept(jobs)
        while running.state is not State.RUNNING:
            await asyncio.sleep(0.005)
        jobs.cancel(waiting.id)
        jobs.cancel(running.id)
        assert await settle(running) is State.CANCELLED
        assert waiting.state is State.CANCELLED
        with pytest.raises(Conflict):
            jobs.cancel(running.id)
        with pytest.raises(NotFound):
            jobs.cancel("nobody")
        await jobs.stop()

    run(scenario)


def test_a_restart_ends_what_ran_and_runs_what_waited(tmp_path: Path) -> None:
    async def before() -> tuple[str, str]:
        jobs = queue(tmp_path, at_work)
        await jobs.start()
        running, waiting = accept(jobs), accept(jobs)
        while running.state is not State.RUNNING:
            await asyncio.sleep(0.005)
        record = (running.folder / "job.json").read_text()
        await jobs.stop()
        (running.folder / "job.json").write_text(record)  # as a killed process would have left it
        return running.id, waiting.id

    async def after(running: str, waiting: str) -> tuple[Job, Job]:
        jobs = queue(tmp_path, at_once)
        await jobs.start()
        await settle(jobs.get(waiting))
        await jobs.stop()
        return jobs.get(running), jobs.get(waiting)

    ran, waited = asyncio.run(after(*asyncio.run(before())))
    assert ran.state is State.FAILED
    assert "stopped while it ran" in (ran.error or {})["detail"]
    assert waited.state is State.SUCCEEDED


def test_uploads_that_were_never_accepted_are_removed(tmp_path: Path) -> None:
    async def scenario() -> None:
        halfway = tmp_path / "0123456789abcdef"
        for folder in (halfway, tmp_path / "photos"):
            folder.mkdir()
            (folder / "upload").write_bytes(b"half")
        jobs = queue(tmp_path, at_once)
        await jobs.start()
        assert not halfway.exists()
        assert (tmp_path / "photos" / "upload").exists()  # somebody else's
        await jobs.stop()

    run(scenario)


def test_only_so_many_finished_jobs_are_kept(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        jobs = queue(tmp_path, at_once, kept=2)
        await jobs.start()
        for _ in range(5):
            await settle(accept(jobs))
        accept(jobs)
        await jobs.stop()
        return [path.parent.name for path in tmp_path.glob("*/job.json")]

    assert len(run(scenario)) == 3  # two finished and the newest


def test_events_tell_every_state(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        jobs = queue(tmp_path, at_once)
        await jobs.start()
        job = accept(jobs)
        states = [event.data["state"] async for event in job.events.follow() if event.event == "state"]
        await jobs.stop()
        return states

    assert run(scenario) == ["QUEUED", "RUNNING", "SUCCEEDED"]
