"""Fits the embedded model's coefficients to real clips and says how well it does on clips it has not seen.

    python scripts/calibrate_embedded.py MEDIA JUDGES [--write]

MEDIA holds clips and their index.json (file, name, fps, hard_cuts). JUDGES holds judges.py with real small networks
(an image embedding, an object detector); they are measuring instruments here, nothing of them enters the project.

general      pairs of frames of one clip, 0.2 .. 7 s apart. "Different" when the networks' `distance` (embeddings of
             the whole and of its parts, detected objects) exceeds a limit. That limit is the one free choice:
             SKEM (S_rel > 0.35) with held-out coefficients shall give as many keyframes per clip as the paper (4.1).
background   controlled pairs. Same: frames of a still camera, pasted or moved objects, small camera motion.
             Different: other clips, both sides of hard cuts, other background behind the same object, little
             overlap, other lighting.
main_object  controlled pairs. Same: small camera motion, other lighting, frames of static scenes next to each other.
             Different: object moved, come or gone, other clips; frames of a clip whose object's crops the embedding
             tells apart.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import importlib.util
import json
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import cv2
import numpy as np
from scipy.optimize import minimize

from transmitter.mllm.embedded import COEFFICIENTS
from transmitter.mllm.measurements import Measurements, measure
from transmitter.mllm.views import View, view
from transmitter.psss import DEFAULT_THRESHOLD, Focus

SPACING_S = 0.2
GAPS = (1, 2, 3, 5, 8, 13, 21, 34)  # in candidates
PAIRS_PER_GAP = 7
PAPER_KEYFRAMES = 4.1  # per clip, by the relative rule
OBJECT_SAME, OBJECT_DIFFERENT = 0.10, 0.22  # cosine distance of the main object's crops
RIDGE = 1e-4
STATIC = ("static_bottles", "indoor_pouring_coffee", "traffic_topdown_cars", "traffic_motorway_768",
          "animal_dog_eating", "asl_book", "asl_thanks", "asl_yes", "sport_football_juggling")  # fmt: skip


@dataclass
class Clip:
    name: str
    group: str
    seconds: float
    cuts: list[int]
    indices: list[int] = field(default_factory=list)
    pictures: list[np.ndarray] = field(default_factory=list)  # 256-pixel copies
    views: list[View] = field(default_factory=list)
    embeddings: list[np.ndarray] = field(default_factory=list)
    objects: list[list[Any]] = field(default_factory=list)

    def shot(self, position: int) -> int:
        return sum(cut <= self.indices[position] for cut in self.cuts)


@dataclass
class Pair:
    group: str
    kind: str
    different: bool
    values: Measurements
    distance: float = 0.0  # the networks'


def read_clip(folder: Path, entry: dict[str, Any], judges: ModuleType) -> Clip:
    name = entry["name"]
    clip = Clip(name, "asl" if name.startswith("asl") else name, entry["seconds"], entry["hard_cuts"])
    step = max(1, round(entry["fps"] * SPACING_S))
    with av.open(str(folder / entry["file"])) as container:
        for index, frame in enumerate(container.decode(container.streams.video[0])):
            if index % step:
                continue
            picture = frame.to_ndarray(format="rgb24")
            height, width = picture.shape[:2]
            small = cv2.resize(picture, None, fx=(k := 256 / max(height, width)), fy=k, interpolation=cv2.INTER_AREA)
            clip.indices.append(index)
            clip.pictures.append(small)
            clip.views.append(view(small))
            clip.embeddings.append(np.stack([judges.embed(part) for part in parts(picture)]))
            scaled = [(label, score, [v * k for v in box]) for label, score, box in judges.yolox(picture, thr=0.25)]
            clip.objects.append(scaled)
    return clip


def parts(picture: np.ndarray) -> list[np.ndarray]:
    """The whole picture and nine overlapping parts of half its size, so that places count."""
    height, width = picture.shape[:2]
    tops, lefts = (0, height // 4, height // 2), (0, width // 4, width // 2)
    crops = [picture[y : y + height // 2, x : x + width // 2] for y in tops for x in lefts]
    return [picture, *(np.ascontiguousarray(crop) for crop in crops)]


def distance(clip: Clip, first: int, second: int) -> float:
    """The networks' distance in meaning of two frames: the whole, its parts, and what its main object shows."""
    cosines = 1 - np.sum(clip.embeddings[first] * clip.embeddings[second], axis=1)
    local = float(np.sort(cosines[1:])[-3:].mean())
    thing = object_distance(clip, first, second)
    scene = 0.5 * float(cosines[0]) + 0.5 * local
    objects = disagreement(clip.objects[first], clip.objects[second])
    return max(scene, thing or 0.0) + 0.05 * objects


