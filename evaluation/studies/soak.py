"""A long video through the three services: does anything grow?

    python -m evaluation.studies.soak [--minutes 10] [--out results/soak.json]

Prints the resident memory of every service when the transmission starts, after its first minute of video, and
at its end, and fails when a service grew by more than `ALLOWED_GROWTH` after the first minute.
"""

import argparse
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from console.demo import CLIP
from console.local_services import Services, running_services
from evaluation.provenance import provenance, write
from semvid.client import ReceiverClient, TransmitterClient
from semvid.client.receiver import FINAL_STATES
from semvid.images.resize import at_size
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter

WIDTH, HEIGHT, FRAME_RATE = 320, 180, 24
ALLOWED_GROWTH = 1.10


def write_long_clip(path: Path, minutes: float) -> int:
    """The demo's clip, played to and fro with slowly changing light, so that it never repeats exactly."""
    loop = [at_size(frame.picture, (WIDTH, HEIGHT)) for frame in read_frames(CLIP, probe(CLIP))]
    frames = round(minutes * 60 * FRAME_RATE)
    there_and_back = [*range(len(loop)), *range(len(loop) - 2, 0, -1)]
    with VideoWriter(path, WIDTH, HEIGHT, Fraction(1, FRAME_RATE)) as writer:
        for index in range(frames):
            picture = loop[there_and_back[index % len(there_and_back)]]
            light = 0.85 + 0.15 * np.sin(2 * np.pi * index / 7919)
            writer.append(np.asarray(cv2.convertScaleAbs(picture, alpha=light), np.uint8), index)
    return frames


def resident_mib(services: Services) -> dict[str, float]:
    """Resident memory of each service, MiB (Linux)."""
    sizes = {}
    for process in services.processes:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
        sizes[process.module] = round(int(kilobytes) / 1024, 1)
    return sizes


def soak(clip: Path, folder: Path) -> dict[str, Any]:
    """Memory at the start, after one minute of video, and at the end."""
    with (
        running_services(folder / "data", folder / "logs") as services,
        TransmitterClient(services.addresses.transmitter_url) as transmitter,
        ReceiverClient(services.addresses.receiver_url) as receiver,
    ):
        memory = {"start": resident_mib(services)}
        started = time.perf_counter()
        job = transmitter.submit(clip)["id"]
        while True:
            sent = transmitter.transmission(job)
            if sent["state"] in ("FAILED", "CANCELLED"):
                raise RuntimeError(f"the transmission ended {sent['state']}: {sent['error']}")
            video = next((video for video in receiver.videos() if video["id"] == job), None)
            if video is not None and "minute 1" not in memory and video["frames_written"] >= 60 * FRAME_RATE:
                memory["minute 1"] = resident_mib(services)
            if sent["state"] == "SUCCEEDED" and video is not None and video["state"] in FINAL_STATES:
                break
            time.sleep(0.5)
        memory["end"] = resident_mib(services)
        received = probe(receiver.fetch(job, folder / "received.mp4"))
        return {
            "memory_mib": memory,
            "state": video["state"],
            "frames": received.frame_count_hint,
            "seconds_per_video_second": round((time.perf_counter() - started) / received.duration_s, 4),
            "cbr": sent["cbr"],
        }


def main() -> None:
    """Runs the soak, prints the table, writes the JSON; exit status 1 when memory grew."""
    parser = argparse.ArgumentParser(description="resident memory over a long video")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.minutes < 2:
        parser.error(
            f"--minutes must be at least 2, to have something after the first; got {arguments.minutes}"
        )
    with tempfile.TemporaryDirectory(prefix="semvid-soak-") as folder:
        clip = Path(folder) / "clip.mp4"
        frames = write_long_clip(clip, arguments.minutes)
        result = soak(clip, Path(folder))
    memory = result["memory_mib"]
    print(f"{'MiB resident':14s}" + "".join(f"{when:>10s}" for when in memory))
    for service in memory["start"]:
        print(f"{service:14s}" + "".join(f"{memory[when][service]:10.1f}" for when in memory))
    print(f"frames in {frames}, out {result['frames']}")
    growth = {s: round(memory["end"][s] / memory["minute 1"][s], 3) for s in memory["start"]}
    result |= {"frames_in": frames, "growth_after_minute_1": growth, "provenance": provenance()}
    write(arguments.out, result)
    if result["frames"] != frames or max(growth.values()) > ALLOWED_GROWTH:
        sys.exit(f"soak failed: growth {growth}, {result['frames']} of {frames} frames")


if __name__ == "__main__":
    main()
