"""Fits the embedded model's coefficients to real clips and says how well it does on clips it has not seen.

    python scripts/calibrate_embedded.py MEDIA JUDGES [--write]

MEDIA holds clips and their index.json (file, name, fps, hard_cuts). JUDGES holds judges.py with real small
networks (an image embedding, an object detector); they are measuring instruments here, nothing of them enters
the project.

general      pairs of frames of one clip, 0.2 .. 7 s apart. "Different" when the networks' `distance`
             (embeddings of the whole, of its parts and of its main object, detected objects) exceeds a limit.
             The limit is chosen, not found: SKEM shall give as many keyframes per clip as the paper (4.1).
background   controlled pairs. Same: frames of a still camera, pasted or moved objects, small camera motion.
             Different: other clips, both sides of hard cuts, other background behind the same object, little
             overlap, other lighting.
main_object  controlled pairs. Same: small camera motion, other lighting. Different: object moved or come,
             other clips. Frames of one clip, labelled where the embedding of the main object's crop is clear.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
from calibration_pairs import OBJECT_JUDGE, Clip, Pair, controlled_pairs, general_pairs, measured, read_clip
from scipy.optimize import minimize
from scipy.special import expit

from evaluation.judges.small import load
from semvid.options import DEFAULT_THRESHOLD, Focus
from transmitter.mllm.embedded.measurements import Measurements
from transmitter.mllm.embedded.model import COEFFICIENTS

PAPER_KEYFRAMES = 4.1  # per clip, by the relative rule
LIMITS = (0.18, 0.19, 0.20, 0.21, 0.22, 0.23, 0.24)
RIDGE = 1e-4


def fit(pairs: list[Pair]) -> np.ndarray:
    """Ridge logistic regression on square roots; no weight is negative: more change is never more similar."""
    inputs = np.sqrt(np.array([pair.values for pair in pairs]))
    design = np.c_[inputs, np.ones(len(inputs))]
    labels = np.array([pair.different for pair in pairs], float)

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        logit = design @ beta
        error = expit(logit) - labels
        penalty = np.r_[beta[:-1], 0.0]
        value = np.mean(np.logaddexp(0, logit) - labels * logit) + RIDGE * penalty @ penalty
        return float(value), design.T @ error / len(labels) + 2 * RIDGE * penalty

    count = inputs.shape[1]
    bounds = [(0, None)] * count + [(None, None)]
    return minimize(loss, np.zeros(count + 1), jac=True, method="L-BFGS-B", bounds=bounds).x


def probability(beta: np.ndarray, values: Any) -> np.ndarray:
    return expit(np.sqrt(np.asarray(values)) @ beta[:-1] + beta[-1])


def held_out(pairs: list[Pair]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """P(different) of every pair from coefficients fitted without any picture of its group, and those."""
    result, models = np.zeros(len(pairs)), {}
    for group in sorted({pair.group for pair in pairs}):
        models[group] = fit([pair for pair in pairs if group not in (pair.group, pair.foreign)])
        for i, pair in enumerate(pairs):
            if pair.group == group:
                result[i] = probability(models[group], pair.values)
    return result, models


def report(pairs: list[Pair], p: np.ndarray) -> dict[str, Any]:
    y = np.array([pair.different for pair in pairs])
    ones = int(y.sum())
    rank = np.argsort(np.argsort(p, kind="stable"), kind="stable")
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


def walk(clip: Clip, beta: np.ndarray) -> list[int]:
    """SKEM over the candidates, without mass, bridges or cut detector."""
    chosen = [0]
    for i in range(1, len(clip.views)):
        if 2 * probability(beta, measured(clip, chosen[-1], i)) - 1 > DEFAULT_THRESHOLD:
            chosen.append(i)
    if chosen[-1] != len(clip.views) - 1:
        chosen.append(len(clip.views) - 1)
    return [clip.indices[i] for i in chosen]


def choose_limit(pairs: list[Pair], clips: list[Clip]) -> float:
    """The distance that counts as different: held-out SKEM then gives the paper's number of keyframes."""
    best = (np.inf, 0.0)
    for limit in LIMITS:
        labelled = [dataclasses.replace(pair, different=bool(pair.distance > limit)) for pair in pairs]
        _, models = held_out(labelled)
        counts = [len(walk(clip, models[clip.group])) for clip in clips]
        print(f"limit {limit:.2f}: {np.mean(counts):.2f} keyframes a clip, sd {np.std(counts):.2f}", counts)
        best = min(best, (abs(float(np.mean(counts)) - PAPER_KEYFRAMES), round(float(limit), 2)))
    return best[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("media", type=Path)
    parser.add_argument("judges", type=Path)
    parser.add_argument("--limit", type=float, help="distance that counts as different (default: fitted)")
    parser.add_argument("--write", action="store_true", help=f"write {COEFFICIENTS.name}")
    options = parser.parse_args()
    judges = load(options.judges)
    OBJECT_JUDGE["embed"] = judges.embed
    entries = json.loads((options.media / "index.json").read_text(encoding="utf-8"))
    clips = [read_clip(options.media, entry, judges) for entry in entries]
    rng = np.random.default_rng(0)
    pairs: dict[Focus, list[Pair]] = {focus: [] for focus in Focus}
    for clip in clips:
        pairs[Focus.GENERAL] += general_pairs(clip, rng)
        for focus, some in controlled_pairs(clip, clips, rng).items():
            pairs[focus] += some
    limit = options.limit or choose_limit(pairs[Focus.GENERAL], clips)
    for pair in pairs[Focus.GENERAL]:
        pair.different = pair.distance > limit
    focuses: dict[str, Any] = {}
    for focus, some in pairs.items():
        p, models = held_out(some)
        beta = fit(some)
        counts = {clip.name: len(walk(clip, models[clip.group])) for clip in clips}
        focuses[focus.value] = {
            "weights": {n: round(float(b), 4) for n, b in zip(Measurements._fields, beta, strict=False)},
            "bias": round(float(beta[-1]), 4),
            "held_out": report(some, p) | {"keyframes_per_clip": counts},
        }
    content = {
        "description": "P(no | yes or no) = sigmoid(sum(weight * sqrt(measurement)) + bias). The "
        "measurements are those of transmitter/mllm/embedded/measurements.py. held_out: each clip judged "
        "by coefficients fitted without any picture of it. general_limit was chosen on the same clips, "
        "so that keyframes_per_clip has the paper's mean.",
        "command": f"python scripts/calibrate_embedded.py MEDIA JUDGES --limit {limit} --write",
        "date": datetime.date.today().isoformat(),
        "clips": [clip.name for clip in clips],
        "general_limit": limit,
        "inputs": list(Measurements._fields),
        "focuses": focuses,
    }
    text = json.dumps(content, indent=1) + "\n"
    print(text)
    if options.write:
        COEFFICIENTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
