"""How long the demo's clip takes, stage by stage, as a multiple of its duration.

    python -m evaluation.studies.speed [--out results/speed.json]

The three services run as processes, as `semvid demo` runs them; times are wall clock from the upload until
the receiver has written the last frame. The first transmission warms the services up and is not counted.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from console.demo import CLIP
from console.local_services import running_services
from evaluation.provenance import provenance, write
from semvid.client import ReceiverClient, TransmitterClient
from semvid.video.probe import probe

CHANNEL = {"model": "awgn", "snr_db": 10, "seed": 0}


def measure(clip: Path, runs: int, folder: Path) -> list[dict[str, Any]]:
    """One record per counted run: seconds end to end and by stage of each service."""
    records = []
    with (
        running_services(folder / "data", folder / "logs") as services,
        TransmitterClient(services.addresses.transmitter_url) as transmitter,
        ReceiverClient(services.addresses.receiver_url) as receiver,
    ):
        for run in range(1 + runs):
            started = time.perf_counter()
            job = transmitter.submit(clip, {"channel": CHANNEL})
            sent = transmitter.watch(job["id"])
            video = receiver.wait(job["id"])
            seconds = time.perf_counter() - started
            if video["state"] != "SUCCEEDED":
                raise RuntimeError(f"the video ended {video['state']}: {video['error']}")
            if run:
                times = {"end_to_end": seconds, "transmitter": sent["seconds"], "receiver": video["seconds"]}
                records.append({**times, "cbr": sent["cbr"]})
    return records


def main() -> None:
    """Measures, prints a table, writes the JSON."""
    parser = argparse.ArgumentParser(description="seconds by stage for the demo's clip")
    parser.add_argument("--runs", type=int, default=3, help="counted runs; the median is reported")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    source = probe(CLIP)
    duration = source.duration_s
    with tempfile.TemporaryDirectory(prefix="semvid-bench-") as folder:
        records = measure(CLIP, arguments.runs, Path(folder))

    def median(seconds: Iterable[float]) -> float:
        return round(statistics.median(value / duration for value in seconds), 4)

    by_stage = {
        service: {
            stage: median(record[service][stage] for record in records) for stage in records[0][service]
        }
        for service in ("transmitter", "receiver")
    }
    result = {
        "clip": f"{CLIP.name} of the demo, {source.width}x{source.height}, {duration:g} s",
        "channel": CHANNEL,
        "runs": arguments.runs,
        "unit": "multiples of the clip's duration, median; stages of one service overlap",
        "end_to_end": median(record["end_to_end"] for record in records),
        **by_stage,
        "cbr": records[0]["cbr"],
        "provenance": provenance(),
    }
    print(
        f"end to end   {result['end_to_end']:.2f} x the duration ({1 / result['end_to_end']:.1f} x real time)"
    )
    for service, stages in by_stage.items():
        for stage, share in sorted(stages.items(), key=lambda item: -item[1]):
            print(f"{service:12s} {stage:14s} {share:.3f}")
    write(arguments.out, result)


if __name__ == "__main__":
    main()
