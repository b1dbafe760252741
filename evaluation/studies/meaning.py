"""How far judges of meaning agree with labels made by eye.

    python -m evaluation.studies.meaning --media MEDIA --judges JUDGES --out results/meaning.json

The pairs `test` of ``meaning_labels.csv`` (meaning_labels.md beside it says what was asked): for each
focus the area under the curve, the chance that a changed pair gets a higher score than an unchanged one,
with a 95 % interval over clips drawn again. ``--earlier FILE``: the embedded model of an earlier result
gets a row too. The model's shipped coefficients are fitted to other pairs of the same clips; what it
does on clips that it has not seen stands in its coefficients.json (``held_out``)."""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.bench.report.table import formatted
from evaluation.judges import small
from evaluation.judges.lpips import Lpips
from evaluation.provenance import provenance, write
from semvid.images.resize import within_side
from semvid.images.types import Picture
from semvid.mllm.library import load
from semvid.options import Focus
from semvid.video.probe import probe
from semvid.video.reader import read_frames

LABELS: Final = Path(__file__).with_name("meaning_labels.csv")
SEED: Final = 0
_DRAWS: Final = 1000
_SIDE: Final = 640  # pixels, of the pictures that all judges get

Score = Callable[[Picture, Picture], float]  # higher: differs more


def labelled(half: str) -> list[dict[str, str]]:
    """The rows of `LABELS` of one half."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["half"] == half]


def area_under_curve(scores: Sequence[float], changed: Sequence[bool]) -> float:
    """Chance that a changed pair scores higher than an unchanged one; ties count half."""
    values, marks = np.asarray(scores), np.asarray(changed, bool)
    apart = values[marks][:, None] - values[~marks][None, :]
    return float((apart > 0).mean() + 0.5 * (apart == 0).mean())


def interval(scores: Sequence[float], changed: Sequence[bool], clips: Sequence[str]) -> tuple[float, float]:
    """95 % bootstrap interval of `area_under_curve`: whole clips are drawn, since their pairs are alike."""
    rng = np.random.default_rng(SEED)
    places: dict[str, list[int]] = defaultdict(list)
    for place, clip in enumerate(clips):
        places[clip].append(place)
    names, values, marks = list(places), np.asarray(scores), np.asarray(changed, bool)
    areas: list[float] = []
    while len(areas) < _DRAWS:
        drawn = np.concatenate([places[names[i]] for i in rng.integers(len(names), size=len(names))])
        if marks[drawn].any() and not marks[drawn].all():
            areas.append(area_under_curve(list(values[drawn]), list(marks[drawn])))
    low, high = np.percentile(areas, (2.5, 97.5))
    return float(low), float(high)


def judges(folder: Path) -> dict[str, Callable[[Focus], Score]]:
    """Every judge by name, for a focus; only the embedded model knows more than one."""
    embedded, lpips, networks = load("embedded"), Lpips(folder / "lpips_squeeze.onnx"), small.load(folder)

    def by_embedded(focus: Focus) -> Score:
        return lambda one, other: embedded.compare(one, [other], focus)[0].s_rel

    def by_embedding(one: Picture, other: Picture) -> float:
        first, second = (np.asarray(networks.embed(picture), np.float64) for picture in (one, other))
        return 1.0 - float(first @ second)

    def by_pixels(one: Picture, other: Picture) -> float:
        difference: NDArray[np.float32] = one.astype(np.float32) - other
        return float(np.square(difference).mean())

    return {
        "embedded": by_embedded,
        "LPIPS": lambda _: lpips,
        "MobileNet embedding": lambda _: by_embedding,
        "MSE": lambda _: by_pixels,
    }


def pictures(media: Path, rows: Sequence[dict[str, str]]) -> dict[tuple[str, int], Picture]:
    """Every frame that the rows name, by clip and number."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        wanted[row["clip"]].add(int(row["first"]))
        wanted[row["other"]].add(int(row["second"]))
    found = {}
    for name, numbers in wanted.items():
        (path,) = media.glob(f"{name}.*")
        for frame in read_frames(path, probe(path)):
            if frame.index in numbers:
                found[name, frame.index] = within_side(frame.picture, _SIDE)
            if frame.index >= max(numbers):
                break
    return found


def measure(
    rows: Sequence[dict[str, str]],
    shown: dict[tuple[str, int], Picture],
    by_name: dict[str, Callable[[Focus], Score]],
) -> list[dict[str, Any]]:
    """One record for each judge and focus; a score that knows no focus is asked once for each pair."""
    records = []
    known: dict[tuple[Score, tuple[str, int], tuple[str, int]], float] = {}

    def ask(score: Score, row: dict[str, str]) -> float:
        ends = (row["clip"], int(row["first"])), (row["other"], int(row["second"]))
        if (score, *ends) not in known:
            known[score, *ends] = score(*(shown[end] for end in ends))
        return known[score, *ends]

    for focus in Focus:
        pairs = [row for row in rows if row[focus.value]]
        changed = [row[focus.value] == "changed" for row in pairs]
        for name, judge in by_name.items():
            score = judge(focus)
            scores = [ask(score, row) for row in pairs]
            low, high = interval(scores, changed, [row["clip"] for row in pairs])
            records.append(
                {
                    "judge": name,
                    "focus": focus.value,
                    "pairs": len(pairs),
                    "changed": sum(changed),
                    "auc": round(area_under_curve(scores, changed), 4),
                    "interval": [round(low, 3), round(high, 3)],
                }
            )
    return records


def table(records: Sequence[dict[str, Any]], command: str) -> str:
    """The records in Markdown: a row a judge, a column a focus."""
    names = list(dict.fromkeys(record["judge"] for record in records))
    by = {(record["judge"], record["focus"]): record for record in records}

    def cell(name: str, focus: Focus) -> str:
        record = by[name, focus.value]
        return f"{record['auc']:.3f} ({record['interval'][0]:.2f} to {record['interval'][1]:.2f})"

    counts = ", ".join(
        f"{focus.value} {record['pairs']} pairs, {record['changed']} changed"
        for focus in Focus
        for record in [by[names[0], focus.value]]
    )
    rows = [{"judge": name, **{focus.value: cell(name, focus) for focus in Focus}} for name in names]
    columns = [("judge", "{judge}"), *((focus.value, f"{{{focus.value}}}") for focus in Focus)]
    return f"""# Agreement with labels made by eye: area under the curve

    {command}

{formatted(columns, rows)}
{counts}; in brackets 95 % intervals over clips drawn again.
"""


def main() -> None:
    """Measures, prints the table, writes JSON and Markdown side by side."""
    parser = argparse.ArgumentParser(description="agreement of judges of meaning with labels made by eye")
    parser.add_argument("--media", type=Path, required=True, help="folder with the clips")
    parser.add_argument("--judges", type=Path, required=True, help="folder with judges.py and small networks")
    parser.add_argument("--earlier", type=Path, help="an earlier result: its embedded model gets a row")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows = labelled("test")
    records = measure(rows, pictures(arguments.media, rows), judges(arguments.judges))
    if arguments.earlier:
        before = json.loads(arguments.earlier.read_text(encoding="utf-8"))
        made_at = before["provenance"]["commit"][:8]
        records += [
            record | {"judge": f"embedded at {made_at}"}
            for record in before["records"]
            if record["judge"] == "embedded"
        ]
    made = provenance()
    text = table(records, made["command"])
    print(text)
    write(arguments.out, {"seed": SEED, "records": records, "provenance": made}, text)


if __name__ == "__main__":
    main()
