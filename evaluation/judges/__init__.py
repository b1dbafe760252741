"""Every judge by name; what a judge needs is imported, and loaded, when it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from evaluation.judge import Judge, Weights
from semvid.errors import InvalidInput


def _psnr(_: Weights) -> Judge:
    from evaluation.judges.pictures import Pictures
    from semvid.images.fidelity import psnr_db

    return Pictures("psnr_db", psnr_db)


def _ssim(_: Weights) -> Judge:
    from evaluation.judges.pictures import Pictures
    from semvid.images.fidelity import ssim

    return Pictures("ssim", ssim)


def _ssim_rgb(_: Weights) -> Judge:
    from evaluation.judges.pictures import Pictures
    from evaluation.judges.ssim import ssim_rgb

    return Pictures("ssim_rgb", ssim_rgb)


def _ms_ssim(_: Weights) -> Judge:
    from evaluation.judges.pictures import Pictures
    from evaluation.judges.ssim import ms_ssim

    return Pictures("ms_ssim", ms_ssim)


def _lpips(weights: Weights) -> Judge:
    from evaluation.judges.lpips import Lpips
    from evaluation.judges.pictures import Pictures

    return Pictures("lpips", Lpips(weights.file("lpips", "lpips_squeeze.onnx")))


def _dists(weights: Weights) -> Judge:
    from evaluation.judges.dists import Dists
    from evaluation.judges.pictures import Pictures

    return Pictures("dists", Dists(Path(weights.model("dists"))))


def _clip_cosine(weights: Weights) -> Judge:
    from evaluation.judges.clip_similarity import ClipSimilarity
    from evaluation.judges.pictures import Pictures

    return Pictures("clip_cosine", ClipSimilarity(weights.model("clip")))


def _clip_similarity(weights: Weights) -> Judge:
    from evaluation.judges.clip_similarity import ClipSimilarity, as_unit_interval
    from evaluation.judges.pictures import Pictures

    cosine = ClipSimilarity(weights.model("clip"))
    return Pictures("clip_similarity", lambda a, b: as_unit_interval(cosine(a, b)))


def _flicker(_: Weights) -> Judge:
    from evaluation.judges.pictures import Neighbours
    from evaluation.judges.temporal import flicker

    return Neighbours("flicker", flicker)


def _warping_error(_: Weights) -> Judge:
    from evaluation.judges.pictures import Neighbours
    from evaluation.judges.temporal import warping_error

    return Neighbours("warping_error", warping_error)


def _vmaf(weights: Weights) -> Judge:
    from evaluation.judges.vmaf import Vmaf, find_ffmpeg

    return Vmaf(find_ffmpeg(weights.models.get("vmaf", "ffmpeg")))


def _embedding(weights: Weights) -> Judge:
    from evaluation.judges.small import Embedding

    return Embedding(weights.folder("embedding"))


def _flow(weights: Weights) -> Judge:
    from evaluation.judges.small import Flow

    return Flow(weights.folder("flow"))


def _detection(weights: Weights) -> Judge:
    from evaluation.judges import detection

    if "detection" in weights.models:
        return detection.Detection(detection.hub_detector(weights.model("detection")))
    return detection.Detection(detection.small_detector(weights.folder("detection")))


def _depth(weights: Weights) -> Judge:
    from evaluation.judges import depth

    if "depth" in weights.models:
        return depth.Depth(depth.hub_estimator(weights.model("depth")))
    return depth.Depth(depth.small_estimator(weights.folder("depth")))


def _action(weights: Weights) -> Judge:
    from evaluation.judges.action import Action

    return Action(weights.model("action"))


def _captions(weights: Weights) -> Judge:
    from evaluation.judges.captions import Captions

    return Captions(weights.model("captions"), weights.models.get("bert_score"))


JUDGES: Final[dict[str, Callable[[Weights], Judge]]] = {
    "psnr_db": _psnr,
    "ssim": _ssim,
    "ssim_rgb": _ssim_rgb,
    "ms_ssim": _ms_ssim,
    "lpips": _lpips,
    "dists": _dists,
    "clip_cosine": _clip_cosine,
    "clip_similarity": _clip_similarity,  # (cosine + 1) / 2, the paper's scale
    "vmaf": _vmaf,
    "flicker": _flicker,
    "warping_error": _warping_error,
    "embedding": _embedding,
    "flow": _flow,
    "detection": _detection,
    "depth": _depth,
    "action": _action,
    "captions": _captions,
}


def check(names: Sequence[str]) -> None:
    """Refuses a judge that does not exist.

    Raises:
        InvalidInput: names it and those that there are.
    """
    for name in names:
        if name not in JUDGES:
            raise InvalidInput(f"judge {name!r}: there is none; choose from {', '.join(sorted(JUDGES))}")
