"""The ablations of PSSS: keyframes that meaning alone would choose, and what the model answered.

Nothing is sent. SKEM of the paper without our additions for a real decoder: no cut detector, no bridging, no
longest gap, no shortest one. What is counted are the keyframes of PSSS, the first and the last frame.
"""

import time
from typing import Any

import numpy as np

from evaluation.bench.sets import Variant
from evaluation.clips import Clip
from semvid.mllm.library import load
from semvid.options import Focus, Rule
from semvid.psss import differs


def select(clip: Clip, variant: Variant) -> dict[str, Any]:
    """Walks once through the clip.

    Returns:
        ``metrics``: keyframes, and the mean of S_rel over compared pairs; ``settings`` and ``seconds``.
    """
    started = time.perf_counter()
    model = load(variant.mllm)
    rule, focus = Rule(variant.rule), Focus(variant.focus)
    spacing = max(1, round(variant.candidate_spacing_s * clip.source.frame_rate))
    last = len(clip.pictures) - 1
    latest, keyframes, scores = clip.pictures[0], [0], []
    for index in range(spacing, last, spacing):
        (answer,) = model.compare(latest, [clip.pictures[index]], focus)
        scores.append(answer.s_rel)
        if differs(answer, rule, variant.threshold):
            latest = clip.pictures[index]
            keyframes.append(index)
    keyframes.append(last)
    metrics: dict[str, float] = {"keyframes": len(set(keyframes))}
    if scores:
        metrics["s_rel"] = float(np.mean(scores))
    return {
        "metrics": metrics,
        "frames": len(clip.pictures),
        "keyframe_indices": sorted(set(keyframes)),
        "settings": variant.model_dump(),
        "seconds": round(time.perf_counter() - started, 2),
    }
