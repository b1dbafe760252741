from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from semvid.errors import Busy, Conflict, InvalidInput, LinkFailed, NotFound, TransmissionFailed
from semvid.options import TransmissionOptions
from transmitter.job import Job
from transmitter.jobs import JobQueue, Retries
from transmitter.store import State

OPTIONS = TransmissionOptions()
SOURCE = {"width": 1, "height": 1, "frame_rate": 1.0, "duration_s": 1.0, "frames": 1, "codec": "h264"}
SOON = Retries(attempts=3, pause_s=0.02, longest_pause_s=0.05)


def queue(folder: Path, run: Any, retries: Retries = SOON, **bounds: int) -> JobQueue:
    sizes = {"concurrent": 1, "waiting": 2, "kept": 10} | bounds
    return JobQueue(folder, run, on_end=lambda state: None, retries=retries, **sizes)


def accept(jobs: JobQueue, key: str | None = None) -> Job:
    with jobs.places.place(key) as place, jobs.upload(place) as folder:
        (folder / "upload").write_bytes(b"video")
        job = Job(place.job_id, OPTIONS, SOURCE, folder=folder, idempotency_key=key)
        jobs.accept(job)
    return job


async def settle(job: Job) -> State:
    async with asyncio.timeout(5):
        while not job.state.final:
            await asyncio.sleep(0.005)
    return job.state


async def running(job: Job) -> None:
    async with asyncio.timeout(5):
        while job.state is not State.RUNNING:
            await asyncio.sleep(0.005)


async def at_work(job: Job) -> None:
    await asyncio.sleep(30)


async def at_once(job: Job) -> None:
    job.advance("sending", 0.5, cbr=1e-4)


def run(scenario: Callable[[], Any]) -> Any:
    return asyncio.run(scenario())


def after_a_restart(folder: Path, job_id: str, work: Any = at_once, **given: Any) -> Job:
    async def scenario() -> Job:
        jobs = queue(folder, work, **given)
        await jobs.start()
        job = jobs.get(job_id)
        await settle(job)
        await jobs.stop()
        return job

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
    assert not job.upload.exists()
    again = after_a_restart(tmp_path, job.id, at_work).resource()
    assert again == job.resource()
    assert (again["state"], again["progress"], again["cbr"], again["attempts"]) == ("SUCCEEDED", 1.0, 1e-4, 1)


def test_errors_become_the_jobs_problem_at_once(tmp_path: Path) -> None:
    async def breaks_off(job: Job) -> None:
        job.on_air = True
        raise LinkFailed("in the middle")

    async def fails(job: Job) -> None:
        raise TransmissionFailed("the header never arrived")

    async def refused(job: Job) -> None:
        raise InvalidInput("the receiver cannot draw from a caption alone")

    async def breaks(job: Job) -> None:
        raise KeyError("oops")

    async def fills_the_disk(job: Job) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def scenario(work: Any) -> dict[str, Any]:
        jobs = queue(tmp_path, work)
        await jobs.start()
        job = accept(jobs)
        await settle(job)
        await jobs.stop()
        assert (job.state, job.attempts) == (State.FAILED, 1)
        return job.error or {}

    assert asyncio.run(scenario(breaks_off))["code"] == "LINK_FAILED"
    assert asyncio.run(scenario(fails))["code"] == "TRANSMISSION_FAILED"
    assert asyncio.run(scenario(refused))["code"] == "INVALID_INPUT"
    assert "KeyError" in asyncio.run(scenario(breaks))["detail"]
    assert asyncio.run(scenario(fills_the_disk))["code"] == "STORAGE_FULL"


@pytest.mark.parametrize("error", [LinkFailed("nobody there"), Busy("the receiver works on 4 videos")])
def test_what_could_not_begin_is_tried_again_and_keeps_its_upload(tmp_path: Path, error: Exception) -> None:
    begun: list[tuple[float, bool, int]] = []

    async def work(job: Job) -> None:
        begun.append((time.monotonic(), job.upload.exists(), job.attempts))
        if len(begun) < 3:
            job.advance("opening the link", 0.0, total_symbols=3)
            raise error
        assert job.facts == {}

    async def scenario() -> Job:
        jobs = queue(tmp_path, work)
        await jobs.start()
        job = accept(jobs)
        await settle(job)
        await jobs.stop()
        return job

    job = run(scenario)
    assert (job.state, job.attempts, job.reason) == (State.SUCCEEDED, 3, str(error))
    assert [there for _, there, _ in begun] == [True] * 3
    assert [attempt for _, _, attempt in begun] == [1, 2, 3]
    assert begun[1][0] - begun[0][0] >= 0.02
    assert begun[2][0] - begun[1][0] >= 0.04


def test_the_last_attempt_says_why_and_which_it_was(tmp_path: Path) -> None:
    async def nobody(job: Job) -> None:
        raise LinkFailed("nobody there")

    async def scenario() -> Job:
        jobs = queue(tmp_path, nobody)
        await jobs.start()
        job = accept(jobs)
        await settle(job)
        await jobs.stop()
        return job

    job = run(scenario)
    assert job.state is State.FAILED
    assert (job.error or {})["detail"] == "nobody there (attempt 3 of 3)"


