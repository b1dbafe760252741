"""Pairs of pictures from real clips of which is known whether they differ, for ``calibrate_embedded.py``."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from semvid.images.objects import Detector
from semvid.mllm.embedded.comparison import Comparison, compare, see
from semvid.options import Focus

SPACING_S = 0.2  # of the candidates
ROUNDS = 4  # of made pairs, a clip
WIDTH = 640  # pixels, longer side of the copies


@dataclass
class Clip:
    """Every candidate of a clip, and the frames that labels name."""

    name: str
    group: str  # clips of one group show one room
    candidates: list[np.ndarray]
    labelled: dict[int, np.ndarray]


@dataclass(frozen=True)
class Pair:
    """``same`` and ``different`` name the focuses of which either is known."""

    kind: str
    groups: frozenset[str]
    compared: Comparison
    same: frozenset[Focus]
    different: frozenset[Focus]
    pasted: bool = False  # what came or moved need not be a thing that the detector knows


def read_clip(folder: Path, entry: dict[str, Any], wanted: set[int]) -> Clip:
    """Decodes what is needed of a clip."""
    name = entry["name"]
    clip = Clip(name, "asl" if name.startswith("asl") else name, [], {})
    step = max(1, round(entry["fps"] * SPACING_S))
    with av.open(str(folder / entry["file"])) as container:
        for index, frame in enumerate(container.decode(container.streams.video[0])):
            if index % step and index not in wanted:
                continue
            picture = frame.to_ndarray(format="rgb24")
            k = min(1.0, WIDTH / max(picture.shape[:2]))
            small = cv2.resize(picture, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
            if index % step == 0:
                clip.candidates.append(small)
            if index in wanted:
                clip.labelled[index] = small
    return clip


def labels(path: Path) -> list[dict[str, str]]:
    """The rows of ``meaning_labels.csv``."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def labelled_pair(row: dict[str, str], clips: dict[str, Clip], detector: Detector) -> Pair:
    """A pair that was labelled by eye."""
    one, other = clips[row["clip"]], clips[row["other"]]
    pictures = one.labelled[int(row["first"])], other.labelled[int(row["second"])]
    return Pair(
        "by eye",
        frozenset((one.group, other.group)),
        compare(*(see(picture, detector) for picture in pictures)),
        frozenset(focus for focus in Focus if row[focus.value] == "same"),
        frozenset(focus for focus in Focus if row[focus.value] == "changed"),
    )


def made_pairs(clip: Clip, clips: list[Clip], rng: np.random.Generator, detector: Detector) -> list[Pair]:
    """Pairs that are made so that what differs is known."""
    others = [other for other in clips if other.group != clip.group]
    every, general = frozenset(Focus), frozenset((Focus.GENERAL,))
    thing, background = frozenset((Focus.MAIN_OBJECT,)), frozenset((Focus.BACKGROUND,))
    found: list[Pair] = []

    def add(
        kind: str,
        pictures: tuple[np.ndarray, np.ndarray],
        same: frozenset[Focus],
        different: frozenset[Focus],
        pasted: bool = False,
    ) -> None:
        groups = frozenset((clip.group, other.group))
        seen = compare(*(see(picture, detector) for picture in pictures))
        found.append(Pair(kind, groups, seen, same, different, pasted))

    for _ in range(ROUNDS):
        scene = clip.candidates[rng.integers(len(clip.candidates))]
        other = others[rng.integers(len(others))]
        foreign = cv2.resize(other.candidates[rng.integers(len(other.candidates))], scene.shape[1::-1])
        size, x, y = rng.uniform(0.35, 0.8), rng.uniform(0.3, 0.7), rng.uniform(0.4, 0.6)
        away = x + (1 if x < 0.5 else -1) * rng.uniform(0.15, 0.35)
        there, moved = (with_thing(scene, foreign, place, y, size) for place in (x, away))
        gain = rng.choice([rng.uniform(0.45, 0.65), rng.uniform(1.4, 1.7)])
        nearly = camera(scene, rng, rng.uniform(0, 0.25), rng.uniform(1, 1.1))
        far = camera(scene, rng, rng.uniform(0.7, 1.0), rng.uniform(1, 1.2))
        add("small camera motion", nearly, every, frozenset())
        add("little overlap", far, frozenset(), background | general)
        add("object came", (noisy(scene, rng), noisy(there, rng)), background, thing | general, True)
        add("object moved", (noisy(there, rng), noisy(moved, rng)), background, thing | general, True)
        add("other clip", (scene, foreign), frozenset(), every)
        add("other lighting", (scene, noisy(lit(scene, gain), rng)), thing, background)
    return found


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
    """With the noise of a camera."""
    return np.clip(picture + rng.normal(0, 2.0, picture.shape), 0, 255).astype(np.uint8)


def with_thing(scene: np.ndarray, source: np.ndarray, x: float, y: float, size: float) -> np.ndarray:
    """``source``'s middle, as an ellipse, put into ``scene`` with its centre at (x, y) of the size."""
    height, width = scene.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    axes = (max(2, int(0.3 * size * height)), max(2, int(0.5 * size * height)))
    cv2.ellipse(mask, (int(x * width), int(y * height)), axes, 0, 0, 360, 255, -1)
    soft = (cv2.GaussianBlur(mask, (5, 5), 0) / 255.0)[..., None]
    move = np.array([[1.0, 0, (x - 0.5) * width], [0, 1.0, (y - 0.5) * height]])
    moved = cv2.warpAffine(source, move, (width, height), borderMode=cv2.BORDER_REFLECT)
    return (soft * moved + (1 - soft) * scene).astype(np.uint8)


def lit(picture: np.ndarray, gain: float) -> np.ndarray:
    """In other light."""
    return np.clip(picture.astype(np.float32) * gain, 0, 255).astype(np.uint8)
