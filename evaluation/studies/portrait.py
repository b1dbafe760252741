"""A face as numbers beside the pyramid of the same symbols: what each shows of it.

    python -m evaluation.studies.portrait FOLDER... [--out results] [--only NAME]

The folders hold the clips of `EXCERPTS`, each cut and framed as there. Both cross AWGN at 10 dB in the
laboratory, with everything counted: coding portrait at some qualities, then the pyramid aiming at as many
symbols. Against the source: LPIPS; how far the face's points lie from the source's, found by the same network
in both, over the distance of the outer corners of the eyes; and, of mouths that move, how their opening
follows the source's, as correlation and as the lag at which that is greatest. Writes portrait.json and
portrait.md.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.bench.report.table import formatted
from evaluation.clips import Clip, read
from evaluation.judges.lpips import Lpips
from evaluation.method import Conditions
from evaluation.methods.semantic import Semvid
from evaluation.provenance import provenance, write
from semvid.errors import InvalidInput
from semvid.faces.landmarks import FaceLandmarks
from semvid.faces.points import INNER_LIPS, LANDMARKS
from semvid.faces.shape import Points, placement_of
from semvid.faces.weights import load_models
from semvid.images.types import Picture
from semvid.video.probe import probe
from semvid.video.reader import read_frames
from semvid.video.writer import VideoWriter

QUALITIES: Final = (55.0, 66.0)
LPIPS_EVERY: Final = 5  # frames
MOST_LAG: Final = 8  # frames
SPEAKS: Final = 0.01  # standard deviation of a mouth's opening, of the size of its face
HEAD: Final = """\
# A face as numbers beside the pyramid

`make bench-portrait`: AWGN at 10 dB, everything counted, each time the pyramid aiming at as many symbols as
the row above it took. *points off*: mean distance from the source's points, over that of the outer corners of
the eyes. *mouth r*: correlation of the mouth's opening with the source's, *lag* where it is greatest; nothing
is said of mouths that keep still. What it is: [docs/portrait.md](../docs/portrait.md).

"""
COLUMNS: Final = [
    ("clip", "{clip}"),
    ("coding", "{coding}"),
    ("CRF", "{crf:g}"),
    ("CBR, 1e-4", "{cbr:.2f}"),
    ("keyframes", "{keyframes}"),
    ("symbols for the face", "{face:.0%}"),
    ("LPIPS", "{lpips:.3f}"),
    ("points off", "{points:.3f}"),
    ("no face found", "{lost:.0%}"),
    ("mouth r", "{mouth}"),
    ("lag, frames", "{lag}"),
]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a clip, framed.

    Attributes:
        file: of the clip.
        frames: of it.
        box: left, top, width and height, pixels; None: the whole picture.
    """

    file: str
    frames: range
    box: tuple[int, int, int, int] | None = None

    def pictures(self, path: Path) -> Iterator[Picture]:
        """Its pictures of the clip at ``path``, in order."""
        for frame in read_frames(path, probe(path)):
            if frame.index in self.frames:
                left, top, width, height = self.box or (0, 0, *frame.picture.shape[1::-1])
                yield np.ascontiguousarray(frame.picture[top : top + height, left : left + width])


EXCERPTS: Final = {
    "foreman": Excerpt("talking_head_foreman_cif.mkv", range(120)),  # while he speaks to the camera
    "thoughtful": Excerpt("vb_thoughtful.mp4", range(120), (226, 50, 200, 200)),
    "asl_book": Excerpt("asl_book.mkv", range(10, 106), (196, 50, 224, 224)),
}
"""Heads framed as a camera on a desk has them; only foreman speaks."""


def clip_of(excerpt: Excerpt, folders: Sequence[Path], to: Path) -> Clip:
    """The excerpt as a clip of the laboratory, nearly lossless, from the first folder that has it."""
    path = next((f / excerpt.file for f in folders if (f / excerpt.file).is_file()), None)
    if path is None:
        raise InvalidInput(f"none of {', '.join(map(str, folders))} has {excerpt.file}; name one that does")
    rate = probe(path).frame_rate
    first, *others = excerpt.pictures(path)
    height, width = first.shape[:2]
    with VideoWriter(to, width, height, Fraction(1) / rate, crf=6) as writer:
        for index, picture in enumerate([first, *others]):
            writer.append(picture, index)
    return read(to)


