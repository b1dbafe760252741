"""Every metric by name; one that lacks its model is `Absent`, never a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from evaluation.judges.metric import Absent, Consecutive, Framewise, Metric, PairFunction
from evaluation.judges.ms_ssim import ms_ssim
from evaluation.judges.pixels import PSNR_CAP_DB, psnr_db, ssim, ssim_rgb
from evaluation.judges.temporal import flicker, warping_error
from semvid.errors import MissingComponent


@dataclass(frozen=True, slots=True)
class Models:
    """Where the user's networks and programs are; None: there is none.

    Attributes:
        lpips: ONNX file (`evaluation.judges.lpips`).
        dists: folder of weights (`evaluation.judges.dists`).
        clip: hub id or path (`evaluation.judges.clip_similarity`).
        embedding: TensorFlow Lite file (`evaluation.judges.embedding`).
        ffmpeg: program with libvmaf.
    """

    lpips: Path | None = None
    dists: Path | None = None
    clip: str | None = None
    embedding: Path | None = None
    ffmpeg: str = "ffmpeg"


Loader = Callable[[Models], Metric | Absent]


def _framewise(
    name: str, unit: str, better: Literal["higher", "lower"], low: float, high: float, function: PairFunction
) -> Metric:
    return Metric(name, unit, better, low, high, lambda: Framewise(function))


def _present(metric: Metric) -> Loader:
    return lambda _: metric


def _lpips(models: Models) -> Metric | Absent:
    if models.lpips is None:
        return Absent("no LPIPS model was named; give the path of an ONNX export")
    from evaluation.judges.lpips import Lpips

    path = models.lpips
    return _loaded(lambda: _framewise("lpips", "", "lower", 0, math.inf, Lpips(path)))


def _dists(models: Models) -> Metric | Absent:
    if models.dists is None:
        return Absent("no DISTS weights were named; give the folder that holds them")
    from evaluation.judges.dists import Dists

    folder = models.dists
    return _loaded(lambda: _framewise("dists", "", "lower", 0, 1, Dists(folder)))


def _clip(name: str, low: float, models: Models) -> Metric | Absent:
    if models.clip is None:
        return Absent("no CLIP or SigLIP was named; give a hub id or a path")
    from evaluation.judges.clip_similarity import ClipSimilarity, as_unit_interval

    model = models.clip

    def load() -> Metric:
        cosine = ClipSimilarity(model)
        if low < 0:
            return _framewise(name, "", "higher", low, 1, cosine)
        return _framewise(name, "", "higher", low, 1, lambda a, b: as_unit_interval(cosine(a, b)))

    return _loaded(load)


def _embedding(models: Models) -> Metric | Absent:
    if models.embedding is None:
        return Absent("no embedding network was named; give the path of a TensorFlow Lite model")
    from evaluation.judges.embedding import Embedding

    path = models.embedding
    return _loaded(lambda: _framewise("embedding_cosine", "", "higher", -1, 1, Embedding(path)))


def _vmaf(models: Models) -> Metric | Absent:
    from evaluation.judges.vmaf import Vmaf, find_ffmpeg

    def load() -> Metric:
        path = find_ffmpeg(models.ffmpeg)
        return Metric("vmaf", "", "higher", 0, 100, lambda: Vmaf(path), consecutive=True)

    return _loaded(load)


def _loaded(load: Callable[[], Metric]) -> Metric | Absent:
    try:
        return load()
    except MissingComponent as error:
        return Absent(str(error))


METRICS: Final[dict[str, Loader]] = {
    "psnr_db": _present(_framewise("psnr_db", "dB", "higher", 0, PSNR_CAP_DB, psnr_db)),
    "ssim": _present(_framewise("ssim", "", "higher", -1, 1, ssim)),
    "ssim_rgb": _present(_framewise("ssim_rgb", "", "higher", -1, 1, ssim_rgb)),
    "ms_ssim": _present(_framewise("ms_ssim", "", "higher", 0, 1, ms_ssim)),
    "lpips": _lpips,
    "dists": _dists,
    "clip_cosine": partial(_clip, "clip_cosine", -1),
    "clip_similarity": partial(_clip, "clip_similarity", 0),  # (cosine + 1) / 2, the paper's scale
    "embedding_cosine": _embedding,
    "vmaf": _vmaf,
    "flicker": _present(Metric("flicker", "", "lower", 0, 2, lambda: Consecutive(flicker), True)),
    "warping_error": _present(
        Metric("warping_error", "", "lower", 0, 1, lambda: Consecutive(warping_error), True)
    ),
}


def load_metrics(names: list[str], models: Models) -> dict[str, Metric | Absent]:
    """The metrics of these names.

    Raises:
        KeyError: no such metric.
        InvalidInput: a model that was named is of the wrong kind.
    """
    return {name: METRICS[name](models) for name in names}
