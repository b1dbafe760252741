"""Kills transmitter, channel and receiver at random while videos are handed in; what becomes of each?

    python scripts/chaos.py --kills 100 --seed 1

Every video that was accepted must end SUCCEEDED with all of its frames, or FAILED with a reason that a kill
of channel or receiver explains; none may be lost, doubled or stuck. A receiver that is killed while it
regenerates leaves a video that ends early and says so; those are counted apart. The seed draws victims,
moments and clips; how the processes interleave is the machine's. Exit code 1 where a promise was broken.
"""

import json
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import httpx
import numpy as np
import typer

from console.local_services import ServiceProcess
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter

HOST = "127.0.0.1"
SERVICES = ("receiver", "channel", "transmitter")
FINAL_VIDEO = {"SUCCEEDED", "TRUNCATED", "FAILED"}
FINAL_JOB = {"SUCCEEDED", "FAILED", "CANCELLED"}
LENGTHS = (6, 24, 48, 96)  # frames of the clips
SETTLE_S = 600.0  # after the last kill; longer is stuck
KILL_AFTER_S = (0.2, 6.0)
DOWN_S = (0.0, 2.0)


class Trio:
    """The three services on fixed ports, under a supervisor that starts again what was killed."""

    def __init__(self, folder: Path) -> None:
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(4)]
            for one in sockets:
                one.bind((HOST, 0))
            rest_t, rest_r, link_c, link_r = (one.getsockname()[1] for one in sockets)
        self.folder = folder
        self.transmitter, self.receiver = f"http://{HOST}:{rest_t}", f"http://{HOST}:{rest_r}"
        self._environments = {
            "receiver": {
                "SEMVID_RECEIVER_PORT": str(rest_r),
                "SEMVID_RECEIVER_LINK_ADDRESS": f"{HOST}:{link_r}",
                "SEMVID_RECEIVER_DATA_DIR": str(folder / "receiver"),
                "SEMVID_RECEIVER_KEPT_VIDEOS": "100000",
            },
            "channel": {
                "SEMVID_CHANNEL_LISTEN": f"{HOST}:{link_c}",
                "SEMVID_CHANNEL_RECEIVER": f"{HOST}:{link_r}",
            },
            "transmitter": {
                "SEMVID_TRANSMITTER_PORT": str(rest_t),
                "SEMVID_TRANSMITTER_LINK_TARGET": f"{HOST}:{link_c}",
                "SEMVID_TRANSMITTER_DATA_DIR": str(folder / "transmitter"),
                "SEMVID_TRANSMITTER_RETRY_PAUSE_S": "0.5",
                "SEMVID_TRANSMITTER_LONGEST_RETRY_PAUSE_S": "5",
                "SEMVID_TRANSMITTER_ATTEMPTS": "50",
                "SEMVID_TRANSMITTER_QUEUE_LENGTH": "4",
            },
        }
        self._processes: dict[str, ServiceProcess] = {}

    def start(self, service: str) -> None:
        environment = {**self._environments[service], "OMP_NUM_THREADS": "1"}
        log = self.folder / f"{service}.log"
        self._processes[service] = ServiceProcess(service, environment, log)

    def kill(self, service: str) -> None:
        os.killpg(self._processes[service].pid, signal.SIGKILL)
        self._processes[service].stop()

    def stop(self) -> None:
        for process in self._processes.values():
            process.stop()

    def check(self) -> None:
        """Raises LinkFailed where one ended that nobody had killed."""
        for process in self._processes.values():
            process.check()


class Uploads:
    """Hands in clips in a thread of its own, each under a key, until the transmitter has taken it."""

    def __init__(self, trio: Trio, clips: list[Path], seed: int) -> None:
        self.accepted: dict[str, int] = {}  # id: frames
        self.repeated = 0
        self.doubled: list[str] = []
        self._trio, self._clips, self._random = trio, clips, random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Uploads":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._over.is_set():
            clip = self._random.randrange(len(self._clips))
            self._hand_in(f"clip-{number}", self._clips[clip], LENGTHS[clip])
            number += 1

    def _hand_in(self, key: str, clip: Path, frames: int) -> None:
        with httpx.Client(timeout=30) as http:
            while True:  # also where all is over: what may have been accepted must be known
                with suppress(httpx.HTTPError), clip.open("rb") as file:
                    answer = http.post(
                        f"{self._trio.transmitter}/v1/transmissions",
                        files={"file": (clip.name, file)},
                        headers={"Idempotency-Key": key},
                    )
                    if answer.status_code == 202:
                        job_id = str(answer.json()["id"])
                        if job_id in self.accepted:
                            self.doubled.append(job_id)
                        self.accepted[job_id] = frames
                        return
                    if answer.status_code not in (409, 503):
                        raise RuntimeError(f"{answer.status_code}: {answer.text}")
                self.repeated += 1
                time.sleep(0.2)


def make_clips(folder: Path) -> list[Path]:
    """Small clips with something that moves, one for each of `LENGTHS`."""
    paths = []
    for frames in LENGTHS:
        path = folder / f"{frames}.mp4"
        with VideoWriter(path, 128, 80, Fraction(1, 24)) as writer:
            for index in range(frames):
                picture = np.full((80, 128, 3), 60, np.uint8)
                picture[:, :, 0] += np.arange(128, dtype=np.uint8)
                left = 4 + index % 100
                picture[30:50, left : left + 20] = (230, 220, 40)
                writer.append(picture, index)
        paths.append(path)
    return paths