def test_pauses_double_up_to_the_longest() -> None:
    retries = Retries(attempts=9, pause_s=2.0, longest_pause_s=10.0)
    assert [retries.pause_after(n) for n in (1, 2, 3, 4, 2000)] == [2.0, 4.0, 8.0, 10.0, 10.0]


def test_one_that_pauses_lets_others_pass_and_says_when_it_goes_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        down: list[Job] = []

        async def work(job: Job) -> None:
            if job in down:
                raise LinkFailed("nobody there")

        jobs = queue(tmp_path, work, Retries(3, pause_s=60.0, longest_pause_s=60.0))
        await jobs.start()
        first = accept(jobs)
        down.append(first)
        second = accept(jobs)
        assert await settle(second) is State.SUCCEEDED
        shown = first.resource()
        assert (shown["state"], shown["retry_reason"]) == ("ACCEPTED", "nobody there")
        assert shown["retry_at"] > first.created_at
        jobs.cancel(first.id)
        assert first.state is State.CANCELLED
        await jobs.stop()

    run(scenario)


def test_the_queue_is_bounded_before_uploads_arrive(tmp_path: Path) -> None:
    async def scenario() -> None:
        jobs = queue(tmp_path, at_work, waiting=2)
        await jobs.start()
        first = accept(jobs)
        await running(first)
        accept(jobs)
        with jobs.places.place(), pytest.raises(Busy, match="2 transmissions wait"), jobs.places.place():
            pass
        accept(jobs)
        with pytest.raises(Busy, match="2 transmissions wait"), jobs.places.place():
            pass
        await jobs.stop()

    run(scenario)


def test_of_200_uploads_at_once_as_many_are_taken_as_there_are_places(tmp_path: Path) -> None:
    async def scenario() -> None:
        jobs = queue(tmp_path, at_work, waiting=5, concurrent=2)
        await jobs.start()
        with ExitStack() as stack:
            refused = 0
            for _ in range(200):
                try:
                    stack.enter_context(jobs.places.place())
                except Busy:
                    refused += 1
        assert refused == 193
        assert list(tmp_path.glob("*/")) == []
        await jobs.stop()

    run(scenario)


def test_an_upload_that_comes_to_nothing_leaves_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        jobs = queue(tmp_path, at_once)
        await jobs.start()
        with suppress(InvalidInput), jobs.places.place() as place, jobs.upload(place) as folder:
            (folder / "upload").write_bytes(b"no video")
            raise InvalidInput("no video")
        assert not folder.exists()
        assert jobs.newest_first() == jobs._store.leftovers() == []
        await jobs.stop()

    run(scenario)


def test_one_key_is_one_job_even_while_it_arrives_and_after_a_restart(tmp_path: Path) -> None:
    async def scenario(first: str | None) -> str:
        jobs = queue(tmp_path, at_work, waiting=0)
        await jobs.start()
        if first is None:
            with (
                jobs.places.place("k") as place,
                pytest.raises(Conflict, match="under way"),
                jobs.places.place("k"),
            ):
                assert place.known is None
            first = accept(jobs, "k").id
        with jobs.places.place("k") as place:  # although the queue is full
            assert (place.known or 0) is jobs.get(first)
        await jobs.stop()
        return first

    asyncio.run(scenario(asyncio.run(scenario(None))))


def test_running_and_queued_jobs_can_be_cancelled_but_not_finished_ones(tmp_path: Path) -> None:
    async def scenario() -> None:
        jobs = queue(tmp_path, at_work)
        await jobs.start()
        first, waiting = accept(jobs), accept(jobs)
        await running(first)
        jobs.cancel(waiting.id)
        jobs.cancel(first.id)
        assert await settle(first) is State.CANCELLED
        assert waiting.state is State.CANCELLED
        assert not first.upload.exists()
        with pytest.raises(Conflict):
            jobs.cancel(first.id)
        with pytest.raises(NotFound):
            jobs.cancel("nobody")
        await jobs.stop()

    run(scenario)


def killed(jobs: JobQueue) -> None:
    """What SIGKILL leaves: nobody gets to say anything any more."""
    jobs._store.close()
    for worker in jobs._workers:
        worker.cancel()
    for task in jobs._running.values():
        task.cancel()


def left_behind(folder: Path, scene: Callable[[JobQueue, Job], None], work: Any = at_work) -> str:
    """Id of a job that ran when its transmitter was killed, after ``scene``."""

    async def scenario() -> str:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        jobs = queue(folder, work)
        await jobs.start()
        job = accept(jobs)
        await running(job)
        scene(jobs, job)
        killed(jobs)
        return job.id

    return asyncio.run(scenario())


def test_what_ran_when_the_transmitter_was_killed_runs_anew(tmp_path: Path) -> None:
    job_id = left_behind(tmp_path, lambda jobs, job: None)
    job = after_a_restart(tmp_path, job_id)
    assert (job.state, job.attempts, job.failures) == (State.SUCCEEDED, 2, 1)
    assert "stopped while it ran" in (job.reason or "")


