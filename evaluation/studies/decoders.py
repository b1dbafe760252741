"""Which decoder draws what lies between two keyframes best, and how fast.

    python -m evaluation.studies.decoders --media ../shared/media \\
        --lpips ../shared/models/lpips_squeeze.onnx --out results/decoders.json

Every so many frames of a clip are keyframes, as they are or coded as the transmitter codes them, without the
link and without the detail that the receiver puts back. Each decoder fills the gaps, and twelve of the frames
in between are judged against the source. Seconds are the processor's, over all of its cores; a GPU's are not
in them.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from evaluation.bench.report.table import formatted
from evaluation.clips import Clip, load
from evaluation.judges.lpips import Lpips
from evaluation.provenance import provenance, write
from receiver.decoders import make_decoder
from receiver.decoders.decoder import Decoder, SegmentRequest
from receiver.decoders.options import DecoderOptions
from semvid.images.fidelity import psnr_db
from semvid.images.keyframe_codec import KeyframeDecoder, KeyframeEncoder
from semvid.images.types import Picture

GAPS: Final = (8, 16)
CRFS: Final = (None, 54.0)  # None: keyframes as they are
FRAMES: Final = 97
JUDGED: Final = 12


@dataclass(frozen=True)
class Row:
    """One decoder on one clip.

    Attributes:
        gap: frames from one keyframe to the next.
        crf: of the keyframes; None: they are not coded.
        lpips, psnr: means over the judged frames; psnr in dB.
        seconds: of the processor, for each frame that was drawn.
    """

    clip: str
    decoder: str
    gap: int
    crf: float | None
    lpips: float
    psnr: float
    seconds: float


def judged(frames: int, gap: int) -> list[int]:
    """Frames between keyframes, spread evenly over a clip and over the places in a gap."""
    between = [number for number in range(frames) if number % gap]
    return [between[round(place)] for place in np.linspace(0, len(between) - 1, JUDGED)]


def keyframes(clip: Clip, gap: int, crf: float | None) -> dict[int, Picture]:
    """The keyframes of a clip by frame number, as the receiver would have them."""
    numbers = range(0, len(clip.pictures), gap)
    if crf is None:
        return {number: clip.pictures[number] for number in numbers}
    height, width = clip.pictures[0].shape[:2]
    decoder, shown = KeyframeDecoder(width, height), {}
    with KeyframeEncoder(width, height, crf) as encoder:
        groups = [group for number in numbers for group in encoder.push(clip.pictures[number])]
        groups += encoder.finish()
    for picture in (picture for group in groups for picture in group):
        shown[numbers[picture.number]] = decoder.decode(picture.packet)
    return shown


def measure(
    name: str,
    clip: Clip,
    decoder: Decoder,
    gap: int,
    crf: float | None,
    lpips: Callable[[Picture, Picture], float],
) -> Row:
    """Draws everything between the keyframes and judges it."""
    keys = keyframes(clip, gap, crf)
    shown: dict[int, Picture] = {}
    began = time.process_time()
    for first, last in pairwise(sorted(keys)):
        start, end = keys[first], keys[last]
        size, rate = (start.shape[1], start.shape[0]), float(clip.source.frame_rate)
        request = SegmentRequest(start, end, *size, "", None, last - first - 1, rate, seed=0)
        drawn = decoder.generate(request, lambda _: None, lambda: False)
        shown.update(enumerate(drawn, first + 1))
    seconds = (time.process_time() - began) / len(shown)
    looked_at = [number for number in judged(max(keys), gap) if number in shown]
    pairs = [(clip.pictures[number], shown[number]) for number in looked_at]
    distance, likeness = (float(np.mean([judge(*pair) for pair in pairs])) for judge in (lpips, psnr_db))
    return Row(
        name, decoder.profile.name, gap, crf, round(distance, 4), round(likeness, 2), round(seconds, 4)
    )


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    columns = [
        ("clip", "{clip}"),
        ("gap", "{gap}"),
        ("keyframes", "{keyframes}"),
        ("decoder", "{decoder}"),
        ("LPIPS", "{lpips:.4f}"),
        ("PSNR, dB", "{psnr:.2f}"),
        ("processor s a frame", "{seconds:.3f}"),
    ]
    coded = ["not coded" if row.crf is None else f"CRF {row.crf:g}" for row in rows]
    return formatted(
        columns, [asdict(row) | {"keyframes": words} for row, words in zip(rows, coded, strict=True)]
    )


def main() -> None:
    """Measures, prints and writes JSON and Markdown."""
    parser = argparse.ArgumentParser(description="decoders compared on what lies between keyframes")
    parser.add_argument("--media", type=Path, required=True)
    parser.add_argument("--lpips", type=Path, required=True)
    parser.add_argument("--clips", nargs="+")
    parser.add_argument("--decoders", nargs="+", default=["embedded", "rife"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    options = DecoderOptions(device=arguments.device, threads=arguments.threads)
    decoders = [make_decoder(name, options) for name in arguments.decoders]
    lpips, rows = Lpips(arguments.lpips), []
    for entry in json.loads((arguments.media / "index.json").read_text(encoding="utf-8")):
        if arguments.clips and entry["name"] not in arguments.clips:
            continue
        with tempfile.TemporaryDirectory(prefix="semvid-decoders-") as folder:
            loaded = load(arguments.media / entry["file"], Path(folder))
        clip = Clip(loaded.path, loaded.source, loaded.pictures[:FRAMES])
        for gap in GAPS:
            for crf in CRFS:
                rows += [measure(entry["name"], clip, decoder, gap, crf, lpips) for decoder in decoders]
                print(*rows[-len(decoders) :], sep="\n", flush=True)
    document: dict[str, Any] = {
        "rows": [asdict(row) for row in rows],
        "provenance": provenance(("av", "numpy", "onnxruntime", "opencv-python-headless")),
    }
    write(arguments.out, document, f"# Decoders\n\n{table(rows)}")


if __name__ == "__main__":
    main()
