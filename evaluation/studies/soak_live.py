"""A live source through the three services: does anything grow, and how late is what is shown?

    python -m evaluation.studies.soak_live [--minutes 15] [--latency 2] [--out results/soak_live.json]

The demo's clip, to and fro, is recorded by a camera that keeps its time into a file that grows, and sent with
`semvid send --live`. Notes resident memory of every service and bytes in their data folders at the start of
sending, after its first minute and then every two; fails when a service grew by more than `ALLOWED_GROWTH`
from its first minute to the end, or the disk by more than the keyframes and lists that are kept.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx

from console.demo import CLIP
from console.local_services import Services, running_services
from evaluation.provenance import provenance, write
from evaluation.studies.soak import ALLOWED_GROWTH, FRAME_RATE, HEIGHT, WIDTH, resident_mib
from semvid.images.resize import at_size
from semvid.video.probe import probe
from semvid.video.reader import read_frames

_ON_DISK = 64 * 2**20  # bytes: 256 keyframes of this size, some lists; the MP4 has a bound of its own
_ENDING_S = 120.0
_SETTLED_MIN, _EVERY_MIN = 1.0, 2.0


class Camera(threading.Thread):
    """Records the demo's clip, to and fro, at its frame rate, until it is told that it is over."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.path, self.over = path, threading.Event()
        loop = [at_size(frame.picture, (WIDTH, HEIGHT)) for frame in read_frames(CLIP, probe(CLIP))]
        self._pictures = [*loop, *loop[-2:0:-1]]

    def run(self) -> None:
        """Until `over`."""
        with av.open(str(self.path), "w", format="mpegts", options={"flush_packets": "1"}) as out:
            stream = out.add_stream("libx264", rate=FRAME_RATE, options={"g": "24", "tune": "zerolatency"})
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.codec_context.time_base = Fraction(1, FRAME_RATE)
            began, index = time.monotonic(), 0
            while not self.over.is_set():
                frame = av.VideoFrame.from_ndarray(
                    self._pictures[index % len(self._pictures)], format="rgb24"
                )
                frame.pts = index
                out.mux(stream.encode(frame))
                index += 1
                time.sleep(max(0.0, began + index / FRAME_RATE - time.monotonic()))


def looks(minutes: float) -> list[float]:
    """When it is looked at, minutes since sending began; the second one is what the last is compared with."""
    times, now = [0.0], min(_SETTLED_MIN, minutes / 2)
    while now < minutes:
        times.append(now)
        now += _EVERY_MIN
    return [*times, minutes]


def state_of(services: Services, data: Path, minute: float) -> dict[str, Any]:
    """What services hold in memory, and what lies on their disks beside the MP4."""
    size = 0
    for path in data.rglob("*"):
        with suppress(FileNotFoundError):  # gone since it was listed: that is how the disk stays flat
            size += path.stat().st_size if path.is_file() and path.suffix != ".mp4" else 0
    return {"minute": minute, "resident_mib": resident_mib(services), "disk_bytes": size}


def soak(minutes: float, latency_s: float, folder: Path) -> dict[str, Any]:
    """The states and the finished transmission."""
    camera = Camera(folder / "camera.ts")
    with running_services(folder / "data", folder / "logs") as services:
        camera.start()
        time.sleep(2.0)
        where = ["--seed", "1", "--transmitter", services.addresses.transmitter_url]
        options = [
            "--latency",
            f"{latency_s:g}",
            "--symbol-rate-hz",
            "40000",
            "--snr-db",
            "10",
            "--seed",
            "1",
        ]
        command = [sys.executable, "-m", "console", "send", "--live", str(camera.path), *where, *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as sender:
            _wait_for_segments(services)
            began, states = time.monotonic(), []
            for minute in looks(minutes):
                time.sleep(max(0.0, began + 60 * minute - time.monotonic()))
                services.check()
                states.append(state_of(services, folder / "data", minute))
            sender.send_signal(signal.SIGINT)
            said, _ = sender.communicate(timeout=_ENDING_S)
        camera.over.set()
        camera.join()
    return {"states": states, "transmission": json.loads(said)}


def _wait_for_segments(services: Services) -> None:
    while True:
        listed = httpx.get(f"{services.addresses.transmitter_url}/v1/transmissions").json()["transmissions"]
        if listed and listed[0].get("segments"):
            return
        services.check()
        time.sleep(0.5)


def main() -> None:
    """Runs it and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--latency", type=float, default=2.0, help="seconds")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="semvid-soak-live-") as folder:
        found = soak(args.minutes, args.latency, Path(folder))
    sent, states = found["transmission"], found["states"]
    result = {
        **provenance(),
        "minutes": args.minutes,
        "states": states,
        **{name: sent.get(name) for name in ("state", "delays", "live", "frames", "segments", "cbr")},
    }
    print(json.dumps(result, indent=2))
    if args.out is not None:
        write(args.out, result)
    early, late = states[1], states[-1]
    grown = [
        name
        for name, mib in late["resident_mib"].items()
        if mib > ALLOWED_GROWTH * early["resident_mib"][name]
    ]
    if late["disk_bytes"] > early["disk_bytes"] + _ON_DISK:
        grown.append("disk")
    if grown or sent["state"] != "SUCCEEDED":
        sys.exit(f"{', '.join(grown) or sent['state']}: grew by more than {ALLOWED_GROWTH:g}, or failed")


if __name__ == "__main__":
    main()
