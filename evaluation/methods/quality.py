"""By what a rival chooses among its own settings: it may look at the clip, as a careful operator would."""

import os
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from evaluation.clips import Clip
from evaluation.judges.lpips import Lpips
from evaluation.judges.ssim import ms_ssim
from semvid.images.types import Picture

LPIPS_MODEL: Final = "SEMVID_EVAL_LPIPS"
"""Environment variable: path of an ONNX model; with it rivals choose by LPIPS, otherwise by MS-SSIM."""

TUNED_EVERY: Final = 7  # frames; shares no factor with a keyframe spacing or a prediction pyramid


@dataclass(frozen=True, slots=True)
class Judge:
    """A quality of one picture against its source, higher is better.

    Attributes:
        name: for reports and caches.
    """

    name: str
    score: Callable[[Picture, Picture], float]

    def mean(self, clip: Clip, shown: Callable[[int], Picture]) -> float:
        """Mean score over `tuning_frames`; ``shown`` gives the picture at a frame."""
        scores = [self.score(clip.pictures[index], shown(index)) for index in tuning_frames(clip)]
        return float(np.mean(scores))


def tuning_frames(clip: Clip) -> list[int]:
    """The frames that are looked at, in order: about every `TUNED_EVERY`-th, and none that is judged.

    Where one of these is judged, the next that is not stands in for it. Only where the whole clip is judged
    there is nothing else to look at: all of it may be, then (`tuned_on_judged`).
    """
    every = range(len(clip.pictures))
    free = every if tuned_on_judged(clip) else [index for index in every if index not in clip.judged]
    first = min(TUNED_EVERY // 2, len(every) - 1)
    nearest = (bisect_left(free, index) for index in range(first, len(every), TUNED_EVERY))
    return sorted({free[min(number, len(free) - 1)] for number in nearest})


def tuned_on_judged(clip: Clip) -> bool:
    """Whether every frame is judged, so that settings cannot be chosen by others; records say so."""
    return clip.judged.issuperset(range(len(clip.pictures)))


def make_judge() -> Judge:
    """LPIPS where `LPIPS_MODEL` names a model, otherwise MS-SSIM.

    Raises:
        InvalidInput, MissingComponent: the model cannot be used.
    """
    path = os.environ.get(LPIPS_MODEL)
    if not path:
        return Judge("ms_ssim", ms_ssim)
    lpips = Lpips(Path(path))
    return Judge(f"lpips:{Path(path).stem}", lambda reference, picture: -lpips(reference, picture))
