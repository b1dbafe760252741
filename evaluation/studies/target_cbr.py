"""How near a transmission comes to the CBR that was asked for, over real clips and over all of them in a row.

    python -m evaluation.studies.target_cbr --media ../shared/media --out results/target_cbr.json

Runs through the three services. Writes the JSON, a Markdown table beside it, and prints the rows.
"""

import argparse
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from console.local_services import Services, running_services
from evaluation.bench.report.table import formatted
from evaluation.provenance import provenance, write
from semvid.client import TransmitterClient
from semvid.images.resize import at_size
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter

CLIPS: Final = (
    "static_bottles.mp4",
    "act_yoga.mp4",
    "sport_football_juggling.mp4",
    "cuts_bikes.mp4",
    "talking_head_foreman_cif.mkv",
)
ALL_IN_A_ROW: Final = "all in a row"
TARGETS: Final = (2e-4, 6.5e-4)
SNRS_DB: Final = (10.0, 0.0)
_WIDTH, _HEIGHT, _FRAME_RATE = 576, 320, 30


def splice(clips: list[Path], path: Path, frame_rate: int = _FRAME_RATE) -> None:
    """All ``clips`` one after the other at 576x320 and one rate, Hz."""
    index = 0
    with VideoWriter(path, _WIDTH, _HEIGHT, Fraction(1, frame_rate), crf=12) as writer:
        for clip in clips:
            source, due = probe(clip), Fraction(0)
            for frame in read_frames(clip, source):
                small = at_size(frame.picture, (_WIDTH, _HEIGHT))
                time = frame.index / source.frame_rate
                while due <= time:
                    writer.append(small, index)
                    index += 1
                    due += Fraction(1, frame_rate)


def measure(services: Services, clip: Path, target: float, snr_db: float) -> dict[str, Any]:
    """One row."""
    with TransmitterClient(services.addresses.transmitter_url) as client:
        options = {"target_cbr": target, "seed": 1, "channel": {"snr_db": snr_db, "seed": 1}}
        done = client.watch(client.submit(clip, options)["id"])
        keyframes = client.semantics(done["id"])["keyframes"]
    crfs = [keyframe["crf"] for keyframe in keyframes]
    return {
        "target_cbr": target,
        "snr_db": snr_db,
        "over_target": round(done["cbr"] / target, 3),
        "keyframes": len(keyframes),
        "given_up": sum(layer["given_up"] for layer in done["layers"].values()),
        "crf": [min(crfs), max(crfs)],
        "quality_changes": sum(crf != before for before, crf in pairwise(crfs)),
        "scale": done["operating_point"]["scale"],
        "price": done["operating_point"]["price"],
        "seconds_planning": round(done["seconds"]["planning"], 1),
        "seconds_of_video": round(done["frames"] / float(probe(clip).frame_rate), 1),
    }


def rows(media: Path) -> Iterator[dict[str, Any]]:
    """All rows; the services are started anew for each clip."""
    with tempfile.TemporaryDirectory(prefix="semvid-target-") as folder:
        clips = [media / name for name in CLIPS]
        spliced = Path(folder) / "spliced.mp4"
        splice(clips, spliced)
        for name, clip in (*zip(CLIPS, clips, strict=True), (ALL_IN_A_ROW, spliced)):
            with running_services(Path(folder) / "data" / clip.stem, Path(folder) / "logs") as services:
                for snr_db in SNRS_DB:
                    for target in TARGETS:
                        yield {"clip": name, **measure(services, clip, target, snr_db)}


def table(result: dict[str, Any]) -> str:
    """The table."""
    made = result["provenance"]
    columns = [
        ("clip", "{clip} ({seconds_of_video} s)"),
        ("SNR", "{snr_db:g} dB"),
        ("target", "{target_cbr:g}"),
        ("ratio", "{over_target:.2f}"),
        ("keyframes", "{keyframes}"),
        ("CRF", "{crf[0]:g} to {crf[1]:g}"),
        ("changes", "{quality_changes}"),
        ("size", "1/{scale:g}"),
        ("given up", "{given_up}"),
        ("planning", "{seconds_planning:g} s"),
    ]
    return f"""# The CBR that was asked for, and the CBR that came out

`{made["command"]}`, commit {made["commit"]}, {made["date"]}. AWGN, seed 1. The ratio is that of \
the ledger's CBR to the target. CRF: lowest and highest of the keyframes (70 is the coarsest). \
Keyframes are at most 1.2 s apart, so a low target may be out of reach.

{formatted(columns, result["rows"])}"""


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description="how near a transmission comes to its target CBR")
    parser.add_argument("--media", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    result: dict[str, Any] = {"rows": [], "provenance": provenance()}
    for row in rows(arguments.media):
        print(*(f"{name}={value}" for name, value in row.items()), flush=True)
        result["rows"].append(row)
    write(arguments.out, result, table(result))


if __name__ == "__main__":
    main()
