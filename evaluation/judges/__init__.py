"""Every judge by name; networks and the packages that run them are loaded when it is made."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from evaluation.judge import Judge, Weights
from evaluation.judges.action import Action
from evaluation.judges.captions import Captions
from evaluation.judges.clip_similarity import ClipSimilarity
from evaluation.judges.depth import Depth, hub_estimator, small_estimator
from evaluation.judges.detection import Detection, hub_detector, small_detector
from evaluation.judges.dists import Dists
from evaluation.judges.faithfulness import Faithfulness
from evaluation.judges.lpips import Lpips
from evaluation.judges.pictures import Neighbours, Pictures
from evaluation.judges.small import Embedding, Flow
from evaluation.judges.ssim import ms_ssim, ssim_rgb
from evaluation.judges.temporal import flicker, warping_error
from evaluation.judges.vmaf import Vmaf, find_ffmpeg
from semvid.errors import InvalidInput
from semvid.images.fidelity import psnr_db, ssim


def _clip_similarity(weights: Weights) -> Judge:
    """``(cosine + 1) / 2``, 0..1: the scale of the paper's CLIP figures."""
    cosine = ClipSimilarity(weights.model("clip"))
    return Pictures("clip_similarity", lambda reference, picture: (cosine(reference, picture) + 1) / 2)


def _detection(weights: Weights) -> Judge:
    if "detection" in weights.models:
        return Detection(hub_detector(weights.model("detection")))
    return Detection(small_detector(weights.folder("detection")))


def _depth(weights: Weights) -> Judge:
    if "depth" in weights.models:
        return Depth(hub_estimator(weights.model("depth")))
    return Depth(small_estimator(weights.folder("depth")))


JUDGES: Final[dict[str, Callable[[Weights], Judge]]] = {
    "psnr_db": lambda _: Pictures("psnr_db", psnr_db),
    "ssim": lambda _: Pictures("ssim", ssim),
    "ssim_rgb": lambda _: Pictures("ssim_rgb", ssim_rgb),
    "ms_ssim": lambda _: Pictures("ms_ssim", ms_ssim),
    "lpips": lambda weights: Pictures("lpips", Lpips(weights.file("lpips", "lpips_squeeze.onnx"))),
    "dists": lambda weights: Pictures("dists", Dists(Path(weights.model("dists")))),
    "clip_cosine": lambda weights: Pictures("clip_cosine", ClipSimilarity(weights.model("clip"))),
    "clip_similarity": _clip_similarity,
    "vmaf": lambda weights: Vmaf(find_ffmpeg(weights.models.get("vmaf", "ffmpeg"))),
    "flicker": lambda _: Neighbours("flicker", flicker),
    "warping_error": lambda _: Neighbours("warping_error", warping_error),
    "embedding": lambda weights: Embedding(weights.folder("embedding")),
    "flow": lambda weights: Flow(weights.folder("flow")),
    "detection": _detection,
    "depth": _depth,
    "action": lambda weights: Action(weights.model("action")),
    # the embedded model needs no weights
    "faithfulness": lambda weights: Faithfulness(weights.models.get("faithfulness", "embedded")),
    "captions": lambda weights: Captions(weights.model("captions"), weights.models.get("bert_score")),
}


def check(names: Sequence[str]) -> None:
    """Refuses a judge that does not exist.

    Raises:
        InvalidInput: names it and those that there are.
    """
    for name in names:
        if name not in JUDGES:
            raise InvalidInput(f"judge {name!r}: there is none; choose from {', '.join(sorted(JUDGES))}")
