"""A live source through the three services, watched while it comes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from tests.e2e.conftest import Trio, wait_for
from tests.integration.video.live_servers import HEIGHT, WIDTH, rtsp_server
from tests.synthetic_clip import clip_frames

RATE = 12


@contextmanager
def growing(path: Path) -> Iterator[None]:
    """A recording that a camera goes on with, twelve frames a second, as long as the context lasts."""
    over = threading.Event()

    def record() -> None:
        pictures = list(clip_frames(seed=5, frames=48, width=128, height=80))
        with av.open(str(path), "w", format="mpegts", options={"flush_packets": "1"}) as out:
            stream = out.add_stream("libx264", rate=RATE, options={"g": "12", "tune": "zerolatency"})
            stream.width, stream.height, stream.pix_fmt = 128, 80, "yuv420p"
            stream.codec_context.time_base = Fraction(1, RATE)
            began, index = time.monotonic(), 0
            while not over.is_set():
                frame = av.VideoFrame.from_ndarray(pictures[index % 48], format="rgb24")
                frame.pts = index
                out.mux(stream.encode(frame))
                index += 1
                time.sleep(max(0.0, began + index / RATE - time.monotonic()))

    camera = threading.Thread(target=record)
    camera.start()
    wait_for(lambda: path.exists() and path.stat().st_size > 4096, "the beginning of the recording", 10)
    try:
        yield
    finally:
        over.set()
        camera.join()


def sending(trio: Trio, source: Path | str, *options: str) -> subprocess.Popen[bytes]:
    """`semvid send --live`, as an operator types it."""
    command = [sys.executable, "-m", "semvid", "send", "--live", str(source), "--snr-db", "12", "--seed", "1"]
    where = ["--transmitter", trio.transmitter]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*command, *where, *options], env=environment, stdout=subprocess.PIPE)


def interrupted(sender: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Ctrl-C; gives what the command prints then."""
    sender.send_signal(signal.SIGINT)
    said, _ = sender.communicate(timeout=60)
    assert sender.returncode == 0
    return dict(json.loads(said))


def listed(trio: Trio) -> dict[str, Any]:
    """The newest transmission; empty while there is none."""
    return dict(next(iter(httpx.get(f"{trio.transmitter}/v1/transmissions").json()["transmissions"]), {}))


def test_it_is_watched_while_it_comes_and_whole_when_it_is_stopped(trio: Trio, tmp_path: Path) -> None:
    source, before = tmp_path / "one.ts", listed(trio).get("id")
    with growing(source):
        sender = sending(trio, source, "--latency", "2", "--symbol-rate-hz", "20000")
        wait_for(lambda: listed(trio).get("id") != before, "the transmission", 60)
        job_id = listed(trio)["id"]
        playlist = f"{trio.receiver}/v1/videos/{job_id}/live.m3u8"
        wait_for(lambda: httpx.get(playlist).text.count("#EXTINF") >= 2, "two segments", 60)
        text = httpx.get(playlist).text
        assert "#EXT-X-ENDLIST" not in text  # the source goes on
        assert trio.video(job_id)["state"] == "RECEIVING"
        with av.open(playlist) as video:  # as a player does
            frames = [frame for _, frame in zip(range(8), video.decode(video=0), strict=False)]
        assert [(frame.width, frame.height) for frame in frames] == [(128, 80)] * 8
        sent = interrupted(sender)
    assert sent["state"] == "SUCCEEDED"
    delays = sent["delays"]
    assert delays["latency_s"] == 2
    assert delays["segments"] > 2
    assert 0 < delays["mean_latency_s"] < 15  # of a machine that does much else
    assert sent["live"]["ended"] == "the source is over"
    made = trio.wait_video(job_id)
    assert (made["state"], made["live"], made["frames_written"]) == ("SUCCEEDED", True, sent["frames"])
    assert httpx.get(playlist).text.endswith("#EXT-X-ENDLIST\n")


def test_a_camera_that_speaks_rtsp_is_sent_until_it_is_switched_off(trio: Trio) -> None:
    before = listed(trio).get("id")
    with rtsp_server() as address:
        sender = sending(trio, address)
        wait_for(lambda: listed(trio).get("id") != before, "the transmission", 60)
        wait_for(lambda: listed(trio).get("segments", 0) >= 2, "two segments", 60)
    said, _ = sender.communicate(timeout=60)
    assert sender.returncode == 0
    sent = json.loads(said)
    assert (sent["state"], sent["live"]["ended"]) == ("SUCCEEDED", "the source is over")
    assert "secret" not in json.dumps(sent)
    made = trio.wait_video(str(sent["id"]))
    assert (made["width"], made["height"], made["frames_written"]) == (WIDTH, HEIGHT, sent["frames"])


@pytest.mark.slow
def test_a_link_that_is_slower_than_the_source_drops_frames_and_the_rest_is_whole(
    trio: Trio, tmp_path: Path
) -> None:
    source, before = tmp_path / "other.ts", listed(trio).get("id")
    with growing(source):
        sender = sending(trio, source, "--quality", "40", "--symbol-rate-hz", "1000")
        wait_for(lambda: listed(trio).get("id") != before, "the transmission", 60)
        wait_for(lambda: listed(trio).get("live", {}).get("dropped", 0) > 5, "frames that are dropped", 60)
        sent = interrupted(sender)
    assert sent["state"] == "SUCCEEDED"
    assert sent["live"]["dropped"] > 5
    assert trio.wait_video(str(sent["id"]))["frames_written"] == sent["frames"]
