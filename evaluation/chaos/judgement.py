"""What became of everything that was accepted, and whether the reasons that are told are true."""

import json
import time
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from evaluation.chaos.faults import Fault
from evaluation.chaos.trio import ATTEMPTS, Trio
from evaluation.chaos.uploads import Uploads
from semvid.video.probe import probe
from semvid.video.reader import read_frames

_FINAL_VIDEO = frozenset({"SUCCEEDED", "TRUNCATED", "FAILED"})
_FINAL_JOB = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_SETTLE_S = 900.0  # after the last fault; longer is stuck
_ANSWER_S = 120.0
# A peer that vanished is found after 30 s (keepalive), and a burst that was on its way then is waited for.
_FELT_FOR_S = 90.0
_LINK_KINDS = frozenset({"cut", "hold up", "delay"})


def judge(trio: Trio, uploads: Uploads, faults: list[Fault]) -> dict[str, Any]:
    """The account of one round, JSON-ready; ``broken`` lists promises that were not kept."""
    broken = [f"{one} answers to two keys" for one in uploads.doubled]
    if uploads.refused is not None:
        broken.append(f"an upload was refused: {uploads.refused}")
    broken += [f"{one} is stuck" for one in _settle(trio, set(uploads.accepted))]
    jobs = {job["id"]: job for job in _all_of(f"{trio.transmitter}/v1/transmissions", "transmissions")}
    listed = Counter(video["id"] for video in _all_of(f"{trio.receiver}/v1/videos", "videos"))
    broken += [f"{one} was never asked for" for one in set(jobs) - set(uploads.accepted)]
    broken += [f"video {one} is nobody's" for one in set(listed) - set(jobs)]
    broken += [f"video {one} is there {n} times" for one, n in listed.items() if n > 1]
    outcomes, attempts = Counter[str](), Counter[int]()
    failed_at = _failures(trio.log("transmitter"))
    for job_id, frames in uploads.accepted.items():
        job = jobs.get(job_id)
        if job is None:
            broken.append(f"{job_id} is lost")
            continue
        attempts[job["attempts"]] += 1
        video = get(f"{trio.receiver}/v1/videos/{job_id}")
        outcome, wrong = _outcome(trio, job, video, frames, faults, failed_at.get(job_id))
        outcomes[outcome] += 1
        broken += [f"{job_id}: {one}" for one in wrong]
    kept = [f"{path.parent.name}/{path.name}" for path in (trio.folder / "transmitter").glob("*/upload.*")]
    broken += [f"{path} was left behind" for path in kept]
    return {
        "accepted": len(uploads.accepted),
        "repeated_uploads": uploads.repeated,
        "outcomes": dict(sorted(outcomes.items())),
        "attempts": {str(n): count for n, count in sorted(attempts.items())},
        "broken": broken,
    }


def _outcome(
    trio: Trio,
    job: dict[str, Any],
    video: dict[str, Any] | None,
    frames: int,
    faults: list[Fault],
    failed_at: float | None,
) -> tuple[str, list[str]]:
    """What became of one job, in words, and what is wrong with that."""
    if job["state"] == "SUCCEEDED":
        if video is None or video["state"] != "SUCCEEDED":
            told = "no video" if video is None else f"a video {video['state']} ({video['error']})"
            return "succeeded without its video", [f"it succeeded and the receiver has {told}"]
        there = _frames_of(trio, job["id"])
        return "whole", [] if there == frames else [f"it has {there} of {frames} frames"]
    reason = str((job["error"] or {}).get("detail", ""))
    wrong = [] if _explained(reason, job, faults, failed_at) else [f"failed, and nothing explains {reason!r}"]
    if video is not None and video["state"] == "SUCCEEDED":
        return "failed after the receiver had all of it", wrong
    return "failed", wrong


def _explained(reason: str, job: dict[str, Any], faults: list[Fault], failed_at: float | None) -> bool:
    """Whether a fault of the kind that ``reason`` tells was felt when the job failed."""
    if failed_at is None:  # it ended while the transmitter started, and that is told otherwise
        return reason.startswith("the transmitter was stopped") and job["failures"] >= ATTEMPTS
    felt = [fault for fault in faults if fault.at <= failed_at <= fault.until + _FELT_FOR_S]
    if "is full" in reason or "No space left" in reason:
        return any(fault.kind == "fill" for fault in felt)
    if not reason.startswith("link to "):
        return False
    return any(fault.kind in _LINK_KINDS or fault.target not in ("transmitter",) for fault in felt)


def _failures(log: Path) -> dict[str, float]:
    """When each transmission failed last, by the transmitter's log, Unix time."""
    found = {}
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            event = json.loads(line)
        except ValueError:  # a line that a kill cut short
            continue
        if str(event.get("event", "")).startswith("transmission failed"):
            found[event["transmission_id"]] = datetime.fromisoformat(event["timestamp"]).timestamp()
    return found


def get(url: str) -> Any:
    """JSON of ``url``, asked until it answers; None where that is an error.

    Raises:
        httpx.HTTPError: nobody answered for two minutes.
    """
    deadline = time.monotonic() + _ANSWER_S
    while True:
        try:
            answer = httpx.get(url, timeout=30)
            return answer.json() if answer.status_code == 200 else None
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _all_of(url: str, name: str) -> list[dict[str, Any]]:
    """A whole list, page by page."""
    found, offset = list[dict[str, Any]](), 0
    while offset is not None:
        page = get(f"{url}?limit=100&offset={offset}")
        found += page[name]
        offset = page["next_offset"]
    return found


def _settle(trio: Trio, ids: Collection[str]) -> list[str]:
    """Waits until everything is over; ids that are not."""
    deadline = time.monotonic() + _SETTLE_S
    while True:
        trio.check()
        jobs = _all_of(f"{trio.transmitter}/v1/transmissions", "transmissions")
        videos = _all_of(f"{trio.receiver}/v1/videos", "videos")
        stuck = [job["id"] for job in jobs if job["id"] in ids and job["state"] not in _FINAL_JOB]
        stuck += [video["id"] for video in videos if video["state"] not in _FINAL_VIDEO]
        if not stuck or time.monotonic() > deadline:
            return sorted(set(stuck))
        time.sleep(1.0)


def _frames_of(trio: Trio, job_id: str) -> int:
    """Frames of a video as they decode."""
    path = trio.folder / "back.mp4"
    path.write_bytes(httpx.get(f"{trio.receiver}/v1/videos/{job_id}/content", timeout=60).content)
    return sum(1 for _ in read_frames(path, probe(path)))
