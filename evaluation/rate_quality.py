"""Rate and quality of the whole chain on real clips, against uniform keyframes and against SVT-AV1.

    python -m evaluation.rate_quality --media DIR --judges DIR --out results/rate_quality.json

Each clip is scaled to the area of 576x320 and cut to ten seconds. Every method runs over the same physical
layer at 10 dB with the same accounting: the control word, pilots, CRCs and units of every block are counted
by the functions that the services use (`evaluation.symbol_count`). No block is lost at 10 dB.

- ``semvid``: selection, keyframe code and interpolation at their defaults.
- ``uniform``: keyframes every 4th, 8th, 16th and 32nd frame and at both sides of hard cuts, same code, same
  interpolation, every CRF of a grid; the lower hull over both is the rival.
- ``av1``: SVT-AV1 of all frames, preset 5, at full, half and quarter size, all frames or every third held;
  its lower hull is the rival. The elementary stream is sent in blocks as large as they may be.

LPIPS (SqueezeNet) is the judge in ``--judges``; PSNR is over RGB. Both are means over every seventh frame: a
step of 16 would see nothing but keyframes of the rivals that place one every 4 or 8 frames.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from evaluation.clips import Clip, load
from evaluation.provenance import provenance
from evaluation.rival_av1 import av1_points
from evaluation.symbol_count import SymbolCount
from receiver.decoders.embedded import EmbeddedDecoder
from semvid.images.fidelity import psnr_db
from semvid.images.interpolation import Bridge
from semvid.images.keyframe_codec import KeyframeDecoder, KeyframeEncoder
from semvid.images.types import Picture
from semvid.options import TransmissionOptions
from semvid.semantics import Unit
from semvid.video.limits import VideoLimits
from semvid.video.reader import read_frames
from transmitter import mllm as mllms
from transmitter.keyframes import make_selector
from transmitter.keyframes.selection import KeyframeSelector, Reason, Selected
from transmitter.mllm import Mllm
from transmitter.pipeline import stream_header
from transmitter.rate.model import OperatingPoint
from transmitter.rate.plan import make_plan
from transmitter.rate.trial import Excerpts
from transmitter.side_information import SideInformation

Lpips = Callable[[Picture, Picture], float]

SNR_DB: Final = 10.0
JUDGED_EVERY: Final = 7  # frames; shares no factor with a rival's keyframe spacing or prediction pyramid
UNIFORM_GAPS: Final = (4, 8, 16, 32)
UNIFORM_CRFS: Final = (48, 54, 60, 66)
CLIPS: Final = (
    "act_yoga",
    "talking_head_foreman_cif",
    "traffic_motorway_768",
    "drive_dashcam",
    "film_bw_dialogue",
    "sport_football_juggling",
    "act_flipping_pancake",
    "indoor_pouring_coffee",
    "animal_dog_eating",
    "landscape_boat_river",
    "act_playing_guitar",
    "traffic_topdown_cars",
)


def semvid_point(clip: Clip, judge: Lpips, mllm: Mllm | None) -> dict[str, Any]:
    """What the services do at their defaults; without ``mllm`` the PSSS rule is off."""
    options = TransmissionOptions()
    profile = EmbeddedDecoder.profile

    def selector(point: OperatingPoint) -> KeyframeSelector:
        return make_selector(options, clip.source, profile, None, lambda: point)

    excerpts = Excerpts(clip.path, clip.source, VideoLimits(), selector)
    point = make_plan(excerpts, options).point
    chosen = make_selector(options, clip.source, profile, mllm, lambda: point)
    side = SideInformation(stream_header(clip.source, options), mllms.load("embedded"))
    selected: list[Selected] = []
    units: list[list[Unit]] = []
    for frame in read_frames(clip.path, clip.source):
        side.push(frame)
        for one in chosen.push(frame):
            units.append(side.close(one, last=one.frame.index == len(clip.pictures) - 1))
            selected.append(one)
    for one in chosen.finish():
        units.append(side.close(one, last=True))
        selected.append(one)
    return _keyframes_point(clip, selected, units, point.crf, judge, point.finer_start) | {
        "crf": point.crf,
        "finer_start": point.finer_start,
        "reasons": [one.reason.value for one in selected],
    }


def uniform_points(clip: Clip, judge: Lpips, shot_starts: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Every gap and CRF of the grid, with the same keyframes at hard cuts as ours."""
    frames = list(read_frames(clip.path, clip.source))
    last = len(frames) - 1
    for gap in UNIFORM_GAPS:
        ends = {*range(0, last, gap), last, *shot_starts, *(start - 1 for start in shot_starts)}
        selected = [Selected(frames[i], Reason.INTERVAL, shot_start=i in shot_starts) for i in sorted(ends)]
        for crf in UNIFORM_CRFS:
            units: list[list[Unit]] = [[] for _ in selected]
            yield _keyframes_point(clip, selected, units, crf, judge) | {"gap": gap, "crf": crf}


