"""Rates of text only and of a first frame with its description, on real clips.

    python -m evaluation.studies.open_ended --media ../shared/media --out results/open_ended.json

Everything that the transmitter would send is made (segments, captions, motion scores, pictures) and its
channel uses are counted, for AWGN at 10 dB when every block arrives at once. What a model would draw from it
is not looked at: rates need no decoder, quality needs weights.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evaluation.clips import Clip, load
from evaluation.provenance import provenance
from evaluation.symbol_count import SymbolCount
from semvid.images.keyframe_codec import KeyframeEncoder
from semvid.profile import Given, Profile
from semvid.semantics import Keyframe, StreamEnd
from semvid.video.reader import Frame, read_frames
from transmitter.keyframes import make_selector
from transmitter.keyframes.selection import Selected
from transmitter.mllm.library import load as load_mllm
from transmitter.options import TransmissionOptions
from transmitter.pipeline import stream_header
from transmitter.rate.model import DEFAULT_RD_LAMBDA, OperatingPoint
from transmitter.rate.plan import FIRST_FRAME_CRF
from transmitter.side_information import SideInformation

SNR_DB: Final = 10.0
CLIPS: Final = (
    "act_yoga", "animation_bigbuckbunny", "cuts_bikes", "landscape_boat_river", "sport_football_juggling",
    "talking_head_foreman_cif", "traffic_topdown_cars",
)  # fmt: skip
# what a receiver with LTX-Video announces: 161 frames at 30 frames per second
DECODER: Final = Profile("hf:LTX-Video", 160 / 30, 0.5, draws_from=frozenset(Given))


@dataclass(frozen=True, slots=True)
class Mode:
    """One row.

    Attributes:
        name: of the row.
        published: CBR of the nearest published point.
        options: of the transmission.
    """

    name: str
    published: float
    options: dict[str, Any]


MODES: Final = (
    Mode("text only, by meaning", 1e-4, {"keyframe_method": "text-only"}),
    Mode("text only, 4 s", 1e-4, {"keyframe_method": "text-only", "segment_s": 4}),
    Mode(
        f"first frame, by meaning, CRF {FIRST_FRAME_CRF}",
        5.7e-3,
        {"keyframe_method": "first-frame", "quality": FIRST_FRAME_CRF},
    ),
    Mode("first frame, by meaning, CRF 30", 5.7e-3, {"keyframe_method": "first-frame", "quality": 30}),
)


def count(clip: Clip, options: TransmissionOptions) -> dict[str, Any]:
    """Channel uses of ``clip``, its segments and the mean size of its captions."""
    header = stream_header(clip.source, options)
    mllm = load_mllm("embedded")
    quality = options.quality or FIRST_FRAME_CRF
    point = OperatingPoint(quality, DEFAULT_RD_LAMBDA, 1.0)
    selector = make_selector(options, clip.source, DECODER, mllm, lambda: point)
    side = SideInformation(header, mllm)
    symbols = SymbolCount(SNR_DB)
    symbols.opening(header, len(clip.pictures), len(clip.pictures))
    opened = frames = 0
    with KeyframeEncoder(clip.source.width, clip.source.height, quality) as encoder:

        def send(selected: Selected) -> None:
            nonlocal opened
            units = side.close(selected, last=False)
            if options.given is Given.NOTHING:
                mark = Keyframe(opened, selected.frame.index, b"", selected.shot_start)
                symbols.side([*units, mark])
            else:
                symbols.keyframe(opened, selected, encoder.encode(selected.frame.picture), units)
            opened += 1

        for frame in read_frames(clip.path, clip.source):
            frames += 1
            _push(frame, side, selector, send)
    symbols.side([*side.finish(), StreamEnd(frames, opened)])
    return {
        "symbols": symbols.symbols,
        "cbr": clip.cbr(symbols.symbols),
        "segments": opened,
        "frames": frames,
    }


def _push(frame: Frame, side: SideInformation, selector: Any, send: Any) -> None:
    side.push(frame)
    for selected in selector.push(frame):
        send(selected)


def table(rows: list[dict[str, Any]], command: str) -> str:
    """Markdown: one row a mode, the range over clips."""
    lines = [
        "# Text only, and a first frame with its description: rates",
        "",
        f"    {command}",
        "",
        f"AWGN, {SNR_DB:g} dB, every block arrives at once; clips of 576x320 pixels in area, at most 10 s,",
        "captions and comparisons by the embedded model. Rates only: what a model draws is not looked at.",
        "",
        "| mode | published CBR | ours, median | least | most | segments a clip |",
        "|---|---|---|---|---|---|",
    ]
    for mode in MODES:
        own = [row for row in rows if row["mode"] == mode.name]
        rates = [row["cbr"] for row in own]
        segments = statistics.mean(row["segments"] for row in own)
        lines.append(
            f"| {mode.name} | {mode.published:.1e} | {statistics.median(rates):.1e} | {min(rates):.1e} | "
            f"{max(rates):.1e} | {segments:.1f} |"
        )
    clips = sorted({row["clip"] for row in rows})
    lines += ["", f"Clips: {', '.join(clips)}.", ""]
    return "\n".join(lines)


def main() -> None:
    """Counts, prints the table, writes JSON and Markdown side by side."""
    parser = argparse.ArgumentParser(
        description="rates of text only and of a first frame with its description"
    )
    parser.add_argument("--media", type=Path, required=True, help="folder with the clips")
    parser.add_argument("--clips", nargs="+", default=list(CLIPS), help="names without suffix")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in arguments.clips:
        (path,) = arguments.media.glob(f"{name}.*")
        with tempfile.TemporaryDirectory(prefix="semvid-rates-") as folder:
            clip = load(path, Path(folder))
            rows += [
                {"clip": name, "mode": mode.name, **count(clip, TransmissionOptions(**mode.options))}
                for mode in MODES
            ]
        print(*(f"{row['cbr']:.2e}" for row in rows[-len(MODES) :]), name)
    made = provenance()
    text = table(rows, made["command"])
    print(text)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        document = {"snr_db": SNR_DB, "rows": rows, "provenance": made}
        arguments.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        arguments.out.with_suffix(".md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
