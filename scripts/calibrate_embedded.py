"""Fits the embedded model's coefficients to real clips and says how well it does on clips it has not
seen.

    python scripts/calibrate_embedded.py MEDIA [--write]

MEDIA holds the clips and their index.json (file, name, fps). Two models are fitted per focus: ``things``
for pairs of which a picture surely shows a thing, ``scene`` for the others, from

- the pairs `fit` of evaluation/studies/meaning_labels.csv, labelled by eye;
- made pairs (calibration_pairs.py): other clips, crops as a camera moves, other light, objects pasted in
  and moved. The last two teach ``things`` nothing of things: what is pasted need not be one that the
  detector knows.

Each kind weighs half. held_out: the pairs `test`, each judged by coefficients fitted without any picture
of its clip."""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from calibration_pairs import Clip, Pair, labelled_pair, labels, made_pairs, read_clip
from scipy.optimize import minimize
from scipy.special import expit

from semvid.mllm.embedded.comparison import Comparison, compare, eye, see
from semvid.mllm.embedded.measurements import Measurements
from semvid.mllm.embedded.model import COEFFICIENTS
from semvid.mllm.embedded.traits import TraitMeasurements
from semvid.options import DEFAULT_THRESHOLD, Focus

LABELS = Path(__file__).parents[1] / "evaluation" / "studies" / "meaning_labels.csv"
RIDGE = 1e-3
SCENE = (*Measurements._fields, *TraitMeasurements._fields)
INPUTS: Mapping[str, Mapping[Focus, tuple[str, ...]]] = {
    "scene": dict.fromkeys(Focus, SCENE),
    "things": {
        Focus.GENERAL: (
            *("gone", "place", "inside", "inside_traits", "traits", "traits_most"),
            *("unexplained", "palette", "layout", "lighting"),
        ),
        Focus.MAIN_OBJECT: ("gone", "place", "pose", "inside", "inside_traits"),
        Focus.BACKGROUND: ("traits_half", "traits", "outside_palette", "outside_traits", "lighting"),
    },
}
Model = dict[str, float]  # weight by input, and "bias"


def columns(compared: list[Comparison], names: tuple[str, ...]) -> np.ndarray:
    return np.sqrt([[one.values[name] for name in names] for one in compared])


def usable(pair: Pair, kind: str, focus: Focus) -> bool:
    if focus not in pair.same | pair.different or (kind == "things" and not pair.compared.things):
        return False
    return not (kind == "things" and pair.pasted and focus in pair.different)


def fit(pairs: list[Pair], kind: str, focus: Focus) -> Model:
    """Ridge logistic regression on square roots; no weight is negative: more change is never more similar."""
    chosen = [pair for pair in pairs if usable(pair, kind, focus)]
    names = INPUTS[kind][focus]
    inputs = columns([pair.compared for pair in chosen], names)
    design = np.c_[inputs, np.ones(len(inputs))]
    different = np.array([focus in pair.different for pair in chosen], float)
    by_eye = np.array([pair.kind == "by eye" for pair in chosen])
    weight = np.where(by_eye, 0.5 / max(1, by_eye.sum()), 0.5 / max(1, (~by_eye).sum()))

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        logit = design @ beta
        penalty = np.r_[beta[:-1], 0.0]
        value = weight @ (np.logaddexp(0, logit) - different * logit) + RIDGE * penalty @ penalty
        return float(value), design.T @ (weight * (expit(logit) - different)) + 2 * RIDGE * penalty

    bounds = [(0, None)] * len(names) + [(None, None)]
    beta = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return {name: round(float(value), 4) for name, value in zip((*names, "bias"), beta, strict=True)}


def probability(models: Mapping[str, Model], compared: Comparison) -> float:
    model = models["things" if compared.things else "scene"]
    logit = sum(value * compared.values[name] ** 0.5 for name, value in model.items() if name != "bias")
    return float(expit(logit + model["bias"]))


def both(pairs: list[Pair], focus: Focus) -> dict[str, Model]:
    return {kind: fit(pairs, kind, focus) for kind in INPUTS}


