"""By what a rival chooses among its own settings: it may look at the clip, as a careful operator would."""

import os
from collections.abc import Callable, Iterable
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

JUDGED_EVERY: Final = 7  # frames; shares no factor with a keyframe spacing or a prediction pyramid


@dataclass(frozen=True, slots=True)
class Judge:
    """A quality of one picture against its source, higher is better.

    Attributes:
        name: for reports and caches.
    """

    name: str
    score: Callable[[Picture, Picture], float]

    def mean(self, clip: Clip, shown: Callable[[int], Picture]) -> float:
        """Mean score over every `JUDGED_EVERY`-th frame; ``shown`` gives the picture at a frame."""
        return float(np.mean([self.score(clip.pictures[index], shown(index)) for index in judged(clip)]))


def judged(clip: Clip) -> Iterable[int]:
    """The frames that are looked at."""
    return range(JUDGED_EVERY // 2, len(clip.pictures), JUDGED_EVERY)


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