def faces_of(pictures: list[Picture]) -> list[Points | None]:
    """The points of the face in each picture; None where there is none."""
    follower = FaceLandmarks(*load_models())
    found = (follower.find(picture) for picture in pictures)
    return [None if one is None else one[list(LANDMARKS), :2].astype(np.float64) for one in found]


def compared(true: list[Points | None], shown: list[Points | None]) -> dict[str, Any]:
    """What the faces ``shown`` have of the ``true`` ones, frame by frame."""
    pairs = [(a, b) for a, b in zip(true, shown, strict=True) if a is not None and b is not None]
    there = sum(a is not None for a in true)
    off = [float(np.linalg.norm(a - b, axis=1).mean() / placement_of(a).size) for a, b in pairs]
    openings = np.array([[_opening(a), _opening(b)] for a, b in pairs]).T
    lags = range(-MOST_LAG, MOST_LAG + 1)
    by_lag = {lag: _correlation(openings[0], openings[1], lag) for lag in lags}
    speaks = openings[0].std() >= SPEAKS
    return {
        "points": float(np.mean(off)),
        "lost": 1 - len(pairs) / there,
        "mouth": f"{by_lag[0]:.2f}" if speaks else "still",
        "lag": max(by_lag, key=lambda lag: by_lag[lag]) if speaks else "",
    }


def measured(name: str, clip: Clip, lpips: Lpips) -> Iterator[dict[str, Any]]:
    """One row for every coding and quality."""
    true = faces_of(clip.pictures)

    def row(coding: str, method: Semvid, target: float | None) -> dict[str, Any]:
        outcome = method.run_once(clip, Conditions(seed=1), target)
        if outcome.failed:
            raise SystemExit(f"{name}, {coding}: {outcome.failed}")
        pictures = list(outcome.pictures())
        some = range(0, len(pictures), LPIPS_EVERY)
        distances = [lpips(clip.pictures[n], pictures[n]) for n in some]
        return {
            "clip": name,
            "coding": coding,
            "crf": outcome.settings["operating_point"]["crf"],
            "cbr": 1e4 * clip.cbr(outcome.crossed),
            "keyframes": len(outcome.keyframes),
            "face": outcome.symbols["face"] / outcome.crossed,
            "lpips": float(np.mean(distances)),
            **compared(true, faces_of(pictures)),
        }

    for quality in QUALITIES:
        portrait = row("portrait", Semvid("portrait", coding="portrait", quality=quality), None)
        yield portrait
        yield row("pyramid", Semvid("pyramid"), portrait["cbr"] / 1e4)


def _opening(face: Points) -> float:
    """How far a mouth is open, over the size of its face."""
    lips = face[list(INNER_LIPS)]
    middle = len(lips) // 2 + 1
    return float((lips[1 : middle - 1, 1].mean() - lips[middle:, 1].mean()) / placement_of(face).size)


def _correlation(true: NDArray[np.float64], shown: NDArray[np.float64], lag: int) -> float:
    """Of what is shown ``lag`` frames late."""
    late = true[: len(true) - lag] if lag > 0 else true[-lag:]
    early = shown[lag:] if lag > 0 else shown[: len(shown) + lag]
    return float(np.corrcoef(late, early)[0, 1])


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--judges", type=Path, default=Path("../shared/models"))
    parser.add_argument("--out", type=Path, help="JSON; a table in Markdown is written beside it")
    parser.add_argument("--only", choices=sorted(EXCERPTS))
    given = parser.parse_args()
    lpips, rows = Lpips(given.judges / "lpips_squeeze.onnx"), []
    with tempfile.TemporaryDirectory(prefix="semvid-portrait-") as name:
        for excerpt in [given.only] if given.only else EXCERPTS:
            clip = clip_of(EXCERPTS[excerpt], given.folders, Path(name) / f"{excerpt}.mp4")
            for row in measured(excerpt, clip, lpips):
                print(json.dumps(row), flush=True)
                rows.append(row)
    made = provenance(("ai-edge-litert", "av", "numba", "numpy", "onnxruntime", "opencv-python-headless"))
    said = f"`{made['command']}` at commit {made['commit']}, {made['date']}.\n\n"
    write(given.out, {"rows": rows, "provenance": made}, HEAD + said + formatted(COLUMNS, rows))


if __name__ == "__main__":
    main()