def overlap(a: list[float], b: list[float]) -> float:
    across = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    down = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - across * down
    return across * down / max(union, 1e-9)


def disagreement(first: list[Any], second: list[Any]) -> float:
    """1 - matched share of the detected objects, weighted by score and size; full match from IoU 0.8."""

    def weight(found: Any) -> float:
        box = found[2]
        return float(found[1] * np.sqrt(max(0.0, (box[2] - box[0]) * (box[3] - box[1]))))

    total = sum(map(weight, first)) + sum(map(weight, second))
    matched, free = 0.0, list(second)
    for one in first:
        same = [other for other in free if other[0] == one[0]]
        best = max(same, key=lambda other: overlap(one[2], other[2]), default=None)  # noqa: B023
        if best is not None and overlap(one[2], best[2]) > 0:
            free.remove(best)
            matched += min(1.0, overlap(one[2], best[2]) / 0.8) * (weight(one) + weight(best))
    return 1.0 - matched / total if total else 0.0


def general_pairs(clip: Clip, rng: np.random.Generator) -> list[Pair]:
    pairs = []
    for gap in GAPS:
        for i in rng.permutation(max(0, len(clip.views) - gap))[:PAIRS_PER_GAP]:
            values = measure(clip.views[i], clip.views[i + gap])
            apart = distance(clip, int(i), int(i + gap))
            pairs.append(Pair(clip.group, f"{gap * SPACING_S:.1f} s", False, values, apart))
    return pairs


def camera(picture: np.ndarray, rng: np.random.Generator, shift: float, zoom: float) -> tuple[np.ndarray, np.ndarray]:
    """Two crops of one picture as if the camera had moved: by ``shift`` of the size, magnified by ``zoom``."""
    height, width = picture.shape[:2]
    k = 0.62
    angle = rng.uniform(0, 2 * np.pi)
    x, y = (1 - k) / 2 + 0.5 * shift * np.cos(angle) * k, (1 - k) / 2 + 0.5 * shift * np.sin(angle) * k

    def crop(left: float, top: float, size: float) -> np.ndarray:
        m = np.array([[1 / size, 0, -left * width / size], [0, 1 / size, -top * height / size]])
        return noisy(cv2.warpAffine(picture, m, (width, height), borderMode=cv2.BORDER_REFLECT), rng)

    return crop(1 - k - x, 1 - k - y, k), crop(x, y, k / zoom)


