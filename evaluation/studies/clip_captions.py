"""What the embedded model says of real clips, shot by shot, to be judged by eye.

    python -m evaluation.studies.clip_captions --media MEDIA --out results/clip_captions.json

Shots are those of the media index (``hard_cuts``). The frames are picked as the transmitter picks them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from evaluation.bench.report.table import formatted
from evaluation.provenance import provenance, write
from semvid.mllm import Mllm
from semvid.mllm.library import load
from semvid.text import compress
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from transmitter.captions import SegmentCaption


def captions(path: Path, cuts: list[int], mllm: Mllm) -> list[dict[str, Any]]:
    """A record for each shot of a clip; ``cuts`` are the first frames of all shots but the first."""
    segment, first, records = SegmentCaption(mllm), 0, []

    def end(last: int) -> None:
        text = segment.describe(last)
        records.append({"clip": path.stem, "first": first, "text": text, "bytes": len(compress(text))})

    index = 0
    for frame in read_frames(path, probe(path)):
        index = frame.index
        if index in cuts:
            end(index)
            first = index
        segment.push(index, frame.picture)
    end(index + 1)
    return records


def main() -> None:
    """Describes, prints the table, writes JSON and Markdown side by side."""
    parser = argparse.ArgumentParser(description="captions of real clips by the embedded model")
    parser.add_argument("--media", type=Path, required=True, help="folder with the clips and index.json")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    mllm = load("embedded")
    records = []
    for entry in json.loads((arguments.media / "index.json").read_text(encoding="utf-8")):
        records += captions(arguments.media / entry["file"], entry["hard_cuts"], mllm)
        print(records[-1]["clip"], *(record["text"] for record in records if record["clip"] == entry["name"]))
    made = provenance()
    columns = [("clip", "{clip}"), ("from frame", "{first}"), ("caption", "{text}"), ("bytes", "{bytes}")]
    text = f"# What the embedded model says\n\n    {made['command']}\n\n{formatted(columns, records)}"
    write(arguments.out, {"captions": records, "provenance": made}, text)


if __name__ == "__main__":
    main()