def report(pairs: list[Pair], p: np.ndarray, focus: Focus) -> dict[str, Any]:
    y = np.array([focus in pair.different for pair in pairs])
    apart = p[y][:, None] - p[~y][None]
    bins = np.minimum((p * 5).astype(int), 4)
    reliability = [
        {"said": round(float(p[bins == b].mean()), 3), "was": round(float(y[bins == b].mean()), 3),
         "pairs": int((bins == b).sum())}
        for b in range(5) if (bins == b).any()
    ]  # fmt: skip
    return {
        "pairs": len(pairs),
        "different": int(y.sum()),
        "accuracy": round(float(((p > 0.5) == y).mean()), 3),
        "auc": round(float((apart > 0).mean() + 0.5 * (apart == 0).mean()), 3),
        "brier": round(float(((p - y) ** 2).mean()), 3),
        "reliability": reliability,
    }


def walk(clip: Clip, models: Mapping[str, Model]) -> int:
    """Keyframes of SKEM over the candidates, without mass, bridges or cut detector."""
    detector = eye()
    seen = [see(picture, detector) for picture in clip.candidates]
    latest, count = 0, 1
    for place in range(1, len(seen)):
        if 2 * probability(models, compare(seen[latest], seen[place])) - 1 > DEFAULT_THRESHOLD:
            latest, count = place, count + 1
    return count + (latest != len(seen) - 1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("media", type=Path)
    parser.add_argument("--write", action="store_true", help=f"write {COEFFICIENTS.name}")
    options = parser.parse_args()
    rows = labels(LABELS)
    entries = json.loads((options.media / "index.json").read_text(encoding="utf-8"))
    clips = {}
    for entry in entries:
        ends = [(row[clip], int(row[frame])) for row in rows for clip, frame in
                (("clip", "first"), ("other", "second"))]  # fmt: skip
        wanted = {frame for name, frame in ends if name == entry["name"]}
        clips[entry["name"]] = read_clip(options.media, entry, wanted)
    detector, rng = eye(), np.random.default_rng(0)
    by_eye = {half: [labelled_pair(row, clips, detector) for row in rows if row["half"] == half]
              for half in ("fit", "test")}  # fmt: skip
    made = [pair for clip in clips.values() for pair in made_pairs(clip, list(clips.values()), rng, detector)]
    pairs = by_eye["fit"] + made
    groups = sorted({clip.group for clip in clips.values()})
    focuses: dict[str, Any] = {}
    for focus in Focus:
        models = both(pairs, focus)
        without = {
            group: both([pair for pair in pairs if group not in pair.groups], focus) for group in groups
        }
        tested = [pair for pair in by_eye["test"] if focus in pair.same | pair.different]
        p = np.array([probability(without[min(pair.groups)], pair.compared) for pair in tested])
        keyframes = {}
        if focus is Focus.GENERAL:
            keyframes = {
                "keyframes_per_clip": {name: walk(clip, without[clip.group]) for name, clip in clips.items()}
            }
        focuses[focus.value] = {
            kind: {"weights": {k: v for k, v in model.items() if k != "bias"}, "bias": model["bias"]}
            for kind, model in models.items()
        } | {"held_out": report(tested, p, focus) | keyframes}
    content = {
        "description": "P(no | yes or no) = sigmoid(sum(weight * sqrt(measurement)) + bias); things: where "
        "one of the pictures surely shows a thing, scene: elsewhere. The measurements are those of "
        "semvid/mllm/embedded/comparison.py. held_out: pairs labelled by eye, each judged by "
        "coefficients fitted to other pairs and without any picture of its clip.",
        "command": "python scripts/calibrate_embedded.py MEDIA --write",
        "date": datetime.date.today().isoformat(),
        "clips": list(clips),
        "made_pairs": len(made),
        "focuses": focuses,
    }
    text = json.dumps(content, indent=1) + "\n"
    print(text)
    if options.write:
        COEFFICIENTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