def test_one_that_kills_the_transmitter_each_time_is_given_up(tmp_path: Path) -> None:
    job_id = left_behind(tmp_path, lambda jobs, job: None)
    job = after_a_restart(tmp_path, job_id, retries=Retries(1, 1.0, 1.0))
    assert job.state is State.FAILED
    assert "stopped while it ran (attempt 1 of 1)" in (job.error or {})["detail"]


def test_a_cancellation_holds_even_where_the_transmitter_is_killed_right_after(tmp_path: Path) -> None:
    job_id = left_behind(tmp_path, lambda jobs, job: jobs.cancel(job.id) and None)
    assert after_a_restart(tmp_path, job_id).state is State.CANCELLED
    assert not (tmp_path / job_id / "upload").exists()


def test_what_is_stopped_in_good_order_goes_on_and_that_counts_as_no_failure(tmp_path: Path) -> None:
    async def before() -> tuple[str, str]:
        jobs = queue(tmp_path, at_work)
        await jobs.start()
        first, waiting = accept(jobs), accept(jobs)
        await running(first)
        await jobs.stop()
        return first.id, waiting.id

    ran, waited = asyncio.run(before())
    job = after_a_restart(tmp_path, ran)
    assert (job.state, job.attempts, job.failures) == (State.SUCCEEDED, 2, 0)
    assert after_a_restart(tmp_path, waited).state is State.SUCCEEDED


def test_half_an_upload_goes_at_the_next_start_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    def half_an_upload(jobs: JobQueue, job: Job) -> None:
        jobs._store.begin_upload("00112233445566ff")
        (tmp_path / "00112233445566ff").mkdir()
        (tmp_path / "00112233445566ff" / "upload").write_bytes(b"half")

    foreign = [tmp_path / "0123456789abcdef" / "upload", tmp_path / "photos" / "upload", tmp_path / "a.txt"]
    for path in foreign:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"somebody's")
    job_id = left_behind(tmp_path, half_an_upload)
    after_a_restart(tmp_path, job_id)
    assert not (tmp_path / "00112233445566ff").exists()
    assert [path.read_bytes() for path in foreign] == [b"somebody's"] * 3


def test_a_job_whose_upload_is_gone_says_so(tmp_path: Path) -> None:
    job_id = left_behind(tmp_path, lambda jobs, job: job.upload.unlink())
    job = after_a_restart(tmp_path, job_id)
    assert job.state is State.FAILED
    assert "upload is gone" in (job.error or {})["detail"]


def test_only_so_many_finished_jobs_are_kept(tmp_path: Path) -> None:
    async def scenario() -> tuple[int, int]:
        jobs = queue(tmp_path, at_once, kept=2)
        await jobs.start()
        for _ in range(5):
            await settle(accept(jobs, f"key {_}"))
        accept(jobs)
        assert len(jobs._by_key) == 2
        await jobs.stop()
        again = queue(tmp_path, at_work)
        await again.start()
        kept = len(again.newest_first())
        await again.stop()
        return kept, len(list(tmp_path.glob("*/")))

    assert run(scenario) == (3, 3)  # two finished and the newest


def test_a_disk_that_is_full_when_a_job_begins_makes_it_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transmitter.jobs._STORE_AGAIN_S", 0.02)

    async def scenario() -> Job:
        jobs = queue(tmp_path, at_once)
        await jobs.start()
        pages = jobs._store._db.execute("PRAGMA page_count").fetchone()[0]
        job = accept(jobs)
        job.source["codec"] = "x" * 100_000  # its row needs pages that there are not
        jobs._store._db.execute(f"PRAGMA max_page_count = {pages}")
        async with asyncio.timeout(5):
            while job.reason is None:
                await asyncio.sleep(0.005)
        assert "full" in job.reason
        assert job.state is not State.RUNNING
        jobs._store._db.execute("PRAGMA max_page_count = 100000")
        await settle(job)
        await jobs.stop()
        return job

    job = run(scenario)
    assert (job.state, job.attempts) == (State.SUCCEEDED, 1)


def test_events_tell_every_state(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        jobs = queue(tmp_path, at_once)
        await jobs.start()
        job = accept(jobs)
        states = [event.data["state"] async for event in job.events.follow() if event.event == "state"]
        await jobs.stop()
        return states

    assert run(scenario) == ["ACCEPTED", "RUNNING", "SUCCEEDED"]


def test_sources_of_finished_jobs_are_kept_up_to_a_bound_the_newest_first(tmp_path: Path) -> None:
    async def scenario() -> tuple[list[Job], Job]:
        jobs = queue(tmp_path, at_once, kept_source_bytes=10)  # each has 5 bytes
        await jobs.start()
        ended = []
        for _ in range(3):
            ended.append(accept(jobs))
            await settle(ended[-1])
        jobs._run = at_work
        running = accept(jobs)
        while running.state is not State.RUNNING:
            await asyncio.sleep(0.005)
        assert running.upload.exists()
        await jobs.stop()
        return ended, running

    (oldest, *newer), running = run(scenario)
    assert not oldest.upload.exists()
    assert [job.upload.exists() for job in (*newer, running)] == [True, True, True]
