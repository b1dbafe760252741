"""Rates of text only and of a first frame with its description, on real clips.

    python -m evaluation.studies.open_ended --media ../shared/media --out results/open_ended.json

Everything that the transmitter would send is made (segments, captions, motion scores, pictures) and its
channel uses are counted, for AWGN at 10 dB when every block arrives at once. What a model would draw from it
is not looked at: rates need no decoder, quality needs weights.
"""

import argparse
import statistics
import tempfile
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from evaluation.bench.report.table import formatted
from evaluation.clips import Clip, load
from evaluation.provenance import provenance, write
from evaluation.symbol_count import SymbolCount
from semvid.mllm.library import load as load_mllm
from semvid.options import TransmissionOptions
from semvid.profile import Given, Profile
from semvid.video.reader import read_frames
from transmitter.coding import make_encoder
from transmitter.rate.plan import FIRST_FRAME_CRF, make_plan

SNR_DB: Final = 10.0
CLIPS: Final = (
    "act_yoga", "animation_bigbuckbunny", "cuts_bikes", "landscape_boat_river", "sport_football_juggling",
    "talking_head_foreman_cif", "traffic_topdown_cars",
)  # fmt: skip
# what a receiver with LTX-Video announces: 161 frames at 30 frames per second
DECODER: Final = Profile("hf:LTX-Video", 160 / 30, draws_from=frozenset(Given))


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
        f"first frame, by meaning, CRF {FIRST_FRAME_CRF:g}",
        5.7e-3,
        {"keyframe_method": "first-frame", "quality": FIRST_FRAME_CRF},
    ),
    Mode("first frame, by meaning, CRF 30", 5.7e-3, {"keyframe_method": "first-frame", "quality": 30}),
)


def count(clip: Clip, options: TransmissionOptions) -> dict[str, Any]:
    """Channel uses of ``clip``, its segments and frames."""
    link = SymbolCount(SNR_DB)
    plan = make_plan(_nothing_to_try, options)
    opened = frames = 0
    mllm = load_mllm("embedded")
    encoder = make_encoder(plan, clip.source, options, DECODER, mllm, link.harq, lambda *_: 0.0, 0)
    with closing(encoder), closing(read_frames(clip.path, clip.source)) as pictures:
        for segment in encoder.segments(pictures):
            for shipment in encoder.shipments(segment):
                delivery = link.ship(shipment.blocks(link.bulk_limit_bytes))
                encoder.delivered(shipment, delivery, link.record)
            opened, frames = segment.number + (segment.keyframe is not None), segment.frames_read
    return {
        "symbols": link.symbols,
        "cbr": clip.cbr(link.symbols),
        "segments": opened,
        "frames": frames,
    }


def _nothing_to_try() -> NoReturn:
    raise AssertionError("a segment that nothing closes is planned without looking at the clip")


def table(rows: list[dict[str, Any]], command: str) -> str:
    """Markdown: one row a mode, the range over clips."""
    columns = [
        ("mode", "{name}"),
        ("published CBR", "{published:.1e}"),
        ("ours, median", "{median:.1e}"),
        ("least", "{least:.1e}"),
        ("most", "{most:.1e}"),
        ("segments a clip", "{segments:.1f}"),
    ]
    modes = []
    for mode in MODES:
        own = [row for row in rows if row["mode"] == mode.name]
        rates = [row["cbr"] for row in own]
        sums = {"median": statistics.median(rates), "least": min(rates), "most": max(rates)}
        modes.append({**asdict(mode), **sums, "segments": statistics.mean(row["segments"] for row in own)})
    return f"""# Text only, and a first frame with its description: rates

    {command}

AWGN, {SNR_DB:g} dB, every block arrives at once; clips of 576x320 pixels in area, at most 10 s,
captions and comparisons by the embedded model. Rates only: what a model draws is not looked at.

{formatted(columns, modes)}
Clips: {", ".join(sorted({row["clip"] for row in rows}))}.
"""


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
    write(arguments.out, {"snr_db": SNR_DB, "rows": rows, "provenance": made}, text)


if __name__ == "__main__":
    main()
