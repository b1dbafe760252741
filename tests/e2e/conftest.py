"""Three services as processes that a test may kill and start again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

import httpx
import pytest

from semvid.video.writer import VideoWriter
from tests.synthetic_clip import clip_frames, write_clip

HOST = "127.0.0.1"
LONG = 120  # frames of the clip in whose middle services are killed
QUICK = '{"coding_time": 0.1}'  # fast presets; test_demo.py and test_live.py take the default
SMALL = (192, 112)  # pixels: what most tests show shows at any size


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.1)


class Trio:
    """Transmitter, channel and receiver on fixed ports of the loopback interface."""

    def __init__(self, folder: Path, **settings: str) -> None:
        rest_t, rest_r, rest_c, link_c, link_r = free_ports(5)
        self.folder = folder
        self.transmitter = f"http://{HOST}:{rest_t}"
        self.receiver = f"http://{HOST}:{rest_r}"
        self.link = f"{HOST}:{link_c}"
        self.receiver_link = f"{HOST}:{link_r}"
        self._ready = {
            "receiver": f"{self.receiver}/readyz",
            "channel": f"http://{HOST}:{rest_c}/readyz",
            "transmitter": f"{self.transmitter}/readyz",
        }
        self._environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "SEMVID_RECEIVER_PORT": str(rest_r),
            "SEMVID_RECEIVER_LINK_ADDRESS": self.receiver_link,
            "SEMVID_RECEIVER_DATA_DIR": str(folder / "receiver"),
            "SEMVID_RECEIVER_ALLOWED_ORIGINS": self.transmitter,
            "SEMVID_CHANNEL_LISTEN": self.link,
            "SEMVID_CHANNEL_RECEIVER": self.receiver_link,
            "SEMVID_CHANNEL_HTTP_PORT": str(rest_c),
            "SEMVID_TRANSMITTER_PORT": str(rest_t),
            "SEMVID_TRANSMITTER_LINK_TARGET": self.link,
            "SEMVID_TRANSMITTER_DATA_DIR": str(folder / "transmitter"),
            "SEMVID_TRANSMITTER_RECEIVER_URL": self.receiver,
            **settings,
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._http = httpx.Client(timeout=30)

    def start(self, service: str) -> None:
        with (self.folder / f"{service}.log").open("ab") as log:
            self.processes[service] = subprocess.Popen(
                [sys.executable, "-m", service], env=self._environment, stdout=log, stderr=log
            )

    def wait_ready(self) -> None:
        for service, url in self._ready.items():
            wait_for(lambda url=url: self._answers(url), f"{service} ready", 180)

    def _answers(self, url: str) -> bool:
        try:
            return self._http.get(url).status_code == 200
        except httpx.HTTPError:
            return False

    def assert_serving(self) -> None:
        """The processes that were started still run, and answer."""
        ended = {name: one.returncode for name, one in self.processes.items() if one.poll() is not None}
        assert not ended
        assert [name for name, url in self._ready.items() if not self._answers(url)] == []

    def kill(self, service: str) -> None:
        self.processes[service].send_signal(signal.SIGKILL)
        self.processes[service].wait()

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        self._http.close()

    def submit(self, clip: Path, options: str = QUICK) -> httpx.Response:
        with clip.open("rb") as file:
            return self._http.post(
                f"{self.transmitter}/v1/transmissions",
                files={"file": (clip.name, file)},
                data={"options": options},
            )

    def transmission(self, job_id: str) -> dict[str, object]:
        return dict(self._http.get(f"{self.transmitter}/v1/transmissions/{job_id}").json())

    def video(self, job_id: str) -> dict[str, object]:
        return dict(self._http.get(f"{self.receiver}/v1/videos/{job_id}").json())

    def content(self, job_id: str, path: Path) -> Path:
        answer = self._http.get(f"{self.receiver}/v1/videos/{job_id}/content")
        answer.raise_for_status()
        path.write_bytes(answer.content)
        return path

    def transmit(self, clip: Path, options: str = QUICK) -> dict[str, object]:
        """Sends ``clip`` and waits for both ends to be done with it."""
        answer = self.submit(clip, options)
        assert answer.status_code == 202, answer.text
        return self.wait_transmission(str(answer.json()["id"]))

    def wait_transmission(self, job_id: str) -> dict[str, object]:
        final = {"SUCCEEDED", "FAILED", "CANCELLED"}
        wait_for(lambda: self.transmission(job_id)["state"] in final, "the end of the transmission", 120)
        return self.transmission(job_id)

    def wait_video(self, job_id: str) -> dict[str, object]:
        final = {"SUCCEEDED", "TRUNCATED", "FAILED"}
        wait_for(lambda: self.video(job_id).get("state") in final, "the end of the video", 120)
        return self.video(job_id)


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Trio]:
    """A trio, ready, as long as the context lasts."""
    trio = Trio(folder, **settings)
    for service in ("receiver", "channel", "transmitter"):
        trio.start(service)
    try:
        trio.wait_ready()
        yield trio
    finally:
        trio.stop()


@pytest.fixture(scope="session")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    """One for all tests that leave it running as it was."""
    with running(tmp_path_factory.mktemp("trio")) as trio:
        yield trio


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "short.mp4"
    write_clip(path, 3, 36, *SMALL)
    return path


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 frames of 128x80: a bad channel needs many symbols for every byte."""
    path = tmp_path_factory.mktemp("clips") / "tiny.mp4"
    with VideoWriter(path, 128, 80, Fraction(1, 24)) as writer:
        for index, picture in enumerate(clip_frames(seed=5, frames=24, width=128, height=80)):
            writer.append(picture, index)
    return path


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "long.mp4"
    write_clip(path, 4, LONG, *SMALL)
    return path
