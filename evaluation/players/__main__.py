"""Ten unlike files through the services; what comes out, played by Chromium and Firefox.

    python -m evaluation.players --media DIR [--out results/players.json]

The files are made from real clips, so that pictures, times and sound of each are known. Both browsers,
headless and without a driver, open a page that plays each video from start to end, draws it at three
moments, and decodes its sound. Exit status 1 where anything is not the source's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from console.local_services import running_services
from evaluation.bench.report.table import formatted
from evaluation.players.browsers import PROGRAMS, measured, version
from evaluation.players.judgement import Cells, cell_means, judged, moments
from evaluation.players.kinds import KINDS
from evaluation.players.making import SECONDS, Truth, make, make_twin
from evaluation.provenance import provenance, write
from semvid.client import ReceiverClient, TransmitterClient
from semvid.video.probe import probe
from semvid.video.reader import read_frames

SNR_DB, SEED = 10.0, 1


def sent(files: list[Path], folder: Path) -> dict[str, dict[str, Any]]:
    """Final states of all transmissions by file; what came out lies in ``folder`` as ``FILE.out.mp4``."""
    states = {}
    with (
        running_services(folder / "data", folder / "logs") as services,
        TransmitterClient(services.addresses.transmitter_url) as transmitter,
        ReceiverClient(services.addresses.receiver_url) as receiver,
    ):
        for file in files:
            job = transmitter.submit(file, {"channel": {"snr_db": SNR_DB, "seed": SEED}})["id"]
            state = transmitter.watch(job)
            if state["state"] != "SUCCEEDED":
                raise RuntimeError(f"{file.name}: the transmission ended {state['state']}: {state['error']}")
            receiver.wait(job)
            receiver.fetch(job, folder / f"{file.name}.out.mp4")
            states[file.name] = state
            print(f"{file.name}: {state['frames']} frames, CBR {state['cbr']:.2e}", flush=True)
    return states


def decoded(video: Path, truth: Truth) -> Cells:
    """Colours of ``video`` at the moments, by our decoder."""
    wanted = [frame for frame, _ in moments(truth)]
    pictures = {f.index: f.picture for f in read_frames(video, probe(video)) if f.index in wanted}
    return np.array([cell_means(pictures[index]) for index in wanted])


def rows(media: Path, folder: Path) -> list[dict[str, Any]]:
    """One per file and browser."""
    truths = {kind.file: make(kind, media, folder) for kind in KINDS}
    states = sent([folder / kind.file for kind in KINDS], folder)
    files = {name: folder / f"{name}.out.mp4" for name in truths}
    items = [
        {"name": name, "moments": [when for _, when in moments(truth)], "play": True}
        for name, truth in truths.items()
    ]
    colours: dict[str, Cells] = {
        name: np.array([cell_means(truth.pictures[frame]) for frame, _ in moments(truth)])
        for name, truth in truths.items()
    }
    # what a browser makes of HDR, from a file with the same pictures that it plays
    twins = {kind.file: make_twin(kind, truths[kind.file], folder) for kind in KINDS if kind.hlg}
    asked = [{**item, "play": False} for item in items if item["name"] in twins]
    for found in measured("Chromium", asked, twins):
        if "error" in found:
            raise RuntimeError(f"Chromium does not play the twin of {found['name']}: {found['error']}")
        colours[found["name"]] = np.array(found["drawn"])
    made = []
    for browser in PROGRAMS:
        for kind, found in zip(KINDS, measured(browser, items, files), strict=True):
            truth = truths[kind.file]
            row = judged(truth, found, colours[kind.file], decoded(files[kind.file], truth))
            said = {
                "file": kind.file,
                "what": kind.what,
                "clip": kind.clip,
                "browser": browser,
                "source_duration_s": round(truth.duration_s, 3),
                "source_shape": list(truth.shape),
                "source_sound": truth.sound is not None,
                "cbr": states[kind.file]["cbr"],
            }
            made.append(said | row)
            print(
                *(f"{key}={value}" for key, value in made[-1].items() if key not in ("what", "clip")),
                flush=True,
            )
    return made


def table(result: dict[str, Any]) -> str:
    """The table."""
    made = result["provenance"]
    cells = [
        {
            **row,
            "length": f"{row.get('duration_s', '-')} of {row['source_duration_s']} s",
            "size": f"{row['shape'][0]}x{row['shape'][1]}" if "shape" in row else "-",
            "mean": row.get("colour_mean", "-"),
            "cell": row.get("colour_median_cell", "-"),
            "drawn": row.get("drawn_otherwise", "-"),
            "heard": "none, as the source"
            if not row["source_sound"] and not row.get("sound")
            else f"{row.get('sound_alike')}, {1000 * (row.get('sound_late_s') or 0):+.0f} ms",
            "verdict": "as the source" if not row["wrong"] else ", ".join(row["wrong"]),
        }
        for row in result["rows"]
    ]
    columns = [
        ("file", "{file}"),
        ("browser", "{browser}"),
        ("duration", "{length}"),
        ("shape", "{size}"),
        ("colour: mean", "{mean}"),
        ("median part", "{cell}"),
        ("browser to decoder", "{drawn}"),
        ("sound: alike, late", "{heard}"),
        ("verdict", "{verdict}"),
    ]
    kinds = "\n".join(f"- `{kind.file}`: {kind.what}; pictures of {kind.clip}" for kind in KINDS)
    return f"""# What comes out, in browsers

`{made["command"]}`, commit {made["commit"]}, {made["date"]}. {" and ".join(result["browsers"].values())}, \
headless, without hardware decoders. Files of {SECONDS:g} s (one has a pause besides) through transmitter, \
channel and receiver: AWGN of {SNR_DB:g} dB, seed {SEED}, all else by default. Each video is played from \
start to end.

{kinds}

{formatted(columns, cells)}
*Duration*: what the browser says, of what the source's pictures last. *Shape*: as displayed. *Colour*, of \
255, at three moments in 4x4 parts of the picture: the mean over all parts, source against browser; the \
median of the parts; and the largest difference between what the browser draws and what our decoder makes of \
the same video. The source of the HLG file is what Chromium draws of the same pictures in AV1. *Sound*: \
correlation of loudness in steps of 5 ms with the source's, and how much later it fits best.
"""


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description="ten kinds of file, played by browsers")
    parser.add_argument("--media", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    browsers = {browser: version(browser) for browser in PROGRAMS}
    with tempfile.TemporaryDirectory(prefix="semvid-players-") as folder:
        measurements = rows(arguments.media, Path(folder))
    result = {"rows": measurements, "browsers": browsers, "provenance": provenance()}
    write(arguments.out, result, table(result))
    if wrong := [f"{row['file']} in {row['browser']}" for row in measurements if row["wrong"]]:
        sys.exit(f"not as the source: {'; '.join(wrong)}")


if __name__ == "__main__":
    main()