def get(url: str) -> Any:
    """JSON of ``url``, asked until it answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            answer = httpx.get(url, timeout=30)
            return answer.json() if answer.status_code == 200 else None
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def all_of(url: str, name: str) -> list[dict[str, Any]]:
    """A whole list, page by page."""
    found, offset = list[dict[str, Any]](), 0
    while offset is not None:
        page = get(f"{url}?limit=100&offset={offset}")
        found += page[name]
        offset = page["next_offset"]
    return found


def settle(trio: Trio, ids: set[str]) -> list[str]:
    """Waits until everything is over; ids that are not."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        trio.check()
        jobs = all_of(f"{trio.transmitter}/v1/transmissions", "transmissions")
        videos = all_of(f"{trio.receiver}/v1/videos", "videos")
        stuck = [job["id"] for job in jobs if job["id"] in ids and job["state"] not in FINAL_JOB]
        stuck += [video["id"] for video in videos if video["state"] not in FINAL_VIDEO]
        if not stuck or time.monotonic() > deadline:
            return sorted(set(stuck))
        time.sleep(0.5)


def frames_of(trio: Trio, job_id: str, folder: Path) -> int:
    """Frames of a video as they decode."""
    path = folder / "back.mp4"
    path.write_bytes(httpx.get(f"{trio.receiver}/v1/videos/{job_id}/content", timeout=60).content)
    return sum(1 for _ in read_frames(path, probe(path)))


def judge(trio: Trio, uploads: Uploads, kills: Counter[str], folder: Path) -> dict[str, Any]:
    """What became of everything; ``broken`` lists broken promises."""
    broken = [f"{one} answers to two keys" for one in uploads.doubled]
    broken += [f"{one} is stuck" for one in settle(trio, set(uploads.accepted))]
    jobs = {job["id"]: job for job in all_of(f"{trio.transmitter}/v1/transmissions", "transmissions")}
    listed = Counter(video["id"] for video in all_of(f"{trio.receiver}/v1/videos", "videos"))
    broken += [f"{one} was never asked for" for one in set(jobs) - set(uploads.accepted)]
    broken += [f"video {one} is nobody's" for one in set(listed) - set(jobs)]
    broken += [f"video {one} is there {n} times" for one, n in listed.items() if n > 1]
    outcomes = Counter[str]()
    attempts = Counter[int]()
    for job_id, frames in uploads.accepted.items():
        job, video = jobs.get(job_id), get(f"{trio.receiver}/v1/videos/{job_id}")
        if job is None:
            broken.append(f"{job_id} is lost")
            continue
        attempts[job["attempts"]] += 1
        reason = str((job["error"] or {}).get("detail", ""))
        told = str(((video or {}).get("error") or {}).get("detail", ""))
        if job["state"] == "FAILED":
            outcomes["failed with the link"] += 1
            if not reason.startswith("link to ") or not kills["channel"] + kills["receiver"]:
                broken.append(f"{job_id} failed, and no kill explains it: {reason!r}")
        elif video is None:
            broken.append(f"{job_id} succeeded and has no video")
        elif video["state"] == "SUCCEEDED":
            outcomes["whole"] += 1
            if (there := frames_of(trio, job_id, folder)) != frames:
                broken.append(f"{job_id} has {there} of {frames} frames")
        else:
            outcomes["cut short at the receiver"] += 1
            if "the receiver was stopped" not in told or not kills["receiver"]:
                broken.append(f"{job_id} is {video['state']}, and no kill explains it: {told!r}")
    kept = [str(path) for path in (folder / "transmitter").glob("*/upload*")]
    broken += [f"{path} was left behind" for path in kept]
    return {
        "kills": dict(kills),
        "accepted": len(uploads.accepted),
        "repeated_uploads": uploads.repeated,
        "outcomes": dict(outcomes),
        "attempts": {str(n): count for n, count in sorted(attempts.items())},
        "broken": broken,
    }


def main(
    kills: Annotated[int, typer.Option(min=1, help="how many")] = 30,
    seed: Annotated[int, typer.Option(help="of victims, moments and clips")] = 1,
    folder: Annotated[Path | None, typer.Option(help="for logs and data; a temporary one by default")] = None,
) -> None:
    """Breaks things and prints what became of them, as JSON."""
    draw, killed = random.Random(seed), Counter[str]()
    with ExitStack() as stack:
        where = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="semvid-chaos-")))
        where.mkdir(parents=True, exist_ok=True)
        trio = Trio(where)
        stack.callback(trio.stop)
        for service in SERVICES:
            trio.start(service)
        started = time.monotonic()
        with Uploads(trio, make_clips(where), seed) as uploads:
            while get(f"{trio.transmitter}/healthz") is None or not uploads.accepted:
                time.sleep(0.1)
            while killed.total() < kills:
                time.sleep(draw.uniform(*KILL_AFTER_S))
                trio.check()
                victim = draw.choice(SERVICES)
                trio.kill(victim)
                killed[victim] += 1
                time.sleep(draw.uniform(*DOWN_S))
                trio.start(victim)
        result = judge(trio, uploads, killed, where)
    print(json.dumps({"seed": seed, "seconds": round(time.monotonic() - started, 1), **result}, indent=2))
    sys.exit(1 if result["broken"] else 0)


if __name__ == "__main__":
    typer.run(main)