def _keyframes_point(
    clip: Clip,
    selected: Sequence[Selected],
    units: Sequence[list[Unit]],
    crf: int,
    judge: Lpips,
    finer_start: int = 0,
) -> dict[str, Any]:
    """Codes, counts, decodes, interpolates and judges."""
    count = SymbolCount(SNR_DB)
    count.opening(stream_header(clip.source, TransmissionOptions()), len(clip.pictures), len(selected))
    decoder = KeyframeDecoder(clip.source.width, clip.source.height)
    decoded: dict[int, Picture] = {}
    keyframe_psnr = []
    with KeyframeEncoder(clip.source.width, clip.source.height, crf, finer_start=finer_start) as encoder:
        for number, (one, beside) in enumerate(zip(selected, units, strict=True)):
            coded = encoder.encode(one.frame.picture)
            count.keyframe(number, one, coded, beside)
            decoded[one.frame.index] = decoder.decode(coded.packet)
            keyframe_psnr.append(psnr_db(clip.pictures[one.frame.index], decoded[one.frame.index]))
    starts = {one.frame.index for one in selected if one.shot_start}
    return {
        "cbr": clip.cbr(count.symbols),
        "keyframes": len(selected),
        "keyframe_psnr_db": round(float(np.mean(keyframe_psnr)), 3),
        **judged(clip, partial(_shown, sorted(decoded), decoded, starts), judge),
    }


def _shown(ends: list[int], decoded: dict[int, Picture], starts: set[int], index: int) -> Picture:
    """What the receiver shows at ``index``."""
    if index in decoded:
        return decoded[index]
    after = next(end for end in ends if end > index)
    before = ends[ends.index(after) - 1]
    if after in starts:
        return decoded[before]
    return Bridge(decoded[before], decoded[after]).frame((index - before) / (after - before))