def noisy(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(picture + rng.normal(0, 2.0, picture.shape), 0, 255).astype(np.uint8)


def pasted(scene: np.ndarray, source: np.ndarray, x: float, y: float, size: float) -> np.ndarray:
    """``source``'s middle, as an ellipse, put into ``scene`` with its centre at (x, y) of the size."""
    height, width = scene.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    axes = (max(2, int(0.3 * size * height)), max(2, int(0.5 * size * height)))
    cv2.ellipse(mask, (int(x * width), int(y * height)), axes, 0, 0, 360, 255, -1)
    soft = (cv2.GaussianBlur(mask, (5, 5), 0) / 255.0)[..., None]
    move = np.array([[1.0, 0, (x - 0.5) * width], [0, 1.0, (y - 0.5) * height]])
    thing = cv2.resize(source, (width, height))
    moved = cv2.warpAffine(thing, move, (width, height), borderMode=cv2.BORDER_REFLECT)
    return (soft * moved + (1 - soft) * scene).astype(np.uint8)


def lit(picture: np.ndarray, gain: float) -> np.ndarray:
    return np.clip(picture.astype(np.float32) * gain, 0, 255).astype(np.uint8)


def controlled_pairs(clip: Clip, clips: list[Clip], rng: np.random.Generator) -> dict[Focus, list[Pair]]:
    out: dict[Focus, list[Pair]] = {Focus.BACKGROUND: [], Focus.MAIN_OBJECT: []}
    others = [other for other in clips if other.group != clip.group]

    def add(kind: str, first: np.ndarray, second: np.ndarray, background: bool | None, thing: bool | None) -> None:
        values = measure(view(first), view(second))
        for focus, label in ((Focus.BACKGROUND, background), (Focus.MAIN_OBJECT, thing)):
            if label is not None:
                out[focus].append(Pair(clip.group, kind, label, values))

    for _ in range(8):
        scene = clip.pictures[rng.integers(len(clip.pictures))]
        other = others[rng.integers(len(others))]
        foreign = other.pictures[rng.integers(len(other.pictures))]
        size, x, y = rng.uniform(0.35, 0.8), rng.uniform(0.3, 0.7), rng.uniform(0.4, 0.6)
        with_thing = pasted(scene, foreign, x, y, size)
        away = x + (1 if x < 0.5 else -1) * rng.uniform(0.15, 0.35)
        add("small camera motion", *camera(scene, rng, rng.uniform(0, 0.25), rng.uniform(1, 1.1)), False, False)
        add("little overlap", *camera(scene, rng, rng.uniform(0.7, 1.0), rng.uniform(1, 1.2)), True, None)
        add("object came", noisy(scene, rng), noisy(with_thing, rng), False, True)
        moved = pasted(scene, foreign, away, y, size)
        add("object moved", noisy(with_thing, rng), noisy(moved, rng), False, True)
        same = cv2.resize(foreign, scene.shape[1::-1])
        add("other clip", scene, same, True, True)
        behind = pasted(same, foreign, x, y, 0.0)
        middle = pasted(behind, scene, 0.5, 0.5, size)
        add("other background, same object", noisy(scene, rng), noisy(middle, rng), True, None)
        gain = rng.choice([rng.uniform(0.45, 0.65), rng.uniform(1.4, 1.7)])
        add("other lighting", scene, noisy(lit(scene, gain), rng), True, False)
    for gap in (1, 2, 5, 10, 20, 40):
        for i in rng.permutation(max(0, len(clip.views) - gap))[:3]:
            first, second = clip.pictures[i], clip.pictures[i + gap]
            if clip.shot(i) != clip.shot(i + gap):
                add("across a cut", first, second, True, True)
                continue
            thing = object_change(clip, i, i + gap)
            static = clip.name in STATIC
            if static or thing is not None:
                add("still camera" if static else "clip", first, second, False if static else None, thing)
    return out


OBJECT_JUDGE: dict[str, Any] = {}


def object_distance(clip: Clip, first: int, second: int) -> float | None:
    """Cosine distance of what both frames show in the box of the main object; None without one."""
    if not clip.objects[first]:
        return None
    box = max(clip.objects[first], key=lambda o: o[1] * (o[2][2] - o[2][0]) * (o[2][3] - o[2][1]))[2]
    height, width = clip.pictures[first].shape[:2]
    x0, y0, x1, y1 = int(max(0, box[0])), int(max(0, box[1])), int(min(width, box[2])), int(min(height, box[3]))
    if (x1 - x0) * (y1 - y0) < 0.02 * width * height:
        return None
    crops = [clip.pictures[i][y0:y1, x0:x1] for i in (first, second)]
    return 1 - float(np.dot(*(OBJECT_JUDGE["embed"](np.ascontiguousarray(c)) for c in crops)))


def object_change(clip: Clip, first: int, second: int) -> bool | None:
    """Whether the main object changed; None when unclear."""
    apart = object_distance(clip, first, second)
    if apart is None or OBJECT_SAME < apart < OBJECT_DIFFERENT:
        return None
    return apart >= OBJECT_DIFFERENT


def fit(pairs: list[Pair]) -> np.ndarray:
    """Ridge logistic regression on square roots; no weight may be negative: more change is never more similar."""
    inputs = np.sqrt(np.array([pair.values for pair in pairs]))
    design = np.c_[inputs, np.ones(len(inputs))]
    labels = np.array([pair.different for pair in pairs], float)

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        logit = design @ beta
        error = 1 / (1 + np.exp(-logit)) - labels
        penalty = np.r_[beta[:-1], 0.0]
        value = np.mean(np.logaddexp(0, logit) - labels * logit) + RIDGE * penalty @ penalty
        return float(value), design.T @ error / len(labels) + 2 * RIDGE * penalty

    count = inputs.shape[1]
    bounds = [(0, None)] * count + [(None, None)]
    return minimize(loss, np.zeros(count + 1), jac=True, method="L-BFGS-B", bounds=bounds).x


def probability(beta: np.ndarray, values: Any) -> np.ndarray:
    return 1 / (1 + np.exp(-(np.sqrt(np.asarray(values)) @ beta[:-1] + beta[-1])))


def held_out(pairs: list[Pair]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """P(different) of every pair from coefficients fitted without its group, and those coefficients."""
    result, models = np.zeros(len(pairs)), {}
    for group in sorted({pair.group for pair in pairs}):
        models[group] = fit([pair for pair in pairs if pair.group != group])
        for i, pair in enumerate(pairs):
            if pair.group == group:
                result[i] = probability(models[group], pair.values)
    return result, models


def report(pairs: list[Pair], p: np.ndarray) -> dict[str, Any]:
    y = np.array([pair.different for pair in pairs])
    rank = np.argsort(np.argsort(p, kind="stable"), kind="stable")
    ones = int(y.sum())
    auc = (rank[y].sum() - ones * (ones - 1) / 2) / max(1, ones * (len(y) - ones))
    bins = np.minimum((p * 5).astype(int), 4)
    reliability = [
        {"said": round(float(p[bins == b].mean()), 3), "was": round(float(y[bins == b].mean()), 3),
         "pairs": int((bins == b).sum())}
        for b in range(5) if (bins == b).any()
    ]  # fmt: skip
    kinds = {}
    for kind in sorted({pair.kind for pair in pairs}):
        of = np.array([pair.kind == kind for pair in pairs])
        kinds[kind] = {"pairs": int(of.sum()), "accuracy": round(float(((p > 0.5) == y)[of].mean()), 3),
                       "mean_s_rel": round(float((2 * p[of] - 1).mean()), 3)}  # fmt: skip
    return {"pairs": len(pairs), "different": ones, "accuracy": round(float(((p > 0.5) == y).mean()), 3),
            "auc": round(float(auc), 3), "brier": round(float(((p - y) ** 2).mean()), 3),
            "reliability": reliability, "by_kind": kinds}  # fmt: skip


MEASURED: dict[tuple[str, int, int], Measurements] = {}


def walk(clip: Clip, beta: np.ndarray) -> list[int]:
    """SKEM over the candidates, without mass, bridges or cut detector."""
    chosen = [0]
    for i in range(1, len(clip.views)):
        key = (clip.name, chosen[-1], i)
        if key not in MEASURED:
            MEASURED[key] = measure(clip.views[chosen[-1]], clip.views[i])
        if 2 * probability(beta, MEASURED[key]) - 1 > DEFAULT_THRESHOLD:
            chosen.append(i)
    if chosen[-1] != len(clip.views) - 1:
        chosen.append(len(clip.views) - 1)
    return [clip.indices[i] for i in chosen]


def choose_limit(pairs: list[Pair], clips: list[Clip]) -> float:
    """The distance that counts as different: held-out SKEM then gives the paper's number of keyframes."""
    best = (np.inf, 0.0)
    for limit in (0.18, 0.19, 0.20, 0.21, 0.22, 0.23, 0.24):
        labelled = [dataclasses.replace(pair, different=bool(pair.distance > limit)) for pair in pairs]
        _, models = held_out(labelled)
        counts = [len(walk(clip, models[clip.group])) for clip in clips]
        print(f"limit {limit:.2f}: {np.mean(counts):.2f} keyframes a clip, sd {np.std(counts):.2f}", counts)
        best = min(best, (abs(float(np.mean(counts)) - PAPER_KEYFRAMES), round(float(limit), 2)))
    return best[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path)
    parser.add_argument("judges", type=Path)
    parser.add_argument("--limit", type=float, help="distance that counts as different (default: fitted)")
    parser.add_argument("--cache", type=Path, help="pickle of what the networks said; made when it is not there")
    parser.add_argument("--write", action="store_true", help=f"write {COEFFICIENTS.name}")
    options = parser.parse_args()
    spec = importlib.util.spec_from_file_location("judges", options.judges / "judges.py")
    assert spec is not None and spec.loader is not None
    judges = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(judges)
    OBJECT_JUDGE["embed"] = judges.embed
    entries = json.loads((options.media / "index.json").read_text(encoding="utf-8"))
    clips = []
    if options.cache and options.cache.exists():
        clips = pickle.loads(options.cache.read_bytes())
        for clip in clips:
            clip.views = [view(picture) for picture in clip.pictures]
    else:
        clips = [read_clip(options.media, entry, judges) for entry in entries]
        if options.cache:
            options.cache.write_bytes(pickle.dumps([dataclasses.replace(clip, views=[]) for clip in clips]))
    rng = np.random.default_rng(0)
    pairs: dict[Focus, list[Pair]] = {focus: [] for focus in Focus}
    for clip in clips:
        pairs[Focus.GENERAL] += general_pairs(clip, rng)
        for focus, some in controlled_pairs(clip, clips, rng).items():
            pairs[focus] += some
    limit = options.limit or choose_limit(pairs[Focus.GENERAL], clips)
    for pair in pairs[Focus.GENERAL]:
        pair.different = pair.distance > limit
    print("limit", limit)
    focuses: dict[str, Any] = {}
    for focus, some in pairs.items():
        p, models = held_out(some)
        beta = fit(some)
        figures = report(some, p)
        print(focus, json.dumps({k: v for k, v in figures.items() if k not in ("reliability", "by_kind")}))
        for line in figures["reliability"]:
            print("   reliability", line)
        for kind, line in figures["by_kind"].items():
            print("   ", kind, line)
        print("   ", dict(zip(Measurements._fields, beta.round(2), strict=False)), beta[-1].round(2))
        focuses[focus.value] = {
            "weights": {n: round(float(b), 4) for n, b in zip(Measurements._fields, beta, strict=False)},
            "bias": round(float(beta[-1]), 4),
            "held_out": figures,
        }
        counts = {}
        for clip in clips:
            chosen = walk(clip, models[clip.group])
            counts[clip.name] = len(chosen)
            print(f"    {clip.name:26s} {len(chosen):3d} keyframes in {clip.seconds:5.1f} s", chosen)
        mean = float(np.mean(list(counts.values())))
        print(f"    mean {mean:.2f}, sd {np.std(list(counts.values())):.2f} (paper, general: 4.10, 2.70)")
        focuses[focus.value]["held_out"]["keyframes_per_clip"] = counts
    if options.write:
        content = {
            "description": "P(no | yes or no) = sigmoid(sum(weight * sqrt(measurement)) + bias), by focus; measurements "
            "are those of transmitter/mllm/measurements.py. Held out: every clip judged by coefficients fitted "
            "without it.",
            "command": f"python scripts/calibrate_embedded.py MEDIA JUDGES --limit {limit} --write",
            "date": datetime.date.today().isoformat(),
            "clips": [clip.name for clip in clips],
            "general_limit": limit,
            "inputs": list(Measurements._fields),
            "focuses": focuses,
        }
        COEFFICIENTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
