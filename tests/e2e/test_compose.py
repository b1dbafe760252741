"""The three nodes as containers, driven over real HTTP as the README shows. Needs a Docker engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from semvid.video.probe import probe
from semvid.video.reader import read_frames
from tests.e2e.conftest import wait_for

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
TRANSMITTER, RECEIVER = "http://127.0.0.1:8081", "http://127.0.0.1:8082"


def _run(*command: str, seconds: float = 900) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def _compose() -> list[str]:
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True)
    if plugin.returncode == 0:
        return ["docker", "compose"]
    assert shutil.which("docker-compose"), "neither `docker compose` nor `docker-compose` is installed"
    return ["docker-compose"]


@pytest.fixture(scope="module")
def nodes() -> Iterator[None]:
    compose = _compose()
    for service in ("receiver", "channel", "transmitter"):
        # host networking, because on some build machines only the host reaches a package index
        command = ["docker", "build", "--network=host", "--target", service, "-t", f"semvid-{service}", "."]
        subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "DOCKER_BUILDKIT": "0"})
    try:
        _run(*compose, "up", "--detach", "--no-build")
        wait_for(lambda: _status(f"{TRANSMITTER}/readyz") == "200", "the nodes ready", 180)
        yield
    finally:
        logs = subprocess.run([*compose, "logs", "--no-color"], cwd=ROOT, capture_output=True, text=True)
        print(logs.stdout[-5000:])
        subprocess.run([*compose, "down", "--volumes"], cwd=ROOT, check=False)


def _status(url: str) -> str:
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url]
    return subprocess.run(command, capture_output=True, text=True).stdout


def _get(url: str) -> dict[str, object]:
    return dict(json.loads(_run("curl", "-sf", url)))


def test_upload_and_fetch_with_curl(nodes: None, short_clip: Path, tmp_path: Path) -> None:
    job = json.loads(_run("curl", "-sf", "-F", f"file=@{short_clip}", f"{TRANSMITTER}/v1/transmissions"))
    resource = f"{TRANSMITTER}/v1/transmissions/{job['id']}"
    wait_for(lambda: _get(resource)["state"] in ("SUCCEEDED", "FAILED"), "the end", 120)
    sent = _get(resource)
    assert sent["state"] == "SUCCEEDED", sent
    video = str(sent["video_url"])
    assert video.startswith(RECEIVER)
    wait_for(lambda: _get(video)["state"] in ("SUCCEEDED", "FAILED"), "the video", 120)
    back = tmp_path / "back.mp4"
    _run("curl", "-sf", "-o", str(back), f"{video}/content")
    assert sum(1 for _ in read_frames(back, probe(back))) == 36


def test_ports_are_on_loopback_only(nodes: None) -> None:
    published = _run("docker", "ps", "--filter", "name=transmitter", "--format", "{{.Ports}}")
    assert "127.0.0.1:8081" in published
    assert "0.0.0.0" not in published