def judged(clip: Clip, shown: Callable[[int], Picture], judge: Lpips) -> dict[str, float]:
    """Mean LPIPS and PSNR over every `JUDGED_EVERY`-th frame."""
    indices = range(JUDGED_EVERY // 2, len(clip.pictures), JUDGED_EVERY)
    pairs = [(clip.pictures[i], shown(i)) for i in indices]
    return {
        "lpips": round(float(np.mean([judge(a, b) for a, b in pairs])), 5),
        "psnr_db": round(float(np.mean([psnr_db(a, b) for a, b in pairs])), 3),
    }


def hull_at(points: Sequence[dict[str, Any]], at_cbr: float) -> float | None:
    """LPIPS of the lower hull of ``points`` over log CBR, at ``at_cbr``; None below the cheapest point."""
    hull: list[tuple[float, float]] = []
    for x, y in sorted((math.log(p["cbr"]), p["lpips"]) for p in points):
        if hull and y >= hull[-1][1]:
            continue
        while len(hull) > 1 and _turns_up(hull[-2], hull[-1], (x, y)):
            hull.pop()
        hull.append((x, y))
    if math.log(at_cbr) < hull[0][0]:
        return None
    return float(np.interp(math.log(at_cbr), [x for x, _ in hull], [y for _, y in hull]))


def _turns_up(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[1] - a[1]) * (c[0] - b[0]) >= (c[1] - b[1]) * (b[0] - a[0])


def evaluate(path: Path, judges: Path) -> dict[str, Any]:
    """All methods on one clip."""
    cv2.setNumThreads(1)
    judge = load_judge(judges)
    with tempfile.TemporaryDirectory(prefix="semvid-rq-") as folder:
        clip = load(path, Path(folder))
        ours = semvid_point(clip, judge, mllms.load("embedded"))
        without_psss = semvid_point(clip, judge, None)
        starts = _shot_starts(clip)
        uniform = list(uniform_points(clip, judge, starts))
        few = [_four_per_16_s(clip, judge, crf) for crf in (60, 63, 66, 69)]
        av1 = av1_points(clip.pictures, clip.source, SNR_DB, 1.6 * ours["cbr"])
        av1_judged = [
            {k: v for k, v in point.items() if k != "shown"}
            | {"cbr": clip.cbr(point["symbols"])}
            | judged(clip, point["shown"].__getitem__, judge)
            for point in av1
        ]
    return {
        "clip": path.stem,
        "size": f"{clip.source.width}x{clip.source.height}",
        "frames": len(clip.pictures),
        "seconds": round(clip.source.duration_s, 3),
        "semvid": ours,
        "semvid_without_psss": without_psss,
        "uniform": uniform,
        "uniform_lpips_at_our_cbr": hull_at(uniform, ours["cbr"]),
        "uniform_lpips_at_cbr_without_psss": hull_at(uniform, without_psss["cbr"]),
        "av1": av1_judged,
        "av1_lpips_at_our_cbr": hull_at(av1_judged, ours["cbr"]),
        "four_keyframes_per_16_s": few,
    }


def _shot_starts(clip: Clip) -> list[int]:
    from transmitter.keyframes.cuts import CutDetector

    detector = CutDetector()
    return [index for index, picture in enumerate(clip.pictures) if detector.push(picture)]


def _four_per_16_s(clip: Clip, judge: Lpips, crf: int) -> dict[str, Any]:
    seconds = len(clip.pictures) / float(clip.source.frame_rate)
    count = max(2, math.ceil(4 * seconds / 16))
    frames = list(read_frames(clip.path, clip.source))
    ends = sorted({round(n * (len(frames) - 1) / (count - 1)) for n in range(count)})
    selected = [Selected(frames[i], Reason.INTERVAL) for i in ends]
    return _keyframes_point(clip, selected, [[] for _ in selected], crf, judge) | {"crf": crf}


def load_judge(folder: Path) -> Lpips:
    """LPIPS from the judges' own module."""
    spec = importlib.util.spec_from_file_location("judges", folder / "judges.py")
    if spec is None or spec.loader is None or not (folder / "lpips_squeeze.onnx").exists():
        sys.exit(f"no judges in {folder}: it must hold judges.py and lpips_squeeze.onnx")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.lpips  # type: ignore[no-any-return]


def main() -> None:
    """Evaluates the clips, writes JSON and a Markdown table."""
    from evaluation.rate_quality_table import table

    parser = argparse.ArgumentParser(description="rate and quality on real clips")
    parser.add_argument("--media", type=Path, required=True)
    parser.add_argument("--judges", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--clips", nargs="*", default=CLIPS)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    paths = [next(arguments.media.glob(f"{name}.m*")) for name in arguments.clips]
    records: list[dict[str, Any]] = []
    with ProcessPoolExecutor(arguments.workers) as pool:
        for record in pool.map(partial(evaluate, judges=arguments.judges), paths):
            ours = record["semvid"]
            print(
                f"{record['clip']:26s} cbr {ours['cbr']:.2e}  lpips {ours['lpips']:.4f}  "
                f"uniform {record['uniform_lpips_at_our_cbr']}  av1 {record['av1_lpips_at_our_cbr']}",
                flush=True,
            )
            records.append(record)
    result = {
        "snr_db": SNR_DB,
        "clips": records,
        "provenance": provenance(("av", "numpy", "opencv-python-headless", "onnxruntime")),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    arguments.out.with_suffix(".md").write_text(table(result), encoding="utf-8")
    print(table(result))


if __name__ == "__main__":
    main()
