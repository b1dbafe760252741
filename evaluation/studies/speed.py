"""How long clips take through the three services, stage by stage, as multiples of their duration.

    python -m evaluation.studies.speed [--out results/speed.json]

The demo's clip as it is, and at 576x320 and 24 frames a second with a target CBR, whose plan takes its time
too: as usual, and without trials and with a quick preset (`coding_time`). The three services run as
processes, as `semvid demo` runs them; times are wall clock from the upload until the receiver has written the
last frame. The first transmission warms up and does not count.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from console.demo import CLIP
from console.local_services import Services, running_services
from evaluation.provenance import provenance, write
from evaluation.studies.target_cbr import splice
from semvid.client import ReceiverClient, TransmitterClient
from semvid.options import DEFAULT_CODING_TIME
from semvid.video.probe import probe

CHANNEL: Final = {"model": "awgn", "snr_db": 10, "seed": 0}
ASKED: Final[tuple[dict[str, float], ...]] = (
    {},
    *(
        {"target_cbr": target, "coding_time": seconds}
        for target in (1.6e-4, 6.5e-4)
        for seconds in (DEFAULT_CODING_TIME, 0.1)
    ),
)
"""Options; core-seconds of coding for a second of video."""
_FRAME_RATE: Final = 24


def once(services: Services, clip: Path, asked: dict[str, float]) -> dict[str, Any]:
    """Seconds end to end and by stage of each service, and the CBR."""
    options = {"channel": CHANNEL, **asked}
    with (
        TransmitterClient(services.addresses.transmitter_url) as transmitter,
        ReceiverClient(services.addresses.receiver_url) as receiver,
    ):
        started = time.perf_counter()
        job = transmitter.submit(clip, options)
        sent = transmitter.watch(job["id"])
        video = receiver.wait(job["id"])
        seconds = time.perf_counter() - started
    if video["state"] != "SUCCEEDED":
        raise RuntimeError(f"the video ended {video['state']}: {video['error']}")
    times = {"end_to_end": seconds, "transmitter": sent["seconds"], "receiver": video["seconds"]}
    return {**times, "cbr": sent["cbr"]}


def row(name: str, clip: Path, asked: dict[str, float], records: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians of ``records`` over the duration of ``clip``."""
    source = probe(clip)
    shape = f"{source.width}x{source.height}, {float(source.frame_rate):g} Hz, {source.duration_s:g} s"

    def median(seconds: Iterable[float]) -> float:
        return round(statistics.median(value / source.duration_s for value in seconds), 4)

    by_stage = {
        service: {
            stage: median(record[service][stage] for record in records) for stage in records[0][service]
        }
        for service in ("transmitter", "receiver")
    }
    return {
        "clip": f"{name}, {shape}",
        "asked": asked,
        "end_to_end": median(record["end_to_end"] for record in records),
        **by_stage,
        "cbr": records[0]["cbr"],
    }


def rows(runs: int, folder: Path) -> Iterator[dict[str, Any]]:
    """One row for each clip and what is asked of it."""
    smaller = folder / "smaller.mp4"
    splice([CLIP], smaller, _FRAME_RATE)
    with running_services(folder / "data", folder / "logs") as services:
        once(services, CLIP, {})
        for clip in (CLIP, smaller):
            for asked in ASKED:
                records = [once(services, clip, asked) for _ in range(runs)]
                yield row(f"{CLIP.name} of the demo", clip, asked, records)


def main() -> None:
    """Measures, prints, writes the JSON."""
    parser = argparse.ArgumentParser(description="seconds by stage as multiples of a clip's duration")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each row")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    result: dict[str, Any] = {
        "channel": CHANNEL,
        "runs": arguments.runs,
        "unit": "multiples of the clip's duration, median; stages of one service overlap",
        "rows": [],
        "provenance": provenance(),
    }
    with tempfile.TemporaryDirectory(prefix="semvid-bench-") as folder:
        for one in rows(arguments.runs, Path(folder)):
            pace = f"{one['end_to_end']:.2f} x the duration, {1 / one['end_to_end']:.2f} x real time"
            print(f"{one['clip']}, {one['asked'] or 'nothing asked'}: {pace}")
            for service in ("transmitter", "receiver"):
                for stage, share in sorted(one[service].items(), key=lambda item: -item[1]):
                    print(f"  {service:12s} {stage:14s} {share:.3f}", flush=True)
            result["rows"].append(one)
    write(arguments.out, result)


if __name__ == "__main__":
    main()
