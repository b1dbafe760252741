"""Draws frame pairs of real clips and lays them out for labelling by eye.

    python scripts/label_sheets.py MEDIA OUT

Writes OUT/pairs.csv (half, clips, frames) and OUT/sheet_*.png, eight pairs each, the earlier frame on
the left, the number of the pair's row above it. Labels belong in evaluation/studies/meaning_labels.csv.
Nothing is measured here, so that no score can lean on whoever labels. Clips with a moving camera or cuts
give more pairs, and more again whose frames lie anywhere: only there backgrounds change. Frames of two
of the ASL clips show two persons in one room.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from pathlib import Path

import av
import cv2
import numpy as np

HALVES = {"fit": 1, "test": 2}  # and the seeds of their draws
SHORTEST_S, LONGEST_S = 0.2, 7.0  # between the frames of a pair; logarithms are drawn evenly
PAIRS = 5  # a clip and half
MORE = {
    **dict.fromkeys(("cuts_bikes", "talking_head_foreman_cif", "landscape_boat_river", "drive_dashcam"), 8),
    **dict.fromkeys(("act_flipping_pancake", "act_hitting_baseball"), 8),
    **dict.fromkeys(("asl_book", "asl_thanks", "asl_yes"), 3),
    "screen_pdf_scroll": 4,
}
ANYWHERE = {"cuts_bikes": 12, "talking_head_foreman_cif": 10}  # more pairs a half
ONE_ROOM = ("asl_book", "asl_thanks", "asl_yes")
PERSONS = 5  # pairs a half
# The second draw: where what is in front fills the picture or moves much, and where the camera pans. Windows
# of the two frames, pairs a half. The first draw has few of these, and judges of the background need them.
HARD = (
    ("act_flipping_pancake", (0, 270), (285, 309), 5),
    ("cuts_bikes", (76, 137), (76, 137), 3),
    ("cuts_bikes", (137, 187), (137, 187), 4),
    ("cuts_bikes", (187, 242), (187, 242), 4),
    ("talking_head_foreman_cif", (150, 240), (150, 240), 10),
    ("act_hitting_baseball", (0, 299), (0, 299), 6),
    ("drive_dashcam", (0, 100), (120, 220), 4),
    ("act_weightlifting", (0, 110), (120, 235), 4),
    ("animation_bigbuckbunny", (0, 60), (60, 131), 3),
    ("static_bottles", (0, 150), (150, 299), 2),
    ("traffic_motorway_768", (0, 247), (0, 247), 3),
    ("indoor_pouring_coffee", (0, 80), (80, 286), 2),
)
WIDTH, A_SHEET, A_ROW = 390, 8, 2  # pixels of a picture; pairs


Pair = tuple[str, str, int, str, int]  # half; clip and frame of the earlier picture, of the later


def drawn(entry: dict, half: str) -> list[Pair]:
    """Pairs of one clip."""
    rng = np.random.default_rng((HALVES[half], sum(map(ord, entry["name"]))))
    found = []
    for _ in range(MORE.get(entry["name"], PAIRS)):
        longest = min(LONGEST_S, 0.9 * entry["frames"] / entry["fps"])
        seconds = math.exp(rng.uniform(math.log(SHORTEST_S), math.log(longest)))
        gap = max(1, round(seconds * entry["fps"]))
        first = int(rng.integers(entry["frames"] - gap))
        found.append((first, first + gap))
    for _ in range(ANYWHERE.get(entry["name"], 0)):
        first, second = sorted(map(int, rng.choice(entry["frames"] - 1, 2, replace=False)))
        found.append((first, second))
    return [(half, entry["name"], first, entry["name"], second) for first, second in found]


def persons(frames: dict[str, int], half: str) -> list[Pair]:
    """Pairs of two clips of `ONE_ROOM`."""
    rng = np.random.default_rng((HALVES[half], 0))
    found = []
    for _ in range(PERSONS):
        clips = [ONE_ROOM[i] for i in rng.choice(len(ONE_ROOM), 2, replace=False)]
        first, second = (int(rng.integers(frames[name] - 1)) for name in clips)
        found.append((half, clips[0], first, clips[1], second))
    return found


def hard(half: str) -> list[Pair]:
    """Pairs of the second draw."""
    rng = np.random.default_rng((HALVES[half], 1))
    found = []
    for name, one, other, count in HARD:
        for _ in range(count):
            first, second = sorted((int(rng.integers(*one)), int(rng.integers(*other))))
            found.append((half, name, first, name, max(second, first + 1)))
    return found


def pictures(path: Path, wanted: set[int]) -> dict[int, np.ndarray]:
    """Small blue-green-red copies of the wanted frames."""
    found = {}
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index in wanted:
                picture = frame.to_ndarray(format="bgr24")
                height = round(WIDTH * picture.shape[0] / picture.shape[1])
                found[index] = cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA)
    return found


def sheet(pairs: list[tuple[int, np.ndarray, np.ndarray]]) -> np.ndarray:
    """Numbered pairs in rows."""
    rows = []
    for start in range(0, len(pairs), A_ROW):
        row = pairs[start : start + A_ROW]
        height = max(first.shape[0] for _, first, _ in row) + 26
        line = np.full((height, A_ROW * (2 * WIDTH + 16), 3), 255, np.uint8)
        for place, (number, first, second) in enumerate(row):
            left = place * (2 * WIDTH + 16)
            line[26 : 26 + first.shape[0], left : left + WIDTH] = first
            line[26 : 26 + second.shape[0], left + WIDTH + 4 : left + 2 * WIDTH + 4] = second
            cv2.putText(line, str(number), (left + 4, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 200), 2)
        rows.append(line)
    return np.concatenate(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("media", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    entries = json.loads((options.media / "index.json").read_text(encoding="utf-8"))
    pairs = [pair for half in HALVES for entry in entries for pair in drawn(entry, half)]
    frames = {entry["name"]: entry["frames"] for entry in entries}
    pairs += [pair for half in HALVES for pair in persons(frames, half)]
    pairs += [pair for half in HALVES for pair in hard(half)]
    small = {}
    for entry in entries:
        name = entry["name"]
        wanted = {f for _, *ends in pairs for clip, f in (ends[:2], ends[2:]) if clip == name}
        found = pictures(options.media / entry["file"], wanted)
        small |= {(name, frame): picture for frame, picture in found.items()}
    pairs = [pair for pair in pairs if pair[3:] in small]  # the index may promise a frame more than decodes
    laid = [(number, small[pair[1:3]], small[pair[3:]]) for number, pair in enumerate(pairs)]
    with (options.out / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("half", "clip", "first", "other", "second"), *pairs])
    for start in range(0, len(laid), A_SHEET):
        path = options.out / f"sheet_{start // A_SHEET:02}.png"
        cv2.imwrite(str(path), sheet(laid[start : start + A_SHEET]))
    print(f"{len(pairs)} pairs in {options.out}")


if __name__ == "__main__":
    main()
