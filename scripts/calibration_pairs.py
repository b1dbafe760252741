"""Labelled pairs of pictures from real clips, for ``calibrate_embedded.py``."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import cv2
import numpy as np

from semvid.options import Focus
from transmitter.mllm.embedded.measurements import Measurements, measure
from transmitter.mllm.embedded.views import View, view

SPACING_S = 0.2
GAPS = (1, 2, 3, 5, 8, 13, 21, 34)  # in candidates
PAIRS_PER_GAP = 7
OBJECT_SAME, OBJECT_DIFFERENT = 0.10, 0.22  # cosine distance of the main object's crops
STATIC = (  # clips in which, looked at, the camera stands still
    *("static_bottles", "indoor_pouring_coffee", "traffic_topdown_cars", "traffic_motorway_768"),
    *("animal_dog_eating", "asl_book", "asl_thanks", "asl_yes", "sport_football_juggling"),
)
OBJECT_JUDGE: dict[str, Any] = {}  # "embed": the networks' embedding of a picture


@dataclass(eq=False)
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
    foreign: str = ""  # group of the other clip that lent a picture


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
            k = 256 / max(height, width)
            small = cv2.resize(picture, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
            clip.indices.append(index)
            clip.pictures.append(small)
            clip.views.append(view(small))
            clip.embeddings.append(np.stack([judges.embed(part) for part in parts(picture)]))
            found = judges.yolox(picture, thr=0.25)
            clip.objects.append([(label, score, [v * k for v in box]) for label, score, box in found])
    return clip


def parts(picture: np.ndarray) -> list[np.ndarray]:
    """The whole picture and nine overlapping parts of half its size, so that places count."""
    height, width = picture.shape[:2]
    tops, lefts = (0, height // 4, height // 2), (0, width // 4, width // 2)
    crops = [picture[y : y + height // 2, x : x + width // 2] for y in tops for x in lefts]
    return [picture, *(np.ascontiguousarray(crop) for crop in crops)]


def distance(clip: Clip, first: int, second: int) -> float:
    """The networks' distance in meaning of two frames: the whole, its parts, its main object."""
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
        best = max(same, key=lambda other: overlap(one[2], other[2]), default=None)
        if best is not None and overlap(one[2], best[2]) > 0:
            free.remove(best)
            matched += min(1.0, overlap(one[2], best[2]) / 0.8) * (weight(one) + weight(best))
    return 1.0 - matched / total if total else 0.0


@cache
def measured(clip: Clip, first: int, second: int) -> Measurements:
    return measure(clip.views[first], clip.views[second])


def general_pairs(clip: Clip, rng: np.random.Generator) -> list[Pair]:
    pairs = []
    for gap in GAPS:
        for i in rng.permutation(max(0, len(clip.views) - gap))[:PAIRS_PER_GAP]:
            values, apart = measured(clip, i, i + gap), distance(clip, i, i + gap)
            pairs.append(Pair(clip.group, f"{gap * SPACING_S:.1f} s", False, values, apart))
    return pairs


def camera(
    picture: np.ndarray, rng: np.random.Generator, shift: float, zoom: float
) -> tuple[np.ndarray, np.ndarray]:
    """Two crops of one picture as if the camera had moved by ``shift`` of the size and zoomed."""
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
    lender = ""

    def add(
        kind: str, first: np.ndarray, second: np.ndarray, background: bool | None, thing: bool | None
    ) -> None:
        values = measure(view(first), view(second))
        for focus, label in ((Focus.BACKGROUND, background), (Focus.MAIN_OBJECT, thing)):
            if label is not None:
                out[focus].append(Pair(clip.group, kind, label, values, foreign=lender))

    for _ in range(8):
        scene = clip.pictures[rng.integers(len(clip.pictures))]
        other = others[rng.integers(len(others))]
        lender = other.group
        foreign = other.pictures[rng.integers(len(other.pictures))]
        size, x, y = rng.uniform(0.35, 0.8), rng.uniform(0.3, 0.7), rng.uniform(0.4, 0.6)
        with_thing = pasted(scene, foreign, x, y, size)
        away = x + (1 if x < 0.5 else -1) * rng.uniform(0.15, 0.35)
        seen = camera(scene, rng, rng.uniform(0, 0.25), rng.uniform(1, 1.1))
        add("small camera motion", *seen, False, False)
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
    lender = ""
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


def object_distance(clip: Clip, first: int, second: int) -> float | None:
    """Cosine distance of what both frames show in the box of the main object; None without one."""
    if not clip.objects[first]:
        return None
    box = max(clip.objects[first], key=lambda o: o[1] * (o[2][2] - o[2][0]) * (o[2][3] - o[2][1]))[2]
    height, width = clip.pictures[first].shape[:2]
    (x0, y0), (x1, y1) = np.clip(np.reshape(box, (2, 2)), 0, (width, height)).astype(int)
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
